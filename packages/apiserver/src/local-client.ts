import { randomUUID } from 'node:crypto';
import { type KubeObject, newNotFound, StatusError } from '@k/apimachinery';
import { parseStored, type ResourceRegistry } from './registry.js';
import { isDeletionComplete } from './rest/delete-object.js';
import { timestamp } from './rest/write-object.js';

/** Direct access to objects for the server's own parts: no authorization, no admission, storage versions only. */
export class LocalClient {
  readonly #registry: ResourceRegistry;
  readonly #now: () => number;

  constructor(registry: ResourceRegistry, now: () => number) {
    this.#registry = registry;
    this.#now = now;
  }

  #find(group: string, resource: string): NonNullable<ReturnType<ResourceRegistry['find']>> {
    const found = this.#registry.find(group, resource);
    if (found === undefined) throw newNotFound({ group, resource }, '');
    return found;
  }

  async get(group: string, resource: string, namespace: string, name: string): Promise<KubeObject | null> {
    const stored = await this.#find(group, resource).storage.get(namespace, name, { kind: 'latest' });
    return stored === null ? null : parseStored(stored);
  }

  /** Creates an object; null when it already exists. */
  async create(group: string, resource: string, object: KubeObject): Promise<KubeObject | null> {
    const { definition, storage } = this.#find(group, resource);
    const metadata = { ...object.metadata, uid: randomUUID(), creationTimestamp: timestamp(this.#now()) };
    const { kind: _kind, apiVersion: _version, metadata: _metadata, ...rest } = object;
    const apiVersion = group === '' ? definition.storageVersion : `${group}/${definition.storageVersion}`;
    const full = { kind: definition.kind, apiVersion, metadata, ...rest };
    const result = await storage.create(metadata.namespace ?? '', metadata.name ?? '', full);
    return result.ok ? parseStored(result.object) : null;
  }

  /** Changes an object under optimistic concurrency; `change` returns null to leave it as it is. */
  async update(
    group: string,
    resource: string,
    namespace: string,
    name: string,
    change: (current: KubeObject) => KubeObject | null,
  ): Promise<KubeObject | null> {
    const { storage } = this.#find(group, resource);
    for (;;) {
      const stored = await storage.get(namespace, name, { kind: 'latest' });
      if (stored === null) return null;
      const next = change(parseStored(stored));
      if (next === null) return parseStored(stored);
      delete next.metadata?.resourceVersion;
      const result = await storage.update(namespace, name, next, stored.modRevision);
      if (result.ok) return parseStored(result.object);
    }
  }

  /** Changes an object and removes it when the change released the last hold of a deleted one. */
  async release(
    group: string,
    resource: string,
    namespace: string,
    name: string,
    change: (current: KubeObject) => KubeObject | null,
  ): Promise<void> {
    const after = await this.update(group, resource, namespace, name, change);
    if (after !== null && isDeletionComplete(after)) await this.remove(group, resource, namespace, name);
  }

  /**
   * Deletes as a client would: waits for finalizers and the grace period.
   *
   * @param uid - Only this object, not one that took its name since.
   */
  async delete(
    group: string,
    resource: string,
    namespace: string,
    name: string,
    { uid, propagation = 'background' }: { uid?: string; propagation?: 'background' | 'foreground' | 'orphan' } = {},
  ): Promise<void> {
    const { definition } = this.#find(group, resource);
    await this.release(group, resource, namespace, name, (current) => {
      const metadata = { ...current.metadata };
      if (uid !== undefined && metadata.uid !== uid) return null;
      const finalizers = new Set(metadata.finalizers ?? []);
      if (propagation === 'foreground') finalizers.add('foregroundDeletion');
      if (propagation === 'orphan') finalizers.add('orphan');
      if (finalizers.size > 0) metadata.finalizers = [...finalizers];
      if (metadata.deletionTimestamp === undefined) {
        const grace = definition.strategy.gracePeriodSeconds?.(current, undefined) ?? 0;
        metadata.deletionTimestamp = timestamp(this.#now() + grace * 1000);
        metadata.deletionGracePeriodSeconds = grace;
      }
      return { ...current, metadata };
    });
  }

  /** Removes an object for good, whatever its finalizers. */
  async remove(group: string, resource: string, namespace: string, name: string): Promise<void> {
    const { storage } = this.#find(group, resource);
    for (;;) {
      const stored = await storage.get(namespace, name, { kind: 'latest' });
      if (stored === null) return;
      const result = await storage.delete(namespace, name, stored.modRevision);
      if (result.ok) return;
    }
  }
}

/** True for a 404. */
export function isNotFound(error: unknown): boolean {
  return StatusError.is(error, 'NotFound');
}
