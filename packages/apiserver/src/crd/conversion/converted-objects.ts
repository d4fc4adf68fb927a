/** What webhooks made of stored objects, kept as long as those: what watch caches of each version are upstream. */
import type { ResourceDefinition } from '@k/api';
import { type KubeObject, parseExactJson } from '@k/apimachinery';
import type { StoredObject } from '@k/storage';
import { SharedCall } from './shared-call.js';

interface Conversion {
  result: Promise<KubeObject>;
  call: SharedCall;
}
type ByVersion = Map<string, Conversion>;
type Known = WeakMap<StoredObject, ByVersion>;

/** Conversions for lists and watches; reads of one object and writes ask the webhook each time. */
export class ConvertedObjects {
  readonly #known = new WeakMap<ResourceDefinition, Known>();

  /**
   * The objects in a version, in their order. Shared: never mutate them.
   *
   * @param signal - Aborted when the caller does not wait any more; calls that nobody waits for are broken off.
   * @throws StatusError 500 when the webhook cannot be asked or answers with something else.
   */
  async all(definition: ResourceDefinition, stored: readonly StoredObject[], version: string, signal: AbortSignal): Promise<KubeObject[]> {
    const known = this.#of(definition);
    const missing = [...new Set(stored)].filter((object) => known.get(object)?.has(version) !== true);
    if (missing.length > 0) ask(definition, known, missing, version);
    const wanted = stored.map((object) => known.get(object)?.get(version) as Conversion);
    for (const call of new Set(wanted.map((conversion) => conversion.call))) call.join(signal);
    return Promise.all(wanted.map(({ result }) => result));
  }

  #of(definition: ResourceDefinition): Known {
    let known = this.#known.get(definition);
    if (known === undefined) {
      known = new WeakMap();
      this.#known.set(definition, known);
    }
    return known;
  }
}

function ask(definition: ResourceDefinition, known: Known, missing: readonly StoredObject[], version: string): void {
  const { convertAll } = definition as Required<Pick<ResourceDefinition, 'convertAll'>>;
  const call = new SharedCall();
  const parsed = missing.map(({ json }) => parseExactJson(json.toString('utf8')) as KubeObject);
  const results = convertAll(parsed, version, call.signal);
  call.until(results);
  const forgets = missing.map((stored, index) => {
    const versions: ByVersion = known.get(stored) ?? new Map();
    known.set(stored, versions);
    const conversion: Conversion = { result: results.then((list) => list[index] as KubeObject), call };
    versions.set(version, conversion);
    // Who comes later asks again.
    const forget = (): void => {
      if (versions.get(version) === conversion) versions.delete(version);
    };
    conversion.result.catch(forget);
    return forget;
  });
  call.signal.addEventListener('abort', () => {
    for (const forget of forgets) forget();
  });
}
