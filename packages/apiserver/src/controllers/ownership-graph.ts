import type { KubeObject, OwnerReference } from '@k/apimachinery';
import type { StoredObject } from '@k/storage';
import { parseStored } from '../registry.js';

/** What the garbage collector keeps of one object. */
export interface OwnedNode {
  /** Of the store. */
  key: string;
  uid: string;
  group: string;
  resource: string;
  namespace: string;
  name: string;
  owners: readonly OwnerReference[];
  finalizers: readonly string[];
  deleting: boolean;
}

/** Either of these is in the JSON of every object that is worth keeping. */
const MARKS: readonly Buffer[] = ['"ownerReferences"', '"deletionTimestamp"'].map((text) => Buffer.from(text));

/** The node of an object, whatever it holds. */
export function nodeOf(at: { group: string; resource: string }, stored: StoredObject): OwnedNode {
  const { metadata } = parseStored(stored) as KubeObject;
  return {
    key: stored.key,
    uid: metadata?.uid ?? '',
    group: at.group,
    resource: at.resource,
    namespace: stored.namespace,
    name: stored.name,
    owners: metadata?.ownerReferences ?? [],
    finalizers: metadata?.finalizers ?? [],
    deleting: metadata?.deletionTimestamp !== undefined,
  };
}

/** The node of an object that has owners or is being deleted; null for the others, most of which are not even parsed. */
export function notableNodeOf(at: { group: string; resource: string }, stored: StoredObject): OwnedNode | null {
  if (!MARKS.some((mark) => stored.json.includes(mark))) return null;
  const node = nodeOf(at, stored);
  return node.owners.length > 0 || node.deleting ? node : null;
}

/** The objects that have owners or are being deleted, and who depends on whom. Objects beside them cost nothing. */
export class OwnershipGraph {
  readonly #nodes = new Map<string, OwnedNode>();
  readonly #byKey = new Map<string, OwnedNode>();
  readonly #dependents = new Map<string, Set<string>>();

  /** By uid; undefined for an object that is not notable, too. */
  get(uid: string): OwnedNode | undefined {
    return this.#nodes.get(uid);
  }

  nodes(): Iterable<OwnedNode> {
    return this.#nodes.values();
  }

  /** Keys that begin with a prefix. */
  keys(prefix: string): Set<string> {
    return new Set([...this.#byKey.keys()].filter((key) => key.startsWith(prefix)));
  }

  /** @returns What was kept under the node's key. */
  put(node: OwnedNode): OwnedNode | undefined {
    const before = this.remove(node.key);
    this.#nodes.set(node.uid, node);
    this.#byKey.set(node.key, node);
    for (const { uid } of node.owners) {
      const set = this.#dependents.get(uid);
      if (set) set.add(node.uid);
      else this.#dependents.set(uid, new Set([node.uid]));
    }
    return before;
  }

  /** @returns What was kept under the key. */
  remove(key: string): OwnedNode | undefined {
    const node = this.#byKey.get(key);
    if (node === undefined) return undefined;
    this.#byKey.delete(key);
    this.#nodes.delete(node.uid);
    for (const owner of node.owners) {
      const set = this.#dependents.get(owner.uid);
      set?.delete(node.uid);
      if (set?.size === 0) this.#dependents.delete(owner.uid);
    }
    return node;
  }

  dependentsOf(uid: string): OwnedNode[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((id) => this.#nodes.get(id) ?? []);
  }
}
