import type { GroupResource } from '@k/apimachinery';
import type { ResourceEvent } from '@k/storage';
import type { Logger } from 'pino';
import type { ResourceRegistry } from '../registry.js';

interface OpenWatch {
  close(): void;
}

/** Milliseconds before a watch that ended is opened again. */
const REOPEN_MS = 1000;

/** Follows a changing set of resources without keeping their objects. */
export class ResourceWatches {
  readonly #registry: ResourceRegistry;
  readonly #log: Logger;
  readonly #onEvent: (resource: GroupResource, event: ResourceEvent) => void;
  readonly #open = new Map<string, OpenWatch | null>();
  #closed = false;

  /** @param onEvent - Called for changes after the watch began, not for what was there. */
  constructor(registry: ResourceRegistry, log: Logger, onEvent: (resource: GroupResource, event: ResourceEvent) => void) {
    this.#registry = registry;
    this.#log = log;
    this.#onEvent = onEvent;
  }

  /** Follows exactly these resources; those that nobody serves are left out until they are asked for again. */
  async follow(resources: readonly GroupResource[]): Promise<void> {
    const wanted = new Map(resources.map((resource) => [`${resource.resource}.${resource.group}`, resource]));
    for (const [key, watch] of this.#open) {
      if (wanted.has(key)) continue;
      watch?.close();
      this.#open.delete(key);
    }
    await Promise.all([...wanted].map(([key, resource]) => this.#watch(key, resource)));
  }

  close(): void {
    this.#closed = true;
    for (const watch of this.#open.values()) watch?.close();
    this.#open.clear();
  }

  async #watch(key: string, resource: GroupResource): Promise<void> {
    const found = this.#registry.find(resource.group, resource.resource);
    if (this.#closed || this.#open.has(key) || found === undefined) return;
    this.#open.set(key, null);
    let initial = true;
    try {
      const watch = await found.storage.watch({
        start: { kind: 'initial', freshness: { kind: 'any' } },
        onEvent: (event) => {
          if (!initial) this.#onEvent(resource, event);
        },
        onInitialEnd: () => {
          initial = false;
        },
        onEnd: () => this.#reopen(key, resource),
      });
      if (this.#closed || !this.#open.has(key)) watch.close();
      else this.#open.set(key, watch);
    } catch (error) {
      this.#log.debug({ err: error, resource }, 'watch failed');
      this.#reopen(key, resource);
    }
  }

  #reopen(key: string, resource: GroupResource): void {
    if (this.#closed || !this.#open.delete(key)) return;
    setTimeout(() => void this.#watch(key, resource), REOPEN_MS).unref();
  }
}
