import { randomUUID } from 'node:crypto';
import { type KubeObject, newNotFound, StatusError } from '@k/apimachinery';
import { parseStored, type ResourceRegistry } from './registry.js';
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
