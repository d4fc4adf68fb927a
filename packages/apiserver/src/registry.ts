import type { Catalogue, ResourceDefinition } from '@k/api';
import { formatGroupResource, type KubeObject, parseExactJson } from '@k/apimachinery';
import type { ResourceStorage, SelectableFields, StorageFactory, StoredObject, ValueTransformer } from '@k/storage';
import { abortSignalOf } from './abort-signal.js';
import type { RequestContext } from './context.js';
import { ConvertedObjects } from './crd/conversion/converted-objects.js';
import { readStoredProtobuf } from './stored-protobuf.js';

/** How the registry opens the storage of resources. */
export interface RegistryOptions {
  catalogue: Catalogue;
  factory: StorageFactory;
  /** Default `/registry`. */
  keyPrefix: string;
  /** Encryption for a resource (`secrets`, `deployments.apps`); absent = stored in clear. */
  transformerFor?: (resource: string) => ValueTransformer | undefined;
  /** Seconds that events live. Default 3600. */
  eventTtlSeconds: number;
  /** False = reads go to the store. Default true. */
  watchCache: boolean;
}

/** The storage of every resource, opened on first use. */
export class ResourceRegistry {
  readonly catalogue: Catalogue;
  readonly factory: StorageFactory;
  readonly keyPrefix: string;
  readonly #options: RegistryOptions;
  readonly #open = new Map<string, ResourceStorage>();
  /** What conversion webhooks made of stored objects. */
  readonly conversions: ConvertedObjects = new ConvertedObjects();

  constructor(options: RegistryOptions) {
    this.catalogue = options.catalogue;
    this.factory = options.factory;
    this.keyPrefix = options.keyPrefix;
    this.#options = options;
  }

  /** The storage of a resource; the same one for all its versions and for resources that share their keys. */
  storage(definition: ResourceDefinition): ResourceStorage {
    const path = definition.storagePath;
    if (path === '') throw new TypeError(`"${definition.resource}" is answered, not stored`);
    let storage = this.#open.get(path);
    if (storage === undefined) {
      const resource = formatGroupResource(definition);
      const transformer = this.#options.transformerFor?.(resource);
      storage = this.factory.open({
        resource,
        keyPrefix: `${this.keyPrefix}/${path}`,
        namespaced: definition.namespaced,
        selectable: (object) => selectableOf(definition, object as KubeObject),
        fromProtobuf: (value) => readStoredProtobuf(value, path, this.catalogue),
        cache: this.#options.watchCache,
        ...(transformer === undefined ? {} : { transformer }),
        ...(path === 'events' ? { ttlSeconds: this.#options.eventTtlSeconds } : {}),
      });
      this.#open.set(path, storage);
    }
    return storage;
  }

  /** The storage of a resource by name. */
  find(group: string, resource: string): { definition: ResourceDefinition; storage: ResourceStorage } | undefined {
    const definition = this.catalogue.findResource(group, resource);
    if (definition === undefined || definition.storagePath === '') return undefined;
    return { definition, storage: this.storage(definition) };
  }

  /** Closes and forgets a resource's storage (a deleted custom resource). */
  async forget(definition: ResourceDefinition): Promise<void> {
    const storage = this.#open.get(definition.storagePath);
    this.#open.delete(definition.storagePath);
    await storage?.close();
  }

  /** Storages opened so far, for metrics. */
  opened(): Iterable<ResourceStorage> {
    return this.#open.values();
  }
}

const NONE: Readonly<Record<string, string>> = Object.freeze({});

/** Labels and field selector values of an object. */
export function selectableOf(definition: ResourceDefinition, object: KubeObject): SelectableFields {
  const metadata = object.metadata ?? {};
  const fields: Record<string, string> = { 'metadata.name': metadata.name ?? '' };
  if (definition.namespaced) fields['metadata.namespace'] = metadata.namespace ?? '';
  const more = definition.strategy.selectFields?.(object);
  if (more) for (const key in more) fields[key] = more[key] as string;
  return { labels: metadata.labels ?? NONE, fields };
}

/** A stored object parsed anew: the caller owns the result. */
export function parseStored(stored: StoredObject): KubeObject {
  return parseExactJson(stored.json.toString('utf8')) as KubeObject;
}

/** A parsed object in the version a client asked for. Never mutates its input. */
export function toVersion(definition: ResourceDefinition, object: KubeObject, version: string): KubeObject {
  const apiVersion = definition.group === '' ? version : `${definition.group}/${version}`;
  if (object.apiVersion === apiVersion && definition.coerceStored !== true) return object;
  if (definition.convertAll !== undefined && object.apiVersion !== apiVersion) {
    throw new TypeError(`"${object.apiVersion}" becomes "${apiVersion}" by a webhook, which takes inVersion()`);
  }
  if (definition.convert) return definition.convert(object, version);
  return { ...object, apiVersion };
}

/**
 * Parsed objects in the version a client asked for: at once, or when the conversion webhook has answered. Never mutates.
 *
 * @param context - Of the request that waits: when it is over, the webhook's answer is not waited for.
 */
export function inVersion(
  definition: ResourceDefinition,
  objects: readonly KubeObject[],
  version: string,
  context: RequestContext,
): KubeObject[] | Promise<KubeObject[]> {
  if (definition.convertAll === undefined) return objects.map((object) => toVersion(definition, object, version));
  return definition.convertAll(objects, version, abortSignalOf(context));
}
