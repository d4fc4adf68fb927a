import type { AuditAttributes } from '../policy/policy.js';

/** What `explain` is asked about. */
export interface RequestFlags {
  verb: string;
  resource?: string;
  apiGroup?: string;
  namespace?: string;
  name?: string;
  path?: string;
  user?: string;
  group?: string[];
}

const OF_RESOURCES = { apiGroup: '--api-group', namespace: '--namespace', name: '--name' } as const;

/**
 * The attributes of a request that is described in flags; `pods/log` names a subresource.
 *
 * @throws {Error} naming flags that do not go together.
 */
export function attributesOf(flags: RequestFlags): AuditAttributes {
  if ((flags.resource === undefined) === (flags.path === undefined)) throw new Error('give either --resource or --path');
  const [resource = '', subresource = '', ...more] = (flags.resource ?? '').split('/');
  if (flags.resource !== undefined && (resource === '' || more.length > 0)) {
    throw new Error(`--resource must be RESOURCE or RESOURCE/SUBRESOURCE, got ${JSON.stringify(flags.resource)}`);
  }
  if (flags.path !== undefined) {
    if (!flags.path.startsWith('/')) throw new Error(`--path must begin with a slash, got ${JSON.stringify(flags.path)}`);
    for (const [field, flag] of Object.entries(OF_RESOURCES)) {
      if (flags[field as keyof typeof OF_RESOURCES] !== undefined) throw new Error(`${flag} goes with --resource, not with --path`);
    }
  }
  if (flags.group !== undefined && flags.user === undefined) throw new Error('--group needs --user');
  return {
    user: flags.user === undefined ? undefined : { username: flags.user, groups: flags.group ?? ['system:authenticated'] },
    verb: flags.verb,
    isResourceRequest: resource !== '',
    apiGroup: flags.apiGroup ?? '',
    resource,
    subresource,
    namespace: flags.namespace ?? '',
    name: flags.name ?? '',
    path: flags.path ?? '',
  };
}
