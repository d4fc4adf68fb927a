import type { RbacBinding, UserInfo } from '@k/auth';

/** Bindings of one namespace, or of the cluster, by whom they name: a request looks at its user's, not at all. */
export class BindingIndex {
  readonly #bindings = new Map<string, RbacBinding>();
  readonly #users = new Map<string, Map<string, RbacBinding>>();
  readonly #groups = new Map<string, Map<string, RbacBinding>>();

  /** Puts a binding in the place of the one of its name. */
  put(binding: RbacBinding): void {
    this.delete(binding.name);
    this.#bindings.set(binding.name, binding);
    this.#eachPlace(binding, (index, subject) => {
      const named = index.get(subject);
      if (named === undefined) index.set(subject, new Map([[binding.name, binding]]));
      else named.set(binding.name, binding);
    });
  }

  delete(name: string): void {
    const binding = this.#bindings.get(name);
    if (binding === undefined) return;
    this.#bindings.delete(name);
    this.#eachPlace(binding, (index, subject) => {
      const named = index.get(subject);
      if (named?.delete(name) && named.size === 0) index.delete(subject);
    });
  }

  /** The bindings that name a user, each once: those of the user before those of groups. */
  *of(user: UserInfo): IterableIterator<RbacBinding> {
    const own = this.#users.get(user.username);
    if (own !== undefined) yield* own.values();
    for (const [place, group] of user.groups.entries()) {
      for (const binding of this.#groups.get(group)?.values() ?? []) {
        const isRepeated = own?.has(binding.name) || user.groups.some((name, i) => i < place && this.#groups.get(name)?.has(binding.name));
        if (!isRepeated) yield binding;
      }
    }
  }

  #eachPlace(binding: RbacBinding, visit: (index: Map<string, Map<string, RbacBinding>>, subject: string) => void): void {
    for (const { kind, name, namespace = binding.namespace } of binding.subjects) {
      if (kind === 'User') visit(this.#users, name);
      else if (kind === 'Group') visit(this.#groups, name);
      else if (kind === 'ServiceAccount') visit(this.#users, `system:serviceaccount:${namespace}:${name}`);
    }
  }
}
