import type { KubeObject } from '@k/apimachinery';
import type { Logger } from 'pino';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import type { LocalClient } from '../local-client.js';
import { parseStored, type ResourceRegistry } from '../registry.js';
import { type Controller, WorkQueue } from './controller.js';

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
    const left = await deleteContents(registry, client, name);
    if (left > 0) {
      queue.addAfter(name, 200);
      return;
    }
    const done = await client.update('', 'namespaces', '', name, (current) => withoutFinalizer(current));
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

/** Deletes everything in a namespace; returns how many objects still wait for something. */
async function deleteContents(registry: ResourceRegistry, client: LocalClient, namespace: string): Promise<number> {
  let left = 0;
  const seen = new Set<string>();
  for (const definition of registry.catalogue.definitions()) {
    if (!definition.namespaced || definition.storagePath === '' || seen.has(definition.storagePath)) continue;
    seen.add(definition.storagePath);
    const storage = registry.storage(definition);
    const { items } = await storage.list({ namespace, freshness: { kind: 'latest' } });
    for (const item of items) {
      const object = parseStored(item);
      if ((object.metadata?.finalizers?.length ?? 0) === 0) {
        await client.remove(definition.group, definition.resource, namespace, item.name);
        continue;
      }
      left++;
      await client.delete(definition.group, definition.resource, namespace, item.name);
    }
  }
  return left;
}
