import { formatGroupVersion, type KubeObject, parseExactJson, stringifyExactJson } from '@k/apimachinery';
import type { StoredObject } from '@k/storage';
import type { PartedBody } from '../http/parted-body.js';
import type { ResourceScope } from '../server-context.js';

const TAIL = Buffer.from(']}\n');
const COMMA = 0x2c;
const BRACE = 0x7b;

/** A list as bytes: the head, the cached bytes of the items with commas between them, the end. */
export class ListBody implements PartedBody {
  readonly sizeBytes: number;
  readonly #head: Buffer;
  readonly #items: readonly StoredObject[];
  /** What stored objects begin with and items of lists leave out: kind and version stand once, on the list. */
  readonly #typeMeta: Buffer | null;
  /** Items whose stored bytes begin with something else, by place. */
  readonly #rewritten = new Map<number, Buffer>();
  /** Place of the next item; -1 = the head, the number of items = the end. */
  #place = -1;
  /** Bytes of that part that have been sent. */
  #offset = 0;

  /** @param head - Everything before the first item. */
  constructor(head: string, items: readonly StoredObject[], scope: ResourceScope) {
    this.#head = Buffer.from(head);
    this.#items = items;
    this.#typeMeta = typeMetaOf(scope);
    let sizeBytes = this.#head.length + TAIL.length + Math.max(0, items.length - 1);
    for (let i = 0; i < items.length; i++) sizeBytes += this.#measure(i);
    this.sizeBytes = sizeBytes;
  }

  fill(target: Buffer): number {
    let at = 0;
    while (at < target.length && this.#place <= this.#items.length) {
      at += this.#copy(target, at);
    }
    return at;
  }

  /** Bytes of an item, without the comma. */
  #measure(place: number): number {
    const { json } = this.#items[place] as StoredObject;
    const typeMeta = this.#typeMeta;
    if (typeMeta === null) return json.length;
    if (startsWith(json, typeMeta)) return json.length - typeMeta.length + 1;
    // Written by another server, in another order.
    const { kind: _kind, apiVersion: _version, ...rest } = parseExactJson(json.toString('utf8')) as KubeObject;
    const bytes = Buffer.from(stringifyExactJson(rest));
    this.#rewritten.set(place, bytes);
    return bytes.length;
  }

  /** Puts as much of the present part as fits behind `at`. */
  #copy(target: Buffer, at: number): number {
    const place = this.#place;
    if (place < 0) return this.#copyPart(this.#head, target, at);
    if (place === this.#items.length) return this.#copyPart(TAIL, target, at);
    const rewritten = this.#rewritten.size === 0 ? undefined : this.#rewritten.get(place);
    const isLast = place === this.#items.length - 1;
    if (rewritten !== undefined) return this.#copyItem(rewritten, 0, isLast, target, at);
    const { json } = this.#items[place] as StoredObject;
    // The brace takes the place of the comma behind the version.
    return this.#copyItem(json, this.#typeMeta === null ? 0 : this.#typeMeta.length - 1, isLast, target, at);
  }

  #copyPart(part: Buffer, target: Buffer, at: number): number {
    const copied = part.copy(target, at, this.#offset);
    this.#offset += copied;
    if (this.#offset === part.length) this.#next();
    return copied;
  }

  #copyItem(bytes: Buffer, skip: number, isLast: boolean, target: Buffer, at: number): number {
    const from = skip + this.#offset;
    const copied = bytes.copy(target, at, from);
    if (this.#offset === 0 && copied > 0) target[at] = BRACE;
    this.#offset += copied;
    if (from + copied < bytes.length) return copied;
    if (isLast) {
      this.#next();
      return copied;
    }
    if (at + copied === target.length) return copied;
    target[at + copied] = COMMA;
    this.#next();
    return copied + 1;
  }

  #next(): void {
    this.#place++;
    this.#offset = 0;
  }
}

function typeMetaOf(scope: ResourceScope): Buffer | null {
  const { definition } = scope.served;
  if (definition.custom) return null;
  const apiVersion = formatGroupVersion({ group: definition.group, version: definition.storageVersion });
  return Buffer.from(`{"kind":${JSON.stringify(definition.kind)},"apiVersion":${JSON.stringify(apiVersion)},`);
}

/** A loop of its own: comparing so few bytes, Node's call costs more than the bytes. */
function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  const { length } = prefix;
  if (bytes.length <= length) return false;
  for (let i = 0; i < length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}
