/** Nobody grants what they do not hold: checked on writes of roles and bindings, after admission. */
import { type KubeObject, newForbidden } from '@k/apimachinery';
import { escalationMessage, type PolicyRule, type RbacSource, uncoveredRules } from '@k/auth';
import type { RequestContext } from '../context.js';
import type { ServerContext } from '../server-context.js';

const GROUP = 'rbac.authorization.k8s.io';

async function mayDo(
  server: ServerContext,
  context: RequestContext,
  verb: string,
  target: { resource: string; namespace: string; name: string },
): Promise<boolean> {
  const { decision } = await server.authorizer.authorize({
    user: context.user,
    verb,
    isResourceRequest: true,
    apiGroup: GROUP,
    apiVersion: 'v1',
    subresource: '',
    path: '',
    ...target,
  });
  return decision === 'allow';
}

/** Rules that the user holds in a namespace ('' = cluster-wide). */
async function rulesHeld(server: ServerContext, context: RequestContext, namespace: string): Promise<PolicyRule[]> {
  const rules = await server.authorizer.rulesFor?.(context.user, namespace);
  return [...(rules?.resourceRules ?? []), ...(rules?.nonResourceRules ?? [])] as PolicyRule[];
}

const sameRules = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Makes the check of one resource; it throws 403 when the write grants more than the writer holds. */
export function escalationCheck(resource: string, source: RbacSource) {
  const isRole = resource === 'roles' || resource === 'clusterroles';
  return async (server: ServerContext, context: RequestContext, object: KubeObject, old: KubeObject | null): Promise<void> => {
    if (context.user.groups.includes('system:masters')) return;
    const { namespace = '', name = '' } = object.metadata ?? {};
    let wanted: readonly PolicyRule[];
    if (isRole) {
      if (old !== null && sameRules(old['rules'], object['rules']) && sameRules(old['aggregationRule'], object['aggregationRule'])) return;
      if (await mayDo(server, context, 'escalate', { resource, namespace, name })) return;
      wanted = (object['rules'] as PolicyRule[] | null | undefined) ?? [];
      if (object['aggregationRule'] !== undefined)
        wanted = [...wanted, { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }];
    } else {
      if (old !== null && sameRules(old['subjects'], object['subjects']) && sameRules(old['roleRef'], object['roleRef'])) return;
      const ref = object['roleRef'] as { kind: string; name: string };
      const roleResource = ref.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
      if (await mayDo(server, context, 'bind', { resource: roleResource, namespace, name: ref.name })) return;
      const role = ref.kind === 'ClusterRole' ? source.clusterRole(ref.name) : source.role(namespace, ref.name);
      if (role === undefined) {
        throw newForbidden(
          { group: GROUP, resource },
          name,
          `user ${JSON.stringify(context.user.username)} (groups=[${context.user.groups.map((group) => JSON.stringify(group)).join(' ')}]) is attempting to grant RBAC permissions not currently held: ${roleResource.slice(0, -1)}.${GROUP} ${JSON.stringify(ref.name)} not found`,
        );
      }
      wanted = role.rules;
    }
    const missing = uncoveredRules(await rulesHeld(server, context, namespace), wanted);
    if (missing.length > 0) throw newForbidden({ group: GROUP, resource }, name, escalationMessage(context.user, missing));
  };
}
