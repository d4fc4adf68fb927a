/** The same objects under other groups and versions: what `matchPolicy: Equivalent` looks at. */
import { type Catalogue, convertEvent, type ResourceDefinition } from '@k/api';
import { formatGroupVersion, type GroupVersionKind, type GroupVersionResource, type KubeObject } from '@k/apimachinery';

/** A resource at one version, with the kind that its requests carry. */
export interface EquivalentResource {
  resource: GroupVersionResource;
  kind: GroupVersionKind;
}

/** Finds equivalent resources; what was found is kept until the catalogue changes. */
export class Equivalents {
  readonly #catalogue: Catalogue;
  readonly #found = new Map<string, readonly EquivalentResource[]>();
  #generation = -1;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  /** All of them but the resource itself, in the order of the catalogue. */
  of({ group, version, resource }: GroupVersionResource, subresource: string): readonly EquivalentResource[] {
    if (this.#generation !== this.#catalogue.generation) {
      this.#found.clear();
      this.#generation = this.#catalogue.generation;
    }
    const key = `${group}/${version}/${resource}/${subresource}`;
    let found = this.#found.get(key);
    if (found === undefined) {
      found = this.#search(group, version, resource, subresource);
      this.#found.set(key, found);
    }
    return found;
  }

  /** Objects in another version; the objects themselves when they have that version. Never mutates its input. */
  async convert(objects: readonly KubeObject[], from: GroupVersionResource, to: EquivalentResource): Promise<KubeObject[]> {
    const definition = this.#catalogue.findResource(from.group, from.resource);
    if (from.group === to.resource.group && definition?.kind === to.kind.kind && definition.convertAll !== undefined) {
      return definition.convertAll(objects, to.kind.version);
    }
    return objects.map((object) => this.#convert(object, from, to));
  }

  #convert(object: KubeObject, from: GroupVersionResource, to: EquivalentResource): KubeObject {
    const apiVersion = formatGroupVersion(to.kind);
    if (object.apiVersion === apiVersion) return object;
    const definition = this.#catalogue.findResource(from.group, from.resource);
    if (from.group !== to.resource.group) return convertEvent(object, apiVersion);
    if (definition?.kind === to.kind.kind && definition.convert !== undefined) return definition.convert(object, to.kind.version);
    return { ...object, apiVersion };
  }

  #search(group: string, version: string, resource: string, subresource: string): EquivalentResource[] {
    const own = this.#catalogue.findResource(group, resource);
    if (own === undefined) return [];
    const found: EquivalentResource[] = [];
    for (const definition of this.#catalogue.definitions()) {
      if (definition !== own && !(own.storagePath !== '' && definition.storagePath === own.storagePath)) continue;
      for (const { version: other } of definition.versions) {
        if (definition === own && other === version) continue;
        const kind = kindOf(definition, other, subresource);
        if (kind !== null) found.push({ resource: { group: definition.group, version: other, resource: definition.resource }, kind });
      }
    }
    return found;
  }
}

function kindOf(definition: ResourceDefinition, version: string, subresource: string): GroupVersionKind | null {
  const { group, kind } = definition;
  if (subresource === '') return { group, version, kind };
  const served = definition.versions.find((entry) => entry.version === version);
  const found = served?.subresources.find(({ name }) => name === subresource);
  return found === undefined ? null : { group: found.group, version: found.version, kind: found.kind };
}
