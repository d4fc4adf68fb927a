/** Which group-version-kinds a definition stands for. */
import type { Catalogue } from '../catalogue.js';
import { definitionOf, type KindReference } from './operations.js';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const DELETE_OPTIONS = `${META}.DeleteOptions`;
const WATCH_EVENT = `${META}.WatchEvent`;

/**
 * Group versions of the scheme, served or not: DeleteOptions and WatchEvent belong to all of them. Documents that are
 * not of one group (v2, custom resources) list them all.
 */
const SCHEME_GROUP_VERSIONS: Readonly<Record<string, readonly string[]>> = {
  '': ['v1'],
  'admissionregistration.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  apps: ['v1', 'v1beta1', 'v1beta2'],
  'authentication.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'authorization.k8s.io': ['v1', 'v1beta1'],
  autoscaling: ['v1', 'v2'],
  batch: ['v1', 'v1beta1'],
  'certificates.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'coordination.k8s.io': ['v1', 'v1alpha2', 'v1beta1'],
  'discovery.k8s.io': ['v1', 'v1beta1'],
  'events.k8s.io': ['v1', 'v1beta1'],
  extensions: ['v1beta1'],
  'flowcontrol.apiserver.k8s.io': ['v1', 'v1beta1', 'v1beta2', 'v1beta3'],
  'internal.apiserver.k8s.io': ['v1alpha1'],
  'networking.k8s.io': ['v1', 'v1beta1'],
  'node.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  policy: ['v1', 'v1beta1'],
  'rbac.authorization.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'resource.k8s.io': ['v1', 'v1alpha3', 'v1beta1', 'v1beta2'],
  'scheduling.k8s.io': ['v1', 'v1alpha2', 'v1beta1'],
  'storage.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'storagemigration.k8s.io': ['v1beta1'],
};

/** Kinds by definition name. */
export class KindIndex {
  readonly #kinds = new Map<string, KindReference>();

  constructor(catalogue: Catalogue) {
    for (const name of ['Status', 'APIResourceList', 'APIGroup', 'APIGroupList', 'APIVersions']) {
      this.#kinds.set(`${META}.${name}`, { group: '', version: 'v1', kind: name });
    }
    for (const group of catalogue.groups()) {
      for (const version of group.versions) {
        for (const served of catalogue.resources(group.name, version)) {
          const { kind, listKind } = served.definition;
          const definition = definitionOf(served);
          this.#kinds.set(definition, { group: group.name, version, kind });
          this.#kinds.set(`${definition}List`, { group: group.name, version, kind: listKind });
          for (const sub of served.version.subresources) {
            if (sub.schema?.definition === undefined) continue;
            this.#kinds.set(sub.schema.definition, { group: sub.group, version: sub.version, kind: sub.kind });
          }
        }
      }
    }
  }

  /**
   * The kinds of a definition; empty when it is no kind.
   *
   * @param own - The group version of the document; null = it is of no one built-in group.
   */
  of(definition: string, own: { group: string; version: string } | null): KindReference[] {
    const shared = definition === DELETE_OPTIONS ? 'DeleteOptions' : definition === WATCH_EVENT ? 'WatchEvent' : undefined;
    if (shared === undefined) {
      const kind = this.#kinds.get(definition);
      return kind === undefined ? [] : [kind];
    }
    if (own !== null) {
      const groups = own.group === '' ? [own] : [{ group: '', version: 'v1' }, own];
      return groups.map(({ group, version }) => ({ group, kind: shared, version }));
    }
    return Object.entries(SCHEME_GROUP_VERSIONS).flatMap(([group, versions]) =>
      versions.map((version) => ({ group, kind: shared, version })),
    );
  }
}
