import assert from 'node:assert/strict';
import { StorageError } from '../errors.js';
import type { ResourceEvent, ResourceStorage, ResourceStorageOptions, ResourceWatchHandle, StoredObject } from '../resource-storage.js';

/** What a case works with: one resource's storage, empty at first, and the same resource as another server has it. */
export interface ResourceContext {
  storage: ResourceStorage;
  /** Over another connection to the same data; the same one where a store has only one. */
  peer: ResourceStorage;
}

/** One requirement of {@link ResourceStorage}. */
export interface ResourceCase {
  name: string;
  run: (context: ResourceContext) => Promise<void>;
}

/** A namespaced resource with an indexed label and field, under a prefix of its own. */
export function contractResource(id: string): ResourceStorageOptions {
  return {
    resource: 'widgets.example.com',
    keyPrefix: `/registry/example.com/widgets-${id}`,
    namespaced: true,
    selectable: (object) => {
      const { metadata, spec } = object as { metadata: { name: string; labels?: Record<string, string> }; spec?: { node?: string } };
      return { labels: metadata.labels ?? {}, fields: { 'metadata.name': metadata.name, 'spec.node': spec?.node ?? '' } };
    },
  };
}

const widget = (name: string, labels?: Record<string, string>, node?: string): Record<string, unknown> => ({
  kind: 'Widget',
  apiVersion: 'example.com/v1',
  metadata: { name, ...(labels === undefined ? {} : { labels }) },
  ...(node === undefined ? {} : { spec: { node } }),
});

async function create(storage: ResourceStorage, namespace: string, name: string, object = widget(name)): Promise<StoredObject> {
  const result = await storage.create(namespace, name, object);
  assert.ok(result.ok, `${namespace}/${name} was refused`);
  return result.object;
}

const names = (items: readonly StoredObject[]): string[] => items.map((item) => `${item.namespace}/${item.name}`);
const versionOf = (object: StoredObject): string =>
  (JSON.parse(object.json.toString()) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;

/** Keeps what a watch delivers. */
class EventRecorder {
  readonly events: ResourceEvent[] = [];
  initialEnd: number | null = null;
  readonly #waiters: (() => void)[] = [];

  static async start(
    storage: ResourceStorage,
    start: Parameters<ResourceStorage['watch']>[0]['start'],
    namespace = '',
  ): Promise<[EventRecorder, ResourceWatchHandle]> {
    const recorder = new EventRecorder();
    const handle = await storage.watch({
      namespace,
      start,
      onEvent: (event) => {
        recorder.events.push(event);
        for (const wake of recorder.#waiters.splice(0)) wake();
      },
      onInitialEnd: (revision) => {
        recorder.initialEnd = revision;
        for (const wake of recorder.#waiters.splice(0)) wake();
      },
      onEnd: (error) => assert.ok(StorageError.is(error, 'STORAGE_CLOSED')),
    });
    return [recorder, handle];
  }

  get lines(): string[] {
    return this.events.map(({ type, object, revision }) => `${type} ${object.namespace}/${object.name} @${revision} ${versionOf(object)}`);
  }

  async until(test: () => boolean): Promise<void> {
    const deadlineMs = Date.now() + 10_000;
    while (!test()) {
      assert.ok(Date.now() < deadlineMs, `waited 10 s; got ${JSON.stringify(this.lines)}`);
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
        setTimeout(resolve, 100);
      });
    }
  }
}

/** Everything that a {@link ResourceStorage} must do, as data. */
export const resourceCases: readonly ResourceCase[] = [
  {
    name: 'stores objects and serves them as JSON with their version inside',
    run: async ({ storage }) => {
      const created = await create(storage, 'n', 'a', widget('a', { app: 'x' }, 'n1'));
      const found = await storage.get('n', 'a', { kind: 'latest' });
      assert.deepEqual(JSON.parse(String(found?.json)), {
        kind: 'Widget',
        apiVersion: 'example.com/v1',
        metadata: { name: 'a', labels: { app: 'x' }, resourceVersion: String(created.modRevision) },
        spec: { node: 'n1' },
      });
      assert.deepEqual([found?.namespace, found?.name, found?.modRevision, found?.stale], ['n', 'a', created.modRevision, false]);
      assert.equal(found?.selectable.labels['app'], 'x');
      assert.equal(await storage.get('n', 'b', { kind: 'latest' }), null);
      assert.equal(await storage.get('m', 'a', { kind: 'latest' }), null);
    },
  },
  {
    name: 'guards writes by the revision and answers with what is there',
    run: async ({ storage }) => {
      const first = await create(storage, 'n', 'a');
      const again = await storage.create('n', 'a', widget('a'));
      assert.deepEqual([again.ok, !again.ok && again.current?.modRevision], [false, first.modRevision]);
      const second = await storage.update('n', 'a', widget('a', { v: '2' }), first.modRevision);
      assert.ok(second.ok && second.object.modRevision > first.modRevision);
      const late = await storage.update('n', 'a', widget('a', { v: '3' }), first.modRevision);
      assert.deepEqual([late.ok, !late.ok && late.current?.selectable.labels['v']], [false, '2']);
      const wrong = await storage.delete('n', 'a', first.modRevision);
      assert.deepEqual([wrong.ok, !wrong.ok && wrong.current?.modRevision], [false, second.object.modRevision]);
      const gone = await storage.delete('n', 'a', second.object.modRevision);
      assert.ok(gone.ok && gone.object.selectable.labels['v'] === '2');
      assert.equal(versionOf(gone.object), String(gone.object.modRevision));
      assert.deepEqual(await storage.update('n', 'a', widget('a'), second.object.modRevision), { ok: false, current: null });
    },
  },
  {
    name: 'lists in the order of namespace and name, filtered and in pages',
    run: async ({ storage }) => {
      for (const [namespace, name] of [
        ['b', 'z'],
        ['a', 'y'],
        ['b', 'x'],
        ['a-1', 'w'],
        ['a', 'b'],
      ] as const) {
        await create(storage, namespace, name, widget(name, { odd: String(name === 'x' || name === 'y') }));
      }
      const all = ['a-1/w', 'a/b', 'a/y', 'b/x', 'b/z'];
      const whole = await storage.list({ freshness: { kind: 'latest' } });
      assert.deepEqual([names(whole.items), whole.nextAfter], [all, undefined]);
      assert.deepEqual(names((await storage.list({ freshness: { kind: 'latest' }, namespace: 'b' })).items), ['b/x', 'b/z']);
      const odd = await storage.list({ freshness: { kind: 'latest' }, select: ({ labels }) => labels['odd'] === 'true' });
      assert.deepEqual(names(odd.items), ['a/y', 'b/x']);
      const first = await storage.list({ freshness: { kind: 'latest' }, limit: 2 });
      assert.deepEqual([names(first.items), first.nextAfter, first.remaining], [all.slice(0, 2), 'a/b', 3]);
      await create(storage, 'a', 'c');
      const second = await storage.list({ freshness: { kind: 'exact', revision: first.revision }, limit: 2, startAfter: 'a/b' });
      assert.deepEqual([names(second.items), second.nextAfter, second.remaining], [all.slice(2, 4), 'b/x', 1]);
      const third = await storage.list({ freshness: { kind: 'exact', revision: first.revision }, limit: 2, startAfter: 'b/x' });
      assert.deepEqual([names(third.items), third.nextAfter, third.revision], [['b/z'], undefined, first.revision]);
    },
  },
  {
    name: 'reads at once what any server has written',
    run: async ({ storage, peer }) => {
      await Promise.all([storage.ready(), peer.ready()]);
      for (let i = 0; i < 20; i++) {
        const [writer, reader] = i % 2 === 0 ? [storage, peer] : [peer, storage];
        const { modRevision } = await create(writer, 'n', `w${i}`);
        assert.equal((await reader.get('n', `w${i}`, { kind: 'latest' }))?.modRevision, modRevision);
        assert.equal((await reader.list({ freshness: { kind: 'latest' }, namespace: 'n' })).items.length, i + 1);
        assert.equal((await reader.get('n', `w${i}`, { kind: 'notOlderThan', revision: modRevision }))?.modRevision, modRevision);
      }
    },
  },
  {
    name: 'watches from the present state and from a revision, the same on every server',
    run: async ({ storage, peer }) => {
      const a = await create(storage, 'n', 'a');
      const b = await create(peer, 'm', 'b');
      const [initial] = await EventRecorder.start(storage, { kind: 'initial', freshness: { kind: 'latest' } });
      await initial.until(() => initial.initialEnd !== null);
      assert.deepEqual(initial.lines, [`ADDED m/b @${b.modRevision} ${b.modRevision}`, `ADDED n/a @${a.modRevision} ${a.modRevision}`]);
      const start = { kind: 'after', revision: b.modRevision } as const;
      const followers = [initial, (await EventRecorder.start(storage, start))[0], (await EventRecorder.start(peer, start))[0]];
      const [only] = await EventRecorder.start(peer, start, 'n');
      const c = await create(storage, 'n', 'c');
      const updated = await peer.update('n', 'a', widget('a', { v: '2' }), a.modRevision);
      assert.ok(updated.ok);
      const deleted = await storage.delete('m', 'b', b.modRevision);
      assert.ok(deleted.ok);
      const revisions = [c.modRevision, updated.object.modRevision, deleted.object.modRevision];
      const lines = ['ADDED n/c', 'MODIFIED n/a', 'DELETED m/b'].map((line, i) => `${line} @${revisions[i]} ${revisions[i]}`);
      for (const follower of followers) {
        const skip = follower === initial ? 2 : 0;
        await follower.until(() => follower.events.length >= 3 + skip);
        assert.deepEqual(follower.lines.slice(skip), lines);
        assert.equal(follower.events[1 + skip]?.previousObject?.modRevision, a.modRevision);
      }
      await only.until(() => only.events.length >= 2);
      assert.deepEqual(only.lines, lines.slice(0, 2));
    },
  },
  {
    name: 'delivers the writes of concurrent servers to every watcher in one order',
    run: async ({ storage, peer }) => {
      const [left, leftHandle] = await EventRecorder.start(storage, { kind: 'initial', freshness: { kind: 'latest' } });
      const [right] = await EventRecorder.start(peer, { kind: 'initial', freshness: { kind: 'latest' } });
      await Promise.all(
        [storage, peer, storage, peer].map(async (writer, id) => {
          for (let i = 0; i < 25; i++) await create(writer, `n${id}`, `w${i}`);
        }),
      );
      await Promise.all([left.until(() => left.events.length >= 100), right.until(() => right.events.length >= 100)]);
      assert.deepEqual(left.lines, right.lines);
      const revisions = left.events.map((event) => event.revision);
      assert.deepEqual(
        revisions,
        [...new Set(revisions)].toSorted((x, y) => x - y),
      );
      assert.equal(revisions.length, 100);
      leftHandle.close();
      await create(peer, 'n', 'after');
      await right.until(() => right.events.length === 101);
      assert.equal(left.events.length, 100);
    },
  },
];
