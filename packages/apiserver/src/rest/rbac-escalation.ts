/** Nobody grants what they do not hold: checked on writes of roles and bindings, after admission. */
import { isDeepStrictEqual } from 'node:util';
import { type KubeObject, newForbidden, newNotFound } from '@k/apimachinery';
import { createRbacAuthorizer, escalationMessage, type PolicyRule, type RbacSource, type SubjectRules, uncoveredRules } from '@k/auth';
import type { RequestContext } from '../context.js';
import type { ServerContext } from '../server-context.js';

const GROUP = 'rbac.authorization.k8s.io';
/** What an aggregated role may come to hold. */
const FULL_AUTHORITY: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

async function mayDo(
  server: ServerContext,
  context: RequestContext,
  verb: string,
  target: { resource: string; namespace: string; name: string },
): Promise<boolean> {
  const { decision } = await server.authorizer.authorize(
    {
      user: context.user,
      verb,
      isResourceRequest: true,
      apiGroup: GROUP,
      apiVersion: 'v1',
      subresource: '',
      path: '',
      ...target,
    },
    context.exchange,
  );
  return decision === 'allow';
}

/** True for an update that leaves everything but owners and finalizers alone, as the garbage collector's are. */
function changesOwnersOnly(object: KubeObject, old: KubeObject): boolean {
  const rest = (of: KubeObject): object => {
    const { ownerReferences, finalizers, managedFields, resourceVersion, ...metadata } = of.metadata ?? {};
    return { ...of, metadata };
  };
  return isDeepStrictEqual(rest(object), rest(old));
}

function aggregates(object: KubeObject | null): boolean {
  const rule = object?.['aggregationRule'] as { clusterRoleSelectors?: unknown[] } | null | undefined;
  return (rule?.clusterRoleSelectors?.length ?? 0) > 0;
}

/** Makes the check of one resource; it throws 403 when the write grants more than the writer holds. */
export function escalationCheck(resource: string, source: RbacSource) {
  const isRole = resource === 'roles' || resource === 'clusterroles';
  const rbac = createRbacAuthorizer(source);
  /** The rules of a role that a binding refers to. */
  const referred = (object: KubeObject, namespace: string): readonly PolicyRule[] => {
    const ref = object['roleRef'] as { kind: string; name: string };
    const role = ref.kind === 'ClusterRole' ? source.clusterRole(ref.name) : source.role(namespace, ref.name);
    if (role === undefined) throw newNotFound({ group: GROUP, resource }, ref.name);
    return role.rules;
  };
  const isExempt = async (server: ServerContext, context: RequestContext, object: KubeObject, namespace: string): Promise<boolean> => {
    if (isRole) return mayDo(server, context, 'escalate', { resource, namespace, name: context.info.name });
    const ref = object['roleRef'] as { kind: string; name: string };
    return mayDo(server, context, 'bind', { resource: ref.kind === 'ClusterRole' ? 'clusterroles' : 'roles', namespace, name: ref.name });
  };
  return async (server: ServerContext, context: RequestContext, object: KubeObject, old: KubeObject | null): Promise<void> => {
    if (context.user.groups.includes('system:masters')) return;
    if (old !== null && changesOwnersOnly(object, old)) return;
    const { namespace = '', name = '' } = object.metadata ?? {};
    if (await isExempt(server, context, object, namespace)) return;
    const held = (await rbac.rulesFor?.(context.user, namespace)) as SubjectRules;
    const own = [...held.resourceRules, ...held.nonResourceRules];
    const wanted = isRole ? ((object['rules'] as PolicyRule[] | null | undefined) ?? []) : referred(object, namespace);
    const refuse = (text: string): Error => newForbidden({ group: GROUP, resource }, name, text);
    const missing = uncoveredRules(own, wanted);
    if (missing.length > 0) throw refuse(escalationMessage(context.user, missing, held.evaluationError));
    // Such a role gathers whatever others come to hold, now or later.
    if (isRole && (aggregates(object) || aggregates(old)) && uncoveredRules(own, FULL_AUTHORITY).length > 0) {
      throw refuse('must have cluster-admin privileges to use the aggregationRule');
    }
  };
}
