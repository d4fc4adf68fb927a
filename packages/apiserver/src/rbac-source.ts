import type { KubeObject } from '@k/apimachinery';
import type { PolicyRule, RbacBinding, RbacRole, RbacSource } from '@k/auth';
import type { Informer } from './informer.js';
import type { InformerSet } from './informer-set.js';

const GROUP = 'rbac.authorization.k8s.io';

function toRole(object: KubeObject): RbacRole {
  return {
    name: object.metadata?.name ?? '',
    namespace: object.metadata?.namespace ?? '',
    rules: (object['rules'] as PolicyRule[] | null | undefined) ?? [],
  };
}

function toBinding(object: KubeObject): RbacBinding {
  return {
    name: object.metadata?.name ?? '',
    namespace: object.metadata?.namespace ?? '',
    roleRef: object['roleRef'] as RbacBinding['roleRef'],
    subjects: (object['subjects'] as RbacBinding['subjects'] | undefined) ?? [],
  };
}

/** RBAC over the server's own objects; converted once per change. */
export async function createRbacSource(informers: InformerSet): Promise<RbacSource> {
  const track = async <T>(resource: string, convert: (object: KubeObject) => T): Promise<Map<string, Map<string, T>>> => {
    const out = new Map<string, Map<string, T>>();
    const informer = informers.informer(GROUP, resource) as Informer;
    const put = (object: KubeObject): void => {
      const namespace = object.metadata?.namespace ?? '';
      let space = out.get(namespace);
      if (space === undefined) {
        space = new Map();
        out.set(namespace, space);
      }
      space.set(object.metadata?.name ?? '', convert(object));
    };
    informer.onEvent(({ type, object }) => {
      if (type === 'DELETED') out.get(object.metadata?.namespace ?? '')?.delete(object.metadata?.name ?? '');
      else put(object);
    });
    await informer.start();
    for (const object of informer.list()) put(object);
    return out;
  };
  const [roles, clusterRoles, bindings, clusterBindings] = await Promise.all([
    track('roles', toRole),
    track('clusterroles', toRole),
    track('rolebindings', toBinding),
    track('clusterrolebindings', toBinding),
  ]);
  return {
    role: (namespace, name) => roles.get(namespace)?.get(name),
    clusterRole: (name) => clusterRoles.get('')?.get(name),
    roleBindings: (namespace) => bindings.get(namespace)?.values() ?? [],
    clusterRoleBindings: () => clusterBindings.get('')?.values() ?? [],
  };
}
