/** What the admission chain gets of the server it stands in. */
import { networkInterfaces } from 'node:os';
import type { AuthorizeFunction, ObjectSink } from '@k/admission';
import type { Authorizer } from '@k/auth';
import type { LocalClient } from './local-client.js';

/** Writes of admission controllers, straight to the store. */
export function localSink(client: LocalClient): ObjectSink {
  return {
    async create(group, _version, resource, namespace, object) {
      const metadata = { ...object.metadata, ...(namespace === '' ? {} : { namespace }) };
      const created = await client.create(group, resource, { ...object, metadata });
      return created ?? ((await client.get(group, resource, namespace, object.metadata?.name ?? '')) as typeof object);
    },
    async update(group, _version, resource, namespace, name, _subresource, change) {
      return (await client.update(group, resource, namespace, name, change)) ?? undefined;
    },
  };
}

/** Asks the server's authorizer for an admission controller. */
export function authorizeFor(authorizer: Authorizer): AuthorizeFunction {
  return async (attributes) => {
    const { decision, reason } = await authorizer.authorize({
      user: attributes.user,
      verb: attributes.verb,
      isResourceRequest: attributes.path === undefined,
      apiGroup: attributes.group,
      apiVersion: attributes.version ?? '*',
      resource: attributes.resource,
      subresource: attributes.subresource ?? '',
      namespace: attributes.namespace ?? '',
      name: attributes.name ?? '',
      path: attributes.path ?? '',
    });
    return { allowed: decision === 'allow', reason };
  };
}

/** The address under which others find a server that listens on `host`. */
export function advertisedAddress(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  for (const list of Object.values(networkInterfaces())) {
    for (const item of list ?? []) if (!item.internal && item.family === 'IPv4') return item.address;
  }
  return '127.0.0.1';
}
