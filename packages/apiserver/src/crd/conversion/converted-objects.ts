/** What webhooks made of stored objects, kept as long as those: what watch caches of each version are upstream. */
import type { ResourceDefinition } from '@k/api';
import { type KubeObject, parseExactJson } from '@k/apimachinery';
import type { StoredObject } from '@k/storage';

type ByVersion = Map<string, Promise<KubeObject>>;

/** Conversions for lists and watches; reads of one object and writes ask the webhook each time. */
export class ConvertedObjects {
  readonly #known = new WeakMap<ResourceDefinition, WeakMap<StoredObject, ByVersion>>();

  /**
   * The objects in a version, in their order. Shared: never mutate them.
   *
   * @throws StatusError 500 when the webhook cannot be asked or answers with something else.
   */
  async all(definition: ResourceDefinition, stored: readonly StoredObject[], version: string): Promise<KubeObject[]> {
    const known = this.#of(definition);
    const missing = [...new Set(stored)].filter((object) => known.get(object)?.has(version) !== true);
    if (missing.length > 0) this.#ask(definition, known, missing, version);
    return Promise.all(stored.map((object) => known.get(object)?.get(version) as Promise<KubeObject>));
  }

  #ask(definition: ResourceDefinition, known: WeakMap<StoredObject, ByVersion>, missing: readonly StoredObject[], version: string): void {
    const { convertAll } = definition as Required<Pick<ResourceDefinition, 'convertAll'>>;
    const parsed = missing.map(({ json }) => parseExactJson(json.toString('utf8')) as KubeObject);
    const results = convertAll(parsed, version);
    missing.forEach((stored, index) => {
      const versions: ByVersion = known.get(stored) ?? new Map();
      known.set(stored, versions);
      const result = results.then((list) => list[index] as KubeObject);
      versions.set(version, result);
      // Who comes later asks again.
      result.catch(() => versions.delete(version));
    });
  }

  #of(definition: ResourceDefinition): WeakMap<StoredObject, ByVersion> {
    let known = this.#known.get(definition);
    if (known === undefined) {
      known = new WeakMap();
      this.#known.set(definition, known);
    }
    return known;
  }
}
