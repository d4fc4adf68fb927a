import { StorageError } from '../errors.js';
import type { KeyValue } from '../key-value-store.js';
import type { DecryptedValue, ResourceStorageOptions, SelectableFields, StoredObject } from '../resource-storage.js';
import { encodeJson } from './encode-json.js';
import { type Allocate, spliceResourceVersion } from './splice-resource-version.js';

/** Values of labels and fields that are kept once, at most. */
const SHARED_STRINGS_MAX = 1000;
const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});

/** A stored value that could not be read: kept in the object's place, so that one bad value spoils nothing else. */
export class UnreadableObject {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly modRevision: number;
  readonly error: StorageError<'STORAGE_CORRUPT'>;

  constructor(at: { key: string; namespace: string; name: string; modRevision: number }, reason: string, cause: unknown) {
    this.key = at.key;
    this.namespace = at.namespace;
    this.name = at.name;
    this.modRevision = at.modRevision;
    this.error = new StorageError('STORAGE_CORRUPT', `unable to transform key "${at.key}": ${reason}`, { key: at.key, reason }, { cause });
  }
}

/** An object, or the sign that it cannot be read. */
export type Decoded = StoredObject | UnreadableObject;

/** A write of this process that is under way: what its value will decode to. */
export interface ExpectedValue {
  namespace: string;
  name: string;
  value: Uint8Array;
  json: Buffer;
  selectable: SelectableFields;
}

/** Keys and values of one resource: to the store's form and back. Never throws for a bad value. */
export class ResourceCodec {
  /** With the trailing slash. */
  readonly prefix: string;
  /**
   * By key. A value that equals an expected one is neither decrypted nor parsed: what this process writes, it knows.
   */
  readonly expected: Map<string, ExpectedValue> = new Map();
  readonly #options: ResourceStorageOptions;
  readonly #strings = new Map<string, string>();

  constructor(options: ResourceStorageOptions) {
    this.#options = options;
    this.prefix = `${options.keyPrefix}/`;
  }

  key(namespace: string, name: string): string {
    return this.#options.namespaced && namespace !== '' ? `${this.prefix}${namespace}/${name}` : `${this.prefix}${name}`;
  }

  /** The prefix of a namespace's keys; of all keys for ''. */
  spacePrefix(namespace: string): string {
    return namespace === '' || !this.#options.namespaced ? this.prefix : `${this.prefix}${namespace}/`;
  }

  /** Namespace and name of a key. */
  parseKey(key: string): { namespace: string; name: string } {
    const path = key.slice(this.prefix.length);
    const slash = this.#options.namespaced ? path.indexOf('/') : -1;
    return { namespace: slash < 0 ? '' : path.slice(0, slash), name: path.slice(slash + 1) };
  }

  /** The bytes to store. */
  encrypt(json: Buffer, key: string): Uint8Array | Promise<Uint8Array> {
    const { transformer } = this.#options;
    return transformer === undefined ? json : transformer.encrypt(json, key);
  }

  /** @param allocate - Memory for the object's bytes; default: a buffer of its own. */
  decode(kv: KeyValue, allocate?: Allocate): Decoded | Promise<Decoded> {
    const known = this.expected.get(kv.key);
    if (known !== undefined && kv.value.equals(known.value)) return this.toStored(kv.key, kv.modRevision, known, allocate);
    const { transformer } = this.#options;
    if (transformer === undefined) return this.#toObject(kv, { data: kv.value, stale: false }, allocate);
    try {
      const decrypted = transformer.decrypt(kv.value, kv.key);
      if (!(decrypted instanceof Promise)) return this.#toObject(kv, decrypted, allocate);
      return decrypted.then(
        (value) => this.#toObject(kv, value, allocate),
        (error: unknown) => this.#unreadable(kv, messageOf(error), error),
      );
    } catch (error) {
      return this.#unreadable(kv, messageOf(error), error);
    }
  }

  /** The object that a write has made. */
  toStored(key: string, revision: number, written: ExpectedValue, allocate?: Allocate): StoredObject {
    const { namespace, name, selectable } = written;
    return {
      key,
      namespace: this.#shared(namespace),
      name,
      json: spliceResourceVersion(written.json, revision, false, allocate),
      modRevision: revision,
      selectable: this.#slim(selectable, written),
      stale: false,
    };
  }

  #toObject(kv: KeyValue, decrypted: DecryptedValue, allocate: Allocate | undefined): Decoded {
    const { data } = decrypted;
    const value = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (isProtobuf(value)) return this.#fromProtobuf(kv, value, allocate);
    const json = trimmed(value);
    try {
      const parsed = JSON.parse(json.toString('utf8')) as Record<string, unknown>;
      if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new TypeError('not an object');
      return this.#toRead(kv, { json, parsed, stale: decrypted.stale }, allocate);
    } catch {
      // The parser's own message would quote the value.
      return this.#unreadable(kv, 'the value is not a JSON object', null);
    }
  }

  /** What other servers store: stale, so that the next write stores it as JSON. */
  #fromProtobuf(kv: KeyValue, value: Buffer, allocate: Allocate | undefined): Decoded {
    try {
      const parsed = this.#options.fromProtobuf?.(value);
      if (parsed === undefined) throw new TypeError('nobody reads protobuf');
      return this.#toRead(kv, { json: encodeJson(parsed), parsed, stale: true }, allocate);
    } catch {
      // The reason may quote the value.
      return this.#unreadable(kv, 'the value is not a known object in protobuf', null);
    }
  }

  #toRead(
    kv: KeyValue,
    { json, parsed, stale }: { json: Buffer; parsed: Record<string, unknown>; stale: boolean },
    allocate: Allocate | undefined,
  ): StoredObject {
    const hasVersion = (parsed['metadata'] as { resourceVersion?: unknown } | undefined)?.resourceVersion !== undefined;
    const at = this.parseKey(kv.key);
    return {
      key: kv.key,
      namespace: this.#shared(at.namespace),
      name: at.name,
      json: spliceResourceVersion(json, kv.modRevision, hasVersion, allocate),
      modRevision: kv.modRevision,
      selectable: this.#slim(this.#options.selectable(parsed), at),
      stale,
    };
  }

  /** The same few strings and empty maps for all objects: they would be half of a small object's memory. */
  #slim({ labels, fields }: SelectableFields, at: { namespace: string; name: string }): SelectableFields {
    const slimFields = fields as Record<string, string>;
    if (!Object.isFrozen(fields)) {
      for (const field in slimFields)
        slimFields[field] =
          field === 'metadata.name' && slimFields[field] === at.name ? at.name : this.#shared(slimFields[field] as string);
    }
    const slimLabels = labels as Record<string, string>;
    let hasLabels = false;
    for (const label in slimLabels) {
      hasLabels = true;
      if (!Object.isFrozen(labels)) slimLabels[label] = this.#shared(slimLabels[label] as string);
    }
    return { labels: hasLabels ? labels : NO_LABELS, fields };
  }

  /** One instance of a string that many objects have. */
  #shared(text: string): string {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    if (this.#strings.size >= SHARED_STRINGS_MAX) this.#strings.clear();
    this.#strings.set(text, text);
    return text;
  }

  #unreadable(kv: KeyValue, reason: string, cause: unknown): UnreadableObject {
    return new UnreadableObject({ key: kv.key, ...this.parseKey(kv.key), modRevision: kv.modRevision }, reason, cause);
  }
}

/** The last state of a deleted object, at the deletion's revision. */
export function atRevision(object: StoredObject, revision: number): StoredObject {
  return { ...object, json: spliceResourceVersion(object.json, revision), modRevision: revision };
}

/** Whether a value is an object in Kubernetes' protobuf form: `k8s` and a zero byte. */
function isProtobuf(value: Buffer): boolean {
  return value[0] === 0x6b && value[1] === 0x38 && value[2] === 0x73 && value[3] === 0;
}

/** Other writers end values with a newline. */
function trimmed(json: Buffer): Buffer {
  let end = json.length;
  while (end > 0 && (json[end - 1] as number) <= 0x20) end--;
  return end === json.length ? json : json.subarray(0, end);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
