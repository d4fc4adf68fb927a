/**
 * Deletes what its owners leave behind. Keeps the objects that have owners or are being deleted; an object whose owners are
 * all gone is deleted, one with the `orphan` finalizer gives its dependents away first, one with `foregroundDeletion`
 * waits for those that block it.
 */
import type { KubeObject, OwnerReference } from '@k/apimachinery';
import { parseGroupVersion } from '@k/apimachinery';
import type { Logger } from 'pino';
import type { LocalClient } from '../local-client.js';
import type { ResourceRegistry } from '../registry.js';
import { uidOf } from '../stored-metadata.js';
import { type Controller, WorkQueue } from './controller.js';
import { type OwnedNode, OwnershipGraph } from './ownership-graph.js';
import { OwnershipWatch } from './ownership-watch.js';

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/** The collector over every stored resource, custom ones as they come. */
export function garbageCollector(registry: ResourceRegistry, client: LocalClient, log: Logger): Controller {
  const graph = new OwnershipGraph();
  const watches = new Map<string, OwnershipWatch>();
  let unsubscribe: () => void = () => {};
  let synced = false;

  const exists = async (reference: OwnerReference, namespace: string): Promise<boolean> => {
    if (graph.get(reference.uid) !== undefined) return true;
    const version = parseGroupVersion(reference.apiVersion);
    const served = version === null ? undefined : registry.catalogue.findKind(version.group, version.version, reference.kind);
    // A kind that is not served may be served again: its dependents are left alone.
    if (served === undefined || served.definition.storagePath === '') return version !== null && served === undefined;
    const { definition } = served;
    // What stands in no namespace cannot name one: such an owner cannot be looked up.
    if (definition.namespaced && namespace === '') return true;
    const owner = await registry.storage(definition).get(definition.namespaced ? namespace : '', reference.name, { kind: 'latest' });
    return owner !== null && uidOf(owner) === reference.uid;
  };

  const orphanDependents = async (node: OwnedNode): Promise<void> => {
    await Promise.all(
      graph
        .dependentsOf(node.uid)
        .map((dependent) =>
          client.release(dependent.group, dependent.resource, dependent.namespace, dependent.name, (current) =>
            withoutOwners(current, [node.uid]),
          ),
        ),
    );
    await client.release(node.group, node.resource, node.namespace, node.name, (current) => withoutFinalizer(current, ORPHAN, node.uid));
  };

  const deleteForeground = async (node: OwnedNode): Promise<void> => {
    const blocking = graph
      .dependentsOf(node.uid)
      .filter((dependent) => dependent.owners.some((owner) => owner.uid === node.uid && owner.blockOwnerDeletion === true));
    if (blocking.length === 0) {
      await client.release(node.group, node.resource, node.namespace, node.name, (current) =>
        withoutFinalizer(current, FOREGROUND, node.uid),
      );
      return;
    }
    for (const dependent of blocking) if (!dependent.deleting) queue.add(dependent.uid);
  };

  const collect = async (node: OwnedNode): Promise<void> => {
    if (node.owners.length === 0 || (node.deleting && !node.finalizers.includes(FOREGROUND))) return;
    const solid: string[] = [];
    const gone: string[] = [];
    let waiting = false;
    for (const owner of node.owners) {
      if (!(await exists(owner, node.namespace))) gone.push(owner.uid);
      else {
        const found = graph.get(owner.uid);
        if (found?.deleting && found.finalizers.includes(FOREGROUND)) {
          waiting = true;
          gone.push(owner.uid);
        } else solid.push(owner.uid);
      }
    }
    if (gone.length === 0) return;
    if (solid.length > 0) {
      await client.release(node.group, node.resource, node.namespace, node.name, (current) => withoutOwners(current, gone));
      return;
    }
    const dependents = graph.dependentsOf(node.uid);
    const propagation = waiting && dependents.length > 0 ? 'foreground' : 'background';
    // In a circle of owners that wait for each other somebody has to stop being waited for.
    if (propagation === 'foreground' && dependents.some(({ deleting, finalizers }) => deleting && finalizers.includes(FOREGROUND))) {
      await client.update(node.group, node.resource, node.namespace, node.name, (current) => withoutBlocking(current, node.uid));
    }
    await client.delete(node.group, node.resource, node.namespace, node.name, { uid: node.uid, propagation });
  };

  const queue = new WorkQueue('garbage-collector', log, async (uid) => {
    const node = graph.get(uid);
    if (node === undefined) return;
    if (node.deleting && node.finalizers.includes(ORPHAN)) return orphanDependents(node);
    if (node.deleting && node.finalizers.includes(FOREGROUND)) return deleteForeground(node);
    return collect(node);
  });

  /** Owners that wait for their dependents look again. */
  const wakeOwners = (node: OwnedNode): void => {
    for (const owner of node.owners) if (graph.get(owner.uid)?.deleting) queue.add(owner.uid);
  };

  const examine = (node: OwnedNode): void => {
    if (!synced) return;
    if (node.owners.length > 0 || (node.deleting && node.finalizers.length > 0)) queue.add(node.uid);
    if (!node.deleting) wakeOwners(node);
  };

  const follow = async (): Promise<void> => {
    const starting: Promise<void>[] = [];
    const served = new Set<string>();
    for (const definition of registry.catalogue.definitions()) {
      const { group, resource, storagePath } = definition;
      if (storagePath === '' || storagePath === 'events') continue;
      served.add(storagePath);
      if (watches.has(storagePath)) continue;
      const watch = new OwnershipWatch(registry.storage(definition), { group, resource }, graph, {
        changed: examine,
        replaced: wakeOwners,
        deleted(node) {
          for (const dependent of graph.dependentsOf(node.uid)) queue.add(dependent.uid);
          wakeOwners(node);
        },
        resumed() {
          for (const node of graph.nodes()) examine(node);
        },
      });
      watches.set(storagePath, watch);
      starting.push(watch.start());
    }
    for (const [path, watch] of watches) {
      if (served.has(path)) continue;
      watch.close();
      watches.delete(path);
    }
    await Promise.all(starting);
  };

  return {
    name: 'garbage-collector',
    async start() {
      unsubscribe = registry.catalogue.onChange(
        () => void follow().catch((error: unknown) => log.error({ err: error }, 'garbage collector')),
      );
      await follow();
      synced = true;
      for (const node of graph.nodes()) examine(node);
    },
    stop() {
      unsubscribe();
      for (const watch of watches.values()) watch.close();
      queue.stop();
    },
  };
}

/** The object without these owners; null when it has none of them. */
function withoutOwners(object: KubeObject, uids: readonly string[]): KubeObject | null {
  const had = object.metadata?.ownerReferences ?? [];
  const ownerReferences = had.filter(({ uid }) => !uids.includes(uid));
  if (ownerReferences.length === had.length) return null;
  const metadata = { ...object.metadata, ownerReferences };
  if (ownerReferences.length === 0) delete (metadata as { ownerReferences?: unknown }).ownerReferences;
  return { ...object, metadata };
}

/** The object with owners that need not wait for it; null when they need not already. */
function withoutBlocking(object: KubeObject, uid: string): KubeObject | null {
  const owners = object.metadata?.ownerReferences ?? [];
  if (object.metadata?.uid !== uid || !owners.some(({ blockOwnerDeletion }) => blockOwnerDeletion === true)) return null;
  const ownerReferences = owners.map((owner) => ({ ...owner, blockOwnerDeletion: false }));
  return { ...object, metadata: { ...object.metadata, ownerReferences } };
}

function withoutFinalizer(object: KubeObject, name: string, uid: string): KubeObject | null {
  const had = object.metadata?.finalizers ?? [];
  if (object.metadata?.uid !== uid || !had.includes(name)) return null;
  const finalizers = had.filter((finalizer) => finalizer !== name);
  const metadata = { ...object.metadata, finalizers };
  if (finalizers.length === 0) delete (metadata as { finalizers?: unknown }).finalizers;
  return { ...object, metadata };
}
