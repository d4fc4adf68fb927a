/** Pods in a resource storage over an embedded store that can be held up. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  createStorageFactory,
  type KeyValueStore,
  type ListOptions,
  openEmbeddedStore,
  type ResourceStorage,
  type ResourceStorageOptions,
  type ResourceWatchHandle,
  type ResourceWatchOptions,
  type StorageError,
  type StorageFactory,
  type ValueTransformer,
} from '../../src/index.js';
import { InterposedStore } from '../programs/interposed-store.js';

export interface Pod extends Record<string, unknown> {
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec?: { nodeName?: string };
}

/** What a pod may have besides its name. */
export interface PodContent {
  labels?: Record<string, string>;
  node?: string;
}

/** A pod with what the tests look at. */
export const pod = (namespace: string, name: string, more: PodContent = {}): Pod => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name, namespace, ...(more.labels ? { labels: more.labels } : {}) },
  ...(more.node ? { spec: { nodeName: more.node } } : {}),
});

/** Pods as a resource, with labels and two fields to select by. */
export const PODS: ResourceStorageOptions = {
  resource: 'pods',
  keyPrefix: '/registry/pods',
  namespaced: true,
  selectable: (object) => ({
    labels: (object as Pod).metadata.labels ?? {},
    fields: { 'metadata.name': (object as Pod).metadata.name, 'spec.nodeName': (object as Pod).spec?.nodeName ?? '' },
  }),
};

/** XOR with a byte that marks whether the value can be read; the reads of some keys fail, or take their time. */
export class TestTransformer implements ValueTransformer {
  readonly broken: Set<string> = new Set();
  delay: ((key: string) => Promise<void>) | null = null;

  encrypt(data: Uint8Array): Uint8Array {
    return data.map((byte) => byte ^ 0x55);
  }

  decrypt(data: Uint8Array, key: string): { data: Uint8Array; stale: boolean } | Promise<{ data: Uint8Array; stale: boolean }> {
    if (this.broken.has(key)) throw new Error('no matching prefix found');
    const value = { data: data.map((byte) => byte ^ 0x55), stale: false };
    return this.delay === null ? value : this.delay(key).then(() => value);
  }
}

/** What a watcher has seen. */
export interface Seen {
  events: string[];
  ends: string[];
  initialEnd: number | null;
  progress: number[];
  handle: ResourceWatchHandle;
}

/** Watches and notes. */
export async function follow(
  storage: ResourceStorage,
  options: Partial<ResourceWatchOptions> & Pick<ResourceWatchOptions, 'start'>,
): Promise<Seen> {
  const seen = { events: [], ends: [], initialEnd: null, progress: [] } as unknown as Seen;
  seen.handle = await storage.watch({
    onEvent: ({ type, object, previousObject, revision }) => {
      seen.events.push(
        `${type} ${object.namespace}/${object.name} ${revision}${previousObject ? ` was ${previousObject.modRevision}` : ''}`,
      );
    },
    onInitialEnd: (revision) => {
      seen.initialEnd = revision;
    },
    onProgress: (revision) => seen.progress.push(revision),
    onEnd: (error) => seen.ends.push((error as StorageError).code ?? error.message),
    ...options,
  });
  return seen;
}

/** Waits for a condition. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The code of a failure. */
export const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: { code?: unknown }) => error.code ?? error,
  );
/** `namespace/name` of each item. */
export const names = ({ items }: { items: { namespace: string; name: string }[] }): string[] =>
  items.map((item) => `${item.namespace}/${item.name}`);

const unhandled: unknown[] = [];
process.on('unhandledRejection', (error) => unhandled.push(error));

/** A store and what lies over it. */
export interface PodBed {
  readonly embedded: KeyValueStore;
  readonly store: InterposedStore;
  readonly factory: StorageFactory;
  /** Closes all of it; no failure may have been left unheard. */
  close(): Promise<void>;
}

/** @param isRemote - The engine seems to be elsewhere: it can be held up, and its revision has to be asked for. */
export async function openPodBed(isRemote = true): Promise<PodBed> {
  const dir = mkdtempSync(join(tmpdir(), 'k-cache-'));
  const embedded = await openEmbeddedStore({ dir, compactionIntervalMs: 0 });
  const store = new InterposedStore(embedded);
  const factory = createStorageFactory({ store: isRemote ? store : embedded });
  return {
    embedded,
    store,
    factory,
    async close() {
      await factory.close();
      await embedded.close();
      rmSync(dir, { recursive: true });
      expect(unhandled.splice(0)).toEqual([]);
    },
  };
}

/** How a resource storage lies over its engine. */
export interface StorageMode {
  readonly mode: string;
  readonly cache: boolean;
  readonly remote: boolean;
}

/** The ways in which it may. */
export const STORAGE_MODES: readonly StorageMode[] = [
  { mode: 'cached, engine in this process', cache: true, remote: false },
  { mode: 'cached, engine elsewhere', cache: true, remote: true },
  { mode: 'not cached', cache: false, remote: true },
];

/** A bed with pods that a transformer encrypts. */
export interface EncryptedPodBed extends PodBed {
  readonly transformer: TestTransformer;
  readonly pods: ResourceStorage;
  /** Creates a pod. @returns its revision. */
  make(namespace: string, name: string, more?: PodContent): Promise<number>;
  /** Lists pods; the latest ones unless told otherwise. */
  list(options?: Partial<ListOptions>): ReturnType<ResourceStorage['list']>;
}

export async function openEncryptedPodBed({ cache, remote }: StorageMode): Promise<EncryptedPodBed> {
  const bed = await openPodBed(remote);
  const transformer = new TestTransformer();
  const pods = bed.factory.open({ ...PODS, transformer, cache });
  return {
    ...bed,
    transformer,
    pods,
    async make(namespace, name, more) {
      const result = await pods.create(namespace, name, pod(namespace, name, more));
      if (!result.ok) throw new Error('refused');
      return result.object.modRevision;
    },
    list: (options = {}) => pods.list({ freshness: { kind: 'latest' }, ...options }),
  };
}
