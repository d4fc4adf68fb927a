import type { KubeObject } from '@k/apimachinery';
import type { ResourceStorage, StoredObject } from '@k/storage';
import { parseStored } from './registry.js';

/** A change of an informer's object. `old` is absent for ADDED; for DELETED `object` is the last state. */
export interface InformerEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: KubeObject;
  old?: KubeObject;
}

/** Which objects of a resource an informer keeps. */
export interface Selection {
  name?: string;
  /** A field that never changes in the life of an object. */
  field?: { name: string; value: string };
}

/**
 * A parsed, always current copy of one resource for the server's own use: authorization, admission, controllers.
 *
 * Changes that this server writes are in it before the write is acknowledged. Objects are shared: never mutate them.
 */
export class Informer {
  readonly #storage: ResourceStorage;
  readonly #only: Selection;
  readonly #byNamespace = new Map<string, Map<string, KubeObject>>();
  readonly #listeners = new Set<(event: InformerEvent) => void>();
  #ready: Promise<void> | null = null;
  #watch: { close(): void } | null = null;
  #closed = false;

  /** @param only - What is wanted of the resource, to keep memory small. Default all. */
  constructor(storage: ResourceStorage, only: Selection = {}) {
    this.#storage = storage;
    this.#only = only;
  }

  /** Starts once; resolves when the present state is in. */
  start(): Promise<void> {
    this.#ready ??= this.#run();
    return this.#ready;
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#byNamespace.get(namespace)?.get(name);
  }

  /** Objects of a namespace; '' = all. */
  list(namespace = ''): KubeObject[] {
    if (namespace !== '') return [...(this.#byNamespace.get(namespace)?.values() ?? [])];
    const all: KubeObject[] = [];
    for (const objects of this.#byNamespace.values()) all.push(...objects.values());
    return all;
  }

  /** Calls back on each change; objects already there are not announced. Returns the unsubscribe function. */
  onEvent(listener: (event: InformerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#watch?.close();
  }

  async #run(): Promise<void> {
    for (;;) {
      try {
        await this.#follow();
        return;
      } catch (error) {
        if (this.#closed) return;
        await new Promise((resolve) => setTimeout(resolve, 200).unref());
        if (this.#closed) return;
        void error;
      }
    }
  }

  /** Lists and follows; resolves after the initial state, restarts itself when the watch ends. */
  #follow(): Promise<void> {
    const seen = new Set<string>();
    let initial = true;
    return new Promise((resolve, reject) => {
      this.#storage
        .watch({
          ...(this.#only.name === undefined ? {} : { name: this.#only.name }),
          start: { kind: 'initial', freshness: { kind: 'latest' } },
          onEvent: (event) => {
            if (!this.#wants(event.object)) return;
            if (initial) seen.add(event.object.key);
            this.#apply(event.type, event.object);
          },
          onInitialEnd: () => {
            initial = false;
            this.#sweep(seen);
            resolve();
          },
          onEnd: (error) => {
            reject(error);
            if (this.#closed || initial) return;
            this.#ready = this.#run();
          },
        })
        .then((watch) => {
          this.#watch = watch;
          if (this.#closed) watch.close();
        }, reject);
    });
  }

  /** After a new list: what was not in it has been deleted meanwhile. */
  #sweep(seen: ReadonlySet<string>): void {
    for (const [namespace, objects] of this.#byNamespace) {
      for (const [name, object] of objects) {
        const key = namespace === '' ? name : `${namespace}/${name}`;
        const full = `${this.#storage.options.keyPrefix}/${key}`;
        if (seen.has(full) || seen.has(key)) continue;
        objects.delete(name);
        this.#announce({ type: 'DELETED', object });
      }
    }
  }

  #wants({ selectable }: StoredObject): boolean {
    const { field } = this.#only;
    return field === undefined || selectable.fields[field.name] === field.value;
  }

  #apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', stored: StoredObject): void {
    let objects = this.#byNamespace.get(stored.namespace);
    const old = objects?.get(stored.name);
    const object = parseStored(stored);
    if (type === 'DELETED') {
      objects?.delete(stored.name);
      if (objects?.size === 0) this.#byNamespace.delete(stored.namespace);
      this.#announce({ type, object, ...(old ? { old } : {}) });
      return;
    }
    if (objects === undefined) {
      objects = new Map();
      this.#byNamespace.set(stored.namespace, objects);
    }
    objects.set(stored.name, object);
    this.#announce(old ? { type: 'MODIFIED', object, old } : { type: 'ADDED', object });
  }

  #announce(event: InformerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
