/**
 * Deletes what its owners leave behind. Knows the owner references of all objects; an object whose owners are all
 * gone is deleted, one with the `orphan` finalizer gives its dependents away first, one with `foregroundDeletion`
 * waits for those that block it.
 */
import type { KubeObject, OwnerReference } from '@k/apimachinery';
import { parseGroupVersion } from '@k/apimachinery';
import type { Logger } from 'pino';
import { Informer } from '../informer.js';
import type { LocalClient } from '../local-client.js';
import type { ResourceRegistry } from '../registry.js';
import { type Controller, WorkQueue } from './controller.js';

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/** What is kept of one object. */
interface Node {
  uid: string;
  group: string;
  resource: string;
  namespace: string;
  name: string;
  owners: readonly OwnerReference[];
  finalizers: readonly string[];
  deleting: boolean;
}

/** Reduces an object to what the collector needs. */
function project(object: KubeObject): KubeObject {
  const { name, namespace, uid, ownerReferences, finalizers, deletionTimestamp } = object.metadata ?? {};
  return { metadata: { name, namespace, uid, ownerReferences, finalizers, deletionTimestamp } as NonNullable<KubeObject['metadata']> };
}

/** The objects and who depends on whom. */
class OwnershipGraph {
  readonly nodes = new Map<string, Node>();
  readonly #dependents = new Map<string, Set<string>>();

  put(node: Node): void {
    this.remove(node.uid);
    this.nodes.set(node.uid, node);
    for (const { uid } of node.owners) {
      const set = this.#dependents.get(uid);
      if (set) set.add(node.uid);
      else this.#dependents.set(uid, new Set([node.uid]));
    }
  }

  remove(uid: string): void {
    const node = this.nodes.get(uid);
    if (node === undefined) return;
    this.nodes.delete(uid);
    for (const owner of node.owners) {
      const set = this.#dependents.get(owner.uid);
      set?.delete(uid);
      if (set?.size === 0) this.#dependents.delete(owner.uid);
    }
  }

  dependentsOf(uid: string): Node[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((id) => this.nodes.get(id) ?? []);
  }
}

/** The collector over every stored resource, custom ones as they come. */
export function garbageCollector(registry: ResourceRegistry, client: LocalClient, log: Logger): Controller {
  const graph = new OwnershipGraph();
  const informers = new Map<string, Informer>();
  let unsubscribe: () => void = () => {};
  let synced = false;

  const exists = async (reference: OwnerReference, namespace: string): Promise<boolean> => {
    if (graph.nodes.has(reference.uid)) return true;
    const version = parseGroupVersion(reference.apiVersion);
    const served = version === null ? undefined : registry.catalogue.findKind(version.group, version.version, reference.kind);
    // A kind that is not served may be served again: its dependents are left alone.
    if (served === undefined || served.definition.storagePath === '') return version !== null && served === undefined;
    const { group, resource, namespaced } = served.definition;
    const object = await client.get(group, resource, namespaced ? namespace : '', reference.name);
    return object?.metadata?.uid === reference.uid;
  };

  const orphanDependents = async (node: Node): Promise<void> => {
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

  const deleteForeground = async (node: Node): Promise<void> => {
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

  const collect = async (node: Node): Promise<void> => {
    if (node.owners.length === 0 || (node.deleting && !node.finalizers.includes(FOREGROUND))) return;
    const solid: string[] = [];
    const gone: string[] = [];
    let waiting = false;
    for (const owner of node.owners) {
      if (!(await exists(owner, node.namespace))) gone.push(owner.uid);
      else {
        const found = graph.nodes.get(owner.uid);
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
    const propagation = waiting && graph.dependentsOf(node.uid).length > 0 ? 'foreground' : 'background';
    await client.delete(node.group, node.resource, node.namespace, node.name, { uid: node.uid, propagation });
  };

  const queue = new WorkQueue('garbage-collector', log, async (uid) => {
    const node = graph.nodes.get(uid);
    if (node === undefined) return;
    if (node.deleting && node.finalizers.includes(ORPHAN)) return orphanDependents(node);
    if (node.deleting && node.finalizers.includes(FOREGROUND)) return deleteForeground(node);
    return collect(node);
  });

  const examine = (node: Node): void => {
    if (!synced) return;
    if (node.owners.length > 0 || (node.deleting && node.finalizers.length > 0)) queue.add(node.uid);
    if (node.deleting) return;
    for (const owner of node.owners) if (graph.nodes.get(owner.uid)?.deleting) queue.add(owner.uid);
  };

  const follow = async (): Promise<void> => {
    const starting: Promise<void>[] = [];
    const served = new Set<string>();
    for (const definition of registry.catalogue.definitions()) {
      const { group, resource, storagePath } = definition;
      if (storagePath === '' || storagePath === 'events') continue;
      served.add(storagePath);
      if (informers.has(storagePath)) continue;
      const informer = new Informer(registry.storage(definition), project);
      informers.set(storagePath, informer);
      const toNode = (object: KubeObject): Node => ({
        uid: object.metadata?.uid ?? '',
        group,
        resource,
        namespace: object.metadata?.namespace ?? '',
        name: object.metadata?.name ?? '',
        owners: object.metadata?.ownerReferences ?? [],
        finalizers: object.metadata?.finalizers ?? [],
        deleting: object.metadata?.deletionTimestamp !== undefined,
      });
      informer.onEvent(({ type, object }) => {
        const node = toNode(object);
        if (type === 'DELETED') {
          graph.remove(node.uid);
          for (const dependent of graph.dependentsOf(node.uid)) queue.add(dependent.uid);
          for (const owner of node.owners) if (graph.nodes.get(owner.uid)?.deleting) queue.add(owner.uid);
        } else {
          graph.put(node);
          examine(node);
        }
      });
      starting.push(informer.start());
    }
    for (const [path, informer] of informers) {
      if (served.has(path)) continue;
      informer.close();
      informers.delete(path);
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
      for (const node of graph.nodes.values()) examine(node);
    },
    stop() {
      unsubscribe();
      for (const informer of informers.values()) informer.close();
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

function withoutFinalizer(object: KubeObject, name: string, uid: string): KubeObject | null {
  const had = object.metadata?.finalizers ?? [];
  if (object.metadata?.uid !== uid || !had.includes(name)) return null;
  const finalizers = had.filter((finalizer) => finalizer !== name);
  const metadata = { ...object.metadata, finalizers };
  if (finalizers.length === 0) delete (metadata as { finalizers?: unknown }).finalizers;
  return { ...object, metadata };
}
