import type { ObjectSource } from '@k/admission';
import type { KubeObject } from '@k/apimachinery';
import { Informer, type Selection } from './informer.js';
import { parseStored, type ResourceRegistry } from './registry.js';
import { deletionTimestampOf, uidOf } from './stored-metadata.js';

/** Informers by resource, made on first use and shared by everything inside the server. */
export class InformerSet implements ObjectSource {
  readonly #registry: ResourceRegistry;
  /** By group, then by resource and what is wanted of it: admission looks here some ten times for a request. */
  readonly #informers = new Map<string, Map<string, Informer>>();

  constructor(registry: ResourceRegistry) {
    this.#registry = registry;
  }

  /**
   * The informer of a resource; start it before relying on it.
   *
   * @param only - What is wanted of the resource. Default all.
   */
  informer(group: string, resource: string, only?: Selection): Informer | undefined {
    const key = only === undefined ? resource : `${resource}${JSON.stringify(only)}`;
    const known = this.#informers.get(group)?.get(key);
    if (known !== undefined) return known;
    const found = this.#registry.find(group, resource);
    if (found === undefined) return undefined;
    const informer = new Informer(found.storage, only ?? {});
    const ofGroup = this.#informers.get(group);
    if (ofGroup === undefined) this.#informers.set(group, new Map([[key, informer]]));
    else ofGroup.set(key, informer);
    void informer.start();
    return informer;
  }

  get(group: string, resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.informer(group, resource)?.get(namespace, name);
  }

  list(group: string, resource: string, namespace: string): readonly KubeObject[] {
    return this.informer(group, resource)?.list(namespace) ?? [];
  }

  /** The uid of an object and when its deletion was asked for, from the cache, without keeping a copy of its resource. */
  async identity(
    group: string,
    resource: string,
    namespace: string,
    name: string,
  ): Promise<{ uid: string | undefined; deletionTimestamp: string | undefined } | undefined> {
    const stored = await this.#registry.find(group, resource)?.storage.get(namespace, name, { kind: 'any' });
    return stored ? { uid: uidOf(stored), deletionTimestamp: deletionTimestampOf(stored) } : undefined;
  }

  /** An object from the cache, without keeping a copy of its resource. */
  async getCached(group: string, resource: string, namespace: string, name: string): Promise<KubeObject | undefined> {
    const stored = await this.#registry.find(group, resource)?.storage.get(namespace, name, { kind: 'any' });
    return stored ? parseStored(stored) : undefined;
  }

  async getLive(group: string, resource: string, namespace: string, name: string): Promise<KubeObject | undefined> {
    const found = this.#registry.find(group, resource);
    const stored = await found?.storage.get(namespace, name, { kind: 'latest' });
    return stored ? parseStored(stored) : undefined;
  }

  async ready(group: string, resource: string): Promise<void> {
    await this.informer(group, resource)?.start();
  }

  /** Ends the informer of a resource that is no longer served. */
  forget(group: string, resource: string): void {
    this.#informers.get(group)?.get(resource)?.close();
    this.#informers.get(group)?.delete(resource);
  }

  close(): void {
    for (const ofGroup of this.#informers.values()) for (const informer of ofGroup.values()) informer.close();
    this.#informers.clear();
  }
}
