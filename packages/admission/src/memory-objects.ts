import { createBuiltInCatalogue } from '@k/api';
import { type KubeObject, newAlreadyExists } from '@k/apimachinery';
import type { AdmissionDependencies, AuthorizeFunction, ObjectSink, ObjectSource } from './interface.js';

/** Objects in memory: for tests, and for gateways that bring along the few objects that their controllers read. */
export class MemoryObjects implements ObjectSource, ObjectSink {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  #revision = 0;

  /** Stores a copy with a new resourceVersion; returns what is stored. */
  set(group: string, resource: string, object: KubeObject): KubeObject {
    const stored = structuredClone(object);
    (stored.metadata ??= {}).resourceVersion = String(++this.#revision);
    this.#of(group, resource).set(`${stored.metadata.namespace ?? ''}/${stored.metadata.name ?? ''}`, stored);
    return stored;
  }

  remove(group: string, resource: string, namespace: string, name: string): void {
    this.#of(group, resource).delete(`${namespace}/${name}`);
  }

  get(group: string, resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.#of(group, resource).get(`${namespace}/${name}`);
  }

  list(group: string, resource: string, namespace: string): readonly KubeObject[] {
    const all = [...this.#of(group, resource).values()];
    return namespace === '' ? all : all.filter(({ metadata }) => metadata?.namespace === namespace);
  }

  getLive(group: string, resource: string, namespace: string, name: string): Promise<KubeObject | undefined> {
    return Promise.resolve(this.get(group, resource, namespace, name));
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  create(group: string, _version: string, resource: string, namespace: string, object: KubeObject): Promise<KubeObject> {
    const name = object.metadata?.name ?? '';
    if (this.get(group, resource, namespace, name) !== undefined) return Promise.reject(newAlreadyExists({ group, resource }, name));
    const metadata = { ...object.metadata, ...(namespace === '' ? {} : { namespace }) };
    return Promise.resolve(this.set(group, resource, { ...object, metadata }));
  }

  update(
    group: string,
    _version: string,
    resource: string,
    namespace: string,
    name: string,
    _subresource: string,
    change: (current: KubeObject) => KubeObject | null,
  ): Promise<KubeObject | undefined> {
    const current = this.get(group, resource, namespace, name);
    if (current === undefined) return Promise.resolve(undefined);
    const changed = change(structuredClone(current));
    return Promise.resolve(changed === null ? current : this.set(group, resource, changed));
  }

  #of(group: string, resource: string): Map<string, KubeObject> {
    const key = `${resource}.${group}`;
    let objects = this.#objects.get(key);
    if (objects === undefined) {
      objects = new Map();
      this.#objects.set(key, objects);
    }
    return objects;
  }
}

/**
 * What built-in controllers need, over objects in memory.
 *
 * @param options.authorize - Default: nobody may do anything.
 */
export function memoryDependencies(
  objects: MemoryObjects,
  options: Partial<Omit<AdmissionDependencies, 'objects' | 'sink'>> = {},
): AdmissionDependencies {
  const authorize: AuthorizeFunction = () => Promise.resolve({ allowed: false, reason: '' });
  return { objects, sink: objects, authorize, catalogue: options.catalogue ?? createBuiltInCatalogue(), ...options };
}
