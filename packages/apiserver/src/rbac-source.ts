import type { KubeObject } from '@k/apimachinery';
import type { PolicyRule, RbacBinding, RbacRole, RbacSource } from '@k/auth';
import { BindingIndex } from './binding-index.js';
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

/** What is kept of a resource's objects, by namespace. */
interface Kept<T> {
  put(object: T): void;
  delete(name: string): void;
}

/** Roles by name. */
class RoleNames implements Kept<RbacRole> {
  readonly #roles = new Map<string, RbacRole>();

  get(name: string): RbacRole | undefined {
    return this.#roles.get(name);
  }
  put(role: RbacRole): void {
    this.#roles.set(role.name, role);
  }
  delete(name: string): void {
    this.#roles.delete(name);
  }
}

/** RBAC over the server's own objects; converted once per change. */
export async function createRbacSource(informers: InformerSet): Promise<RbacSource> {
  const track = async <T, Space extends Kept<T>>(
    resource: string,
    convert: (object: KubeObject) => T,
    newSpace: () => Space,
  ): Promise<Map<string, Space>> => {
    const out = new Map<string, Space>();
    const informer = informers.informer(GROUP, resource) as Informer;
    const put = (object: KubeObject): void => {
      const namespace = object.metadata?.namespace ?? '';
      let space = out.get(namespace);
      if (space === undefined) {
        space = newSpace();
        out.set(namespace, space);
      }
      space.put(convert(object));
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
    track('roles', toRole, () => new RoleNames()),
    track('clusterroles', toRole, () => new RoleNames()),
    track('rolebindings', toBinding, () => new BindingIndex()),
    track('clusterrolebindings', toBinding, () => new BindingIndex()),
  ]);
  return {
    role: (namespace, name) => roles.get(namespace)?.get(name),
    clusterRole: (name) => clusterRoles.get('')?.get(name),
    roleBindings: (namespace, user) => bindings.get(namespace)?.of(user) ?? [],
    clusterRoleBindings: (user) => clusterBindings.get('')?.of(user) ?? [],
  };
}
