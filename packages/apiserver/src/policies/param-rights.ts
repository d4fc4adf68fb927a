/** Who writes a policy must be allowed to read its parameters: its messages could tell them to anyone. */
import { parseGroupVersion } from '@k/apimachinery';
import type { RequestContext } from '../context.js';
import type { ServerContext } from '../server-context.js';

const SUPERUSERS = 'system:masters';

/**
 * @param ref - Of a binding; absent for a policy, whose author must be able to read all objects of the kind.
 * @returns What keeps the user from it, or null.
 */
export async function paramReadFault(
  server: ServerContext,
  context: RequestContext,
  paramKind: { apiVersion?: string; kind?: string },
  ref?: { name?: string; namespace?: string },
): Promise<string | null> {
  const { user } = context;
  if (user.groups.includes(SUPERUSERS)) return null;
  const { apiVersion = '', kind = '' } = paramKind;
  const version = apiVersion === '' ? null : parseGroupVersion(apiVersion);
  const served = version === null ? undefined : server.catalogue.findKind(version.group, version.version, kind);
  const name = ref?.name ?? '';
  const verb = ref !== undefined && name === '' ? 'list' : 'get';
  const { decision } = await server.authorizer.authorize(
    {
      user,
      verb,
      isResourceRequest: true,
      apiGroup: version?.group ?? '*',
      apiVersion: version?.version ?? '*',
      resource: served?.definition.resource ?? '*',
      subresource: '',
      namespace: ref?.namespace ?? (ref === undefined || served?.definition.namespaced === true ? '*' : ''),
      name: name === '' ? '*' : name,
      path: '',
    },
    context.exchange,
  );
  if (decision === 'allow') return null;
  const printed = printUser(user);
  // Upstream takes the two for each other; clients see the words as they are here.
  if (ref !== undefined) return `user ${verb} does not have "${printed}" permission on the object referenced by paramRef`;
  const all = 'permission on all objects of the referenced paramKind';
  return `user ${printed} must have "get" ${all} (kind=${kind}, apiVersion=${apiVersion})`;
}

/** A user as Go prints its struct. */
function printUser({ username, uid = '', groups, extra = {} }: RequestContext['user']): string {
  const entries = Object.keys(extra)
    .sort()
    .map((key) => `${key}:[${extra[key]?.join(' ')}]`);
  return `&{${username} ${uid} [${groups.join(' ')}] map[${entries.join(' ')}]}`;
}
