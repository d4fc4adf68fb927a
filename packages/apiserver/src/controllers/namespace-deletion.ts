import type { KubeObject } from '@k/apimachinery';
import type { Logger } from 'pino';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import type { LocalClient } from '../local-client.js';
import { parseStored, type ResourceRegistry } from '../registry.js';
import { timestamp } from '../rest/write-object.js';
import { type Controller, WorkQueue } from './controller.js';
import { type RemainingContent, withConditions } from './namespace-conditions.js';

/** Milliseconds between looks at contents that finalizers hold. */
const POLL_MS = 200;

/** Empties namespaces that are being deleted and then lets them go. */
export function namespaceDeletionController(
  informers: InformerSet,
  registry: ResourceRegistry,
  client: LocalClient,
  log: Logger,
): Controller {
  const namespaces = informers.informer('', 'namespaces') as Informer;
  let unsubscribe: () => void = () => {};
  const queue = new WorkQueue('namespace', log, async (name) => {
    const namespace = await client.get('', 'namespaces', '', name);
    if (namespace?.metadata?.deletionTimestamp === undefined) return;
    const finalizers = (namespace['spec'] as { finalizers?: string[] } | undefined)?.finalizers ?? [];
    if (!finalizers.includes('kubernetes')) return;
    const remaining = await deleteContents(registry, client, name);
    if (remaining.resources.size > 0) {
      await client.update('', 'namespaces', '', name, (current) => withConditions(current, remaining, timestamp(Date.now())));
      queue.addAfter(name, POLL_MS);
      return;
    }
    const done = await client.update('', 'namespaces', '', name, (current) => withoutFinalizer(current));
    // A create that was admitted before the namespace was marked may have come in behind the first look.
    await deleteContents(registry, client, name);
    const spec = done?.['spec'] as { finalizers?: string[] } | undefined;
    if ((spec?.finalizers?.length ?? 0) === 0 && (done?.metadata?.finalizers?.length ?? 0) === 0)
      await client.remove('', 'namespaces', '', name);
  });
  return {
    name: 'namespace',
    async start() {
      unsubscribe = namespaces.onEvent(({ type, object }) => {
        if (type !== 'DELETED' && object.metadata?.deletionTimestamp !== undefined) queue.add(object.metadata.name ?? '');
      });
      await namespaces.start();
      for (const object of namespaces.list()) if (object.metadata?.deletionTimestamp !== undefined) queue.add(object.metadata.name ?? '');
    },
    stop() {
      unsubscribe();
      queue.stop();
    },
  };
}

function withoutFinalizer(namespace: KubeObject): KubeObject {
  const spec = (namespace['spec'] ?? {}) as { finalizers?: string[] };
  const finalizers = (spec.finalizers ?? []).filter((name) => name !== 'kubernetes');
  return { ...namespace, spec: finalizers.length > 0 ? { ...spec, finalizers } : {} };
}

/** Deletes everything in a namespace; returns what still waits for something. */
async function deleteContents(registry: ResourceRegistry, client: LocalClient, namespace: string): Promise<RemainingContent> {
  const resources = new Map<string, number>();
  const finalizers = new Map<string, number>();
  const count = (counts: Map<string, number>, key: string): Map<string, number> => counts.set(key, (counts.get(key) ?? 0) + 1);
  const seen = new Set<string>();
  for (const definition of registry.catalogue.definitions()) {
    if (!definition.namespaced || definition.storagePath === '' || seen.has(definition.storagePath)) continue;
    seen.add(definition.storagePath);
    const { group, resource } = definition;
    const storage = registry.storage(definition);
    const { items } = await storage.list({ namespace, freshness: { kind: 'latest' } });
    for (const item of items) {
      const object = parseStored(item);
      const holds = object.metadata?.finalizers ?? [];
      if (holds.length === 0) {
        await client.remove(group, resource, namespace, item.name);
        continue;
      }
      count(resources, `${resource}.${group}`);
      for (const finalizer of holds) count(finalizers, finalizer);
      if (object.metadata?.deletionTimestamp === undefined) await client.delete(group, resource, namespace, item.name);
    }
  }
  return { resources, finalizers };
}
