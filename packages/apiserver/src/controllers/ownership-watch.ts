import type { ResourceStorage } from '@k/storage';
import { nodeOf, notableNodeOf, type OwnedNode, type OwnershipGraph } from './ownership-graph.js';

/** Milliseconds before a watch that failed is opened again. */
const REOPEN_MS = 200;

/** What happened to objects; the graph has it already. */
export interface OwnershipListener {
  /** A notable object came or changed. */
  changed(node: OwnedNode): void;
  /** An object is not what it was: it lost its owners, or another one took its name. */
  replaced(before: OwnedNode): void;
  deleted(node: OwnedNode): void;
  /** Changes were missed: any owner may be gone. */
  resumed(): void;
}

/** Keeps an ownership graph up to date with one resource, without keeping its objects. */
export class OwnershipWatch {
  readonly #storage: ResourceStorage;
  readonly #at: { group: string; resource: string };
  readonly #graph: OwnershipGraph;
  readonly #listener: OwnershipListener;
  #watch: { close(): void } | null = null;
  #closed = false;

  constructor(storage: ResourceStorage, at: { group: string; resource: string }, graph: OwnershipGraph, listener: OwnershipListener) {
    this.#storage = storage;
    this.#at = at;
    this.#graph = graph;
    this.#listener = listener;
  }

  /** Resolves when the present state is in. */
  start(): Promise<void> {
    return this.#run(true);
  }

  close(): void {
    this.#closed = true;
    this.#watch?.close();
  }

  async #run(isFirst: boolean): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#follow();
        if (!isFirst) this.#listener.resumed();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, REOPEN_MS).unref());
      }
    }
  }

  /** Resolves after the initial state; opens a new watch when this one ends. */
  #follow(): Promise<void> {
    const missing = this.#graph.keys(`${this.#storage.options.keyPrefix}/`);
    let initial = true;
    return new Promise((resolve, reject) => {
      this.#storage
        .watch({
          start: { kind: 'initial', freshness: { kind: 'latest' } },
          onEvent: ({ type, object }) => {
            if (initial) missing.delete(object.key);
            if (type === 'DELETED') this.#forget(nodeOf(this.#at, object));
            else {
              const node = notableNodeOf(this.#at, object);
              if (node !== null) this.#put(node);
              else this.#replaced(this.#graph.remove(object.key));
            }
          },
          onInitialEnd: () => {
            initial = false;
            for (const key of missing) {
              const node = this.#graph.remove(key);
              if (node !== undefined) this.#listener.deleted(node);
            }
            resolve();
          },
          onEnd: (error) => {
            reject(error);
            if (!this.#closed && !initial) void this.#run(false);
          },
        })
        .then((watch) => {
          this.#watch = watch;
          if (this.#closed) watch.close();
        }, reject);
    });
  }

  #put(node: OwnedNode): void {
    const before = this.#graph.put(node);
    if (before !== undefined && before.uid !== node.uid) this.#listener.deleted(before);
    else this.#replaced(before);
    this.#listener.changed(node);
  }

  #replaced(before: OwnedNode | undefined): void {
    if (before !== undefined) this.#listener.replaced(before);
  }

  #forget(node: OwnedNode): void {
    this.#graph.remove(node.key);
    this.#listener.deleted(node);
  }
}
