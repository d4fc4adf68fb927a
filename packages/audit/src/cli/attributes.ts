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

/** The attributes of a request that is described in flags; `pods/log` names a subresource. */
export function attributesOf(flags: RequestFlags): AuditAttributes {
  const [resource = '', subresource = ''] = (flags.resource ?? '').split('/');
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
