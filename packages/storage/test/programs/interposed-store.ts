import type {
  GetResult,
  KeyValueStore,
  RangeOptions,
  RangeResult,
  WatchBatch,
  WatchHandle,
  WatchOptions,
  WriteResult,
} from '../../src/index.js';

/**
 * A real store seen through a bad connection: watches can be held back or ended, reads can fail, calls are counted.
 * Without `localRevision`, as an engine on another machine.
 */
export class InterposedStore implements KeyValueStore {
  readonly calls = { get: 0, range: 0, watch: 0, currentRevision: 0 };
  /** Set to make reads fail. */
  fault: Error | null = null;
  readonly #store: KeyValueStore;
  readonly #watches = new Set<{ options: WatchOptions; handle: WatchHandle; held: WatchBatch[] }>();
  #isHeld = false;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  /** Watches deliver nothing until released. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    for (const { options, held } of this.#watches) for (const batch of held.splice(0)) options.onBatch(batch);
  }

  /** Ends every watch as the engine would. */
  endWatches(error: Error): void {
    for (const watch of [...this.#watches]) {
      this.#watches.delete(watch);
      watch.handle.close();
      watch.options.onEnd(error);
    }
  }

  get(key: string, options?: { revision?: number }): Promise<GetResult> {
    this.calls.get++;
    return this.fault === null ? this.#store.get(key, options) : Promise.reject(this.fault);
  }

  range(options: RangeOptions): Promise<RangeResult> {
    this.calls.range++;
    return this.fault === null ? this.#store.range(options) : Promise.reject(this.fault);
  }

  create(...args: Parameters<KeyValueStore['create']>): Promise<WriteResult> {
    return this.#store.create(...args);
  }

  update(...args: Parameters<KeyValueStore['update']>): Promise<WriteResult> {
    return this.#store.update(...args);
  }

  delete(key: string, modRevision: number): Promise<WriteResult> {
    return this.#store.delete(key, modRevision);
  }

  watch(options: WatchOptions): WatchHandle {
    this.calls.watch++;
    const held: WatchBatch[] = [];
    const handle = this.#store.watch({
      ...options,
      onBatch: (batch) => (this.#isHeld ? void held.push(batch) : options.onBatch(batch)),
      onEnd: (error) => {
        this.#watches.delete(watch);
        options.onEnd(error);
      },
    });
    const watch = { options, handle, held };
    this.#watches.add(watch);
    return {
      requestProgress: () => handle.requestProgress(),
      close: () => {
        this.#watches.delete(watch);
        handle.close();
      },
    };
  }

  async currentRevision(): Promise<number> {
    this.calls.currentRevision++;
    await new Promise((resolve) => setImmediate(resolve));
    return this.#store.currentRevision();
  }

  compact(revision: number): Promise<void> {
    return this.#store.compact(revision);
  }

  checkHealth(): Promise<void> {
    return this.#store.checkHealth();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
