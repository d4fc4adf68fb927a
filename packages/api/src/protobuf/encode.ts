/** Objects to Kubernetes' protobuf form: what `decode.ts` reads, the other way round. */
import type { KubeObject, Schema } from '@k/apimachinery';
import { schemaOf } from '../schemas/notation.js';
import { schemaPackages } from '../schemas/packages.js';
import { messageOf } from './decode.js';
import { writerOf } from './message-writers.js';
import { ReverseBuffer } from './reverse-buffer.js';
import { wireOnlySchema } from './wire-only.js';

const MAGIC = Buffer.from('k8s\0', 'latin1');
const META = 'meta.v1';

/** Built-in groups by the first part of their packages' labels, where the names differ. */
const PACKAGE_OF_GROUP: Readonly<Record<string, string>> = {
  '': 'core',
  'flowcontrol.apiserver.k8s.io': 'flowcontrol',
  'rbac.authorization.k8s.io': 'rbac',
  ...Object.fromEntries(['apps', 'autoscaling', 'batch', 'policy'].map((group) => [group, group])),
  ...Object.fromEntries(
    [
      ...['admissionregistration', 'apiextensions', 'apiregistration', 'authentication', 'authorization', 'certificates'],
      ...['coordination', 'discovery', 'events', 'networking', 'node', 'resource', 'scheduling', 'storage'],
    ].map((name) => [`${name}.k8s.io`, name]),
  ),
};

/** Tags of fields 1 and 2, of texts and messages. */
const FIRST = 0x0a;
const SECOND = 0x12;
/** {contentEncoding = 3, contentType = 4}, both empty: the end of every envelope. */
const ENVELOPE_END = Buffer.from([0x1a, 0, 0x22, 0]);

/** Where objects are written, one after the other. */
const scratch = new ReverseBuffer();

/**
 * Encodes an object or a list of objects, in the envelope that clients expect.
 *
 * @returns `null` for a kind that has no protobuf form: custom resources, Tables.
 */
export function encodeProtobuf(object: KubeObject): Buffer | null {
  const { apiVersion = '', kind = '' } = object;
  const schema = contentSchema(apiVersion, kind);
  if (schema === undefined) return null;
  scratch.clear();
  writeEnvelope(scratch, apiVersion, kind, () => writerOf(schema)(scratch, object));
  return scratch.copy();
}

/**
 * One event of a watch as it is framed on the wire: four bytes of length, big-endian, and a `WatchEvent` whose object
 * is one of {@link encodeProtobuf}.
 *
 * @throws RangeError for a kind that has no protobuf form.
 */
export function encodeProtobufEvent(type: string, object: KubeObject): Buffer {
  const { apiVersion = '', kind = '' } = object;
  const schema = contentSchema(apiVersion, kind);
  if (schema === undefined) throw new RangeError(`${apiVersion} ${kind} has no protobuf form`);
  scratch.clear();
  // {type = 1, object = 2 {raw = 1}}
  writeEnvelope(scratch, apiVersion, kind, () => writerOf(schema)(scratch, object));
  for (const tag of [FIRST, SECOND]) {
    scratch.varint(scratch.size);
    scratch.byte(tag);
  }
  scratch.string(type);
  scratch.byte(FIRST);
  const length = scratch.size;
  for (let shift = 0; shift < 32; shift += 8) scratch.byte((length >>> shift) & 0xff);
  return scratch.copy();
}

/** Writes an envelope around the content, from its end. */
function writeEnvelope(out: ReverseBuffer, apiVersion: string, kind: string, writeContent: () => void): void {
  for (let i = ENVELOPE_END.length - 1; i >= 0; i--) out.byte(ENVELOPE_END[i] as number);
  const before = out.size;
  writeContent();
  writeEnvelopeHead(out, apiVersion, kind, out.size - before);
}

/** Everything before the content. */
function writeEnvelopeHead(out: ReverseBuffer, apiVersion: string, kind: string, contentBytes: number): void {
  out.varint(contentBytes);
  out.byte(SECOND);
  const before = out.size;
  out.string(kind);
  out.byte(SECOND);
  out.string(apiVersion);
  out.byte(FIRST);
  out.varint(out.size - before);
  out.byte(FIRST);
  for (let i = MAGIC.length - 1; i >= 0; i--) out.byte(MAGIC[i] as number);
}

/** Bytes of one part of a long list. */
const PART_BYTES = 256 * 1024;

/** A list whose objects are encoded one by one, so that their caller can let others have their turn between them. */
export class ProtobufList {
  readonly #apiVersion: string;
  readonly #kind: string;
  readonly #writeMetadata: (metadata: unknown) => void;
  readonly #writeItem: (item: unknown) => void;
  readonly #metadataFirst: boolean;
  readonly #parts: Buffer[] = [];
  #part: Buffer = Buffer.alloc(0);
  /** Bytes used of the present part. */
  #used = 0;
  #sizeBytes = 0;

  private constructor(apiVersion: string, kind: string, schema: Schema) {
    this.#apiVersion = apiVersion;
    this.#kind = kind;
    const numbers = new Map([...(messageOf(schema.definition ?? '') ?? [])].map(([number, { name }]) => [name, number]));
    const writer = (name: string, of: Schema): ((value: unknown) => void) => {
      const tag = (numbers.get(name) as number) * 8 + 2;
      const write = writerOf(of);
      return (value) => {
        scratch.clear();
        write(scratch, value);
        scratch.varint(scratch.size);
        scratch.byte(tag);
      };
    };
    const { metadata, items } = schema.properties as Record<string, Schema>;
    this.#writeMetadata = writer('metadata', metadata as Schema);
    this.#writeItem = writer('items', (items as Schema).items as Schema);
    this.#metadataFirst = (numbers.get('metadata') as number) < (numbers.get('items') as number);
  }

  /** An empty list; `null` for a kind that is no list or has no protobuf form. */
  static of(apiVersion: string, kind: string): ProtobufList | null {
    const schema = contentSchema(apiVersion, kind);
    return schema?.properties?.['items'] === undefined || !kind.endsWith('List') ? null : new ProtobufList(apiVersion, kind, schema);
  }

  /** Adds an object, of the list's kind. Keeps no reference to it. */
  add(item: KubeObject): void {
    this.#writeItem(item);
    const { size } = scratch;
    if (this.#used + size > this.#part.length) {
      this.#close();
      this.#part = Buffer.allocUnsafeSlow(Math.max(PART_BYTES, size));
    }
    scratch.copyTo(this.#part, this.#used);
    this.#used += size;
    this.#sizeBytes += size;
  }

  /** The whole answer, in the order of its parts. Nothing is added after it. */
  finish(metadata: object): Buffer[] {
    this.#close();
    this.#writeMetadata(metadata);
    const meta = scratch.copy();
    scratch.clear();
    writeEnvelopeHead(scratch, this.#apiVersion, this.#kind, this.#sizeBytes + meta.length);
    const head = scratch.copy();
    return this.#metadataFirst ? [head, meta, ...this.#parts, ENVELOPE_END] : [head, ...this.#parts, meta, ENVELOPE_END];
  }

  #close(): void {
    if (this.#used > 0) this.#parts.push(this.#part.subarray(0, this.#used));
    this.#used = 0;
    this.#part = Buffer.alloc(0);
  }
}

/** The schema of a kind, or of a list of one, that has a message. */
function contentSchema(apiVersion: string, kind: string): Schema | undefined {
  const wireOnly = wireOnlySchema(apiVersion, kind);
  if (wireOnly !== undefined) return wireOnly;
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const own = `${PACKAGE_OF_GROUP[group]}.${apiVersion.slice(slash + 1)}`;
  // Status and the lists of discovery count as kinds of v1; the core group's discovery does without a version.
  const label = [own, ...(apiVersion === 'v1' || apiVersion === '' ? [META] : [])].find(
    (name) => schemaPackages[name]?.table[kind] !== undefined,
  );
  if (label === undefined) return undefined;
  const schema = schemaOf(`${label}/${kind}`);
  return schema.definition !== undefined && messageOf(schema.definition) !== undefined ? schema : undefined;
}
