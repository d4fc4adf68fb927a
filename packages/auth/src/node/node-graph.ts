/** Which objects belong to which node, kept up to date object by object. */
import type { NodeBoundShape, PersistentVolumeShape, PodShape } from './object-shapes.js';
import { podReferences, type Reference, type ReferencedResource, volumeSecrets } from './pod-references.js';

/** Kinds that name their node themselves. */
export type BoundResource = 'pods' | 'volumeattachments' | 'resourceslices';

interface PodEntry {
  nodeName: string;
  references: readonly Reference[];
}

interface VolumeEntry {
  /** Key of the claim that the volume is bound to. */
  claim: string;
  secrets: readonly string[];
}

const keyOf = (resource: string, namespace: string, name: string): string => `${resource}/${namespace}/${name}`;

/**
 * The relations from which {@link createNodeAuthorizer} decides: nodes to their pods, pods to what they mount and use,
 * claims to volumes, volumes to secrets. A question takes time proportional to the volumes that use one secret, not to
 * the number of pods.
 */
export class NodeGraph {
  /** Per object, the nodes whose pods refer to it, and how many references there are. */
  readonly #nodesByTarget = new Map<string, Map<string, number>>();
  readonly #pods = new Map<string, PodEntry>();
  readonly #volumes = new Map<string, VolumeEntry>();
  readonly #volumesBySecret = new Map<string, Set<string>>();
  readonly #bound = new Map<string, string>();

  setPod(pod: PodShape): void {
    const { namespace = '', name = '' } = pod.metadata ?? {};
    this.deletePod(namespace, name);
    const nodeName = pod.spec?.nodeName ?? '';
    if (nodeName === '') return;
    const references = podReferences(pod);
    this.#pods.set(`${namespace}/${name}`, { nodeName, references });
    for (const reference of references) this.#count(reference, nodeName, 1);
  }

  deletePod(namespace: string, name: string): void {
    const entry = this.#pods.get(`${namespace}/${name}`);
    if (entry === undefined) return;
    this.#pods.delete(`${namespace}/${name}`);
    for (const reference of entry.references) this.#count(reference, entry.nodeName, -1);
  }

  setVolume(volume: PersistentVolumeShape): void {
    const name = volume.metadata?.name ?? '';
    this.deleteVolume(name);
    const claim = volume.spec?.claimRef;
    if (claim === undefined) return;
    const secrets = volumeSecrets(volume).map((secret) => keyOf('secrets', secret.namespace, secret.name));
    this.#volumes.set(name, { claim: keyOf('persistentvolumeclaims', claim.namespace ?? '', claim.name ?? ''), secrets });
    for (const secret of secrets) {
      const names = this.#volumesBySecret.get(secret) ?? new Set();
      this.#volumesBySecret.set(secret, names.add(name));
    }
  }

  deleteVolume(name: string): void {
    const entry = this.#volumes.get(name);
    if (entry === undefined) return;
    this.#volumes.delete(name);
    for (const secret of entry.secrets) {
      const names = this.#volumesBySecret.get(secret);
      names?.delete(name);
      if (names?.size === 0) this.#volumesBySecret.delete(secret);
    }
  }

  /** A VolumeAttachment or a ResourceSlice; one that names no node belongs to none. */
  setBound(resource: Exclude<BoundResource, 'pods'>, { metadata, spec }: NodeBoundShape): void {
    const key = keyOf(resource, '', metadata?.name ?? '');
    const nodeName = spec?.nodeName ?? '';
    if (nodeName === '') this.#bound.delete(key);
    else this.#bound.set(key, nodeName);
  }

  deleteBound(resource: Exclude<BoundResource, 'pods'>, name: string): void {
    this.#bound.delete(keyOf(resource, '', name));
  }

  /** Whether the object belongs to the node, directly or through what its pods refer to. */
  belongs(nodeName: string, resource: ReferencedResource | BoundResource, namespace: string, name: string): boolean {
    const key = keyOf(resource, namespace, name);
    if (resource === 'pods') return this.#pods.get(`${namespace}/${name}`)?.nodeName === nodeName;
    if (resource === 'volumeattachments' || resource === 'resourceslices') return this.#bound.get(key) === nodeName;
    if (resource === 'persistentvolumes') return this.#isBoundThere(name, nodeName);
    if (this.#isReferred(key, nodeName)) return true;
    if (resource !== 'secrets') return false;
    for (const volume of this.#volumesBySecret.get(key) ?? []) if (this.#isBoundThere(volume, nodeName)) return true;
    return false;
  }

  #isBoundThere(volume: string, nodeName: string): boolean {
    const entry = this.#volumes.get(volume);
    return entry !== undefined && this.#isReferred(entry.claim, nodeName);
  }

  #isReferred(target: string, nodeName: string): boolean {
    return this.#nodesByTarget.get(target)?.has(nodeName) === true;
  }

  #count({ resource, namespace, name }: Reference, nodeName: string, by: 1 | -1): void {
    const target = keyOf(resource, namespace, name);
    let nodes = this.#nodesByTarget.get(target);
    if (nodes === undefined) {
      nodes = new Map();
      this.#nodesByTarget.set(target, nodes);
    }
    const count = (nodes.get(nodeName) ?? 0) + by;
    if (count > 0) nodes.set(nodeName, count);
    else nodes.delete(nodeName);
    if (nodes.size === 0) this.#nodesByTarget.delete(target);
  }
}
