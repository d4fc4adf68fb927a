/**
 * Objects from Kubernetes' protobuf form: what kubectl and Go clients send.
 *
 * 1. Four bytes `k8s\0`, then a `runtime.Unknown` {typeMeta = 1, raw = 2, contentEncoding = 3, contentType = 4}.
 * 2. `raw` is the message of the kind; its fields are found by the numbers in `fields/`, their types in the schema.
 * 3. The result is the object that the same client would have sent as JSON: scalars that Go always writes are left
 *    out when they are zero, messages without a field in JSON are spread into their parent.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { KubeObject, Schema } from '@k/apimachinery';
import { schemaPackages } from '../schemas/packages.js';
import { FIELD_NUMBERS } from './field-numbers.js';
import { type ProtobufField, parseFieldNumbers } from './notation.js';
import { readSpecial, readTimestamp, specialOf } from './special-messages.js';
import { WIRE_ONLY_PREFIXES } from './wire-only.js';

/** The media type of the form. */
export const PROTOBUF_MEDIA_TYPE = 'application/vnd.kubernetes.protobuf';

const MAGIC = Buffer.from('k8s\0', 'latin1');
/** Deeper messages than any kind has are refused. */
const DEPTH_MAX = 200;

/** Bytes that are no object in protobuf form. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

/** The envelope of an object. */
export interface ProtobufEnvelope {
  apiVersion: string;
  kind: string;
  raw: Uint8Array;
}

type Message = ReadonlyMap<number, ProtobufField>;
type Fields = Record<string, unknown>;

/**
 * Opens the envelope.
 *
 * @throws {@link ProtobufError} for bytes without the prefix, truncated ones, and encoded or foreign contents.
 */
export function readProtobufEnvelope(body: Uint8Array): ProtobufEnvelope {
  if (!MAGIC.equals(body.subarray(0, MAGIC.length)))
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  return guarded(() => {
    const envelope: ProtobufEnvelope = { apiVersion: '', kind: '', raw: new Uint8Array() };
    const reader = new BinaryReader(body.subarray(MAGIC.length));
    let encoding = '';
    while (reader.pos < reader.len) {
      const [number, wire] = reader.tag();
      if (number === 1) readTypeMeta(new BinaryReader(reader.bytes()), envelope);
      else if (number === 2) envelope.raw = reader.bytes();
      else if (number === 3) encoding = reader.string();
      else reader.skip(wire, number);
    }
    if (encoding !== '') throw new ProtobufError(`content encoding ${JSON.stringify(encoding)} is not supported`);
    return envelope;
  });
}

function readTypeMeta(reader: BinaryReader, envelope: ProtobufEnvelope): void {
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1) envelope.apiVersion = reader.string();
    else if (number === 2) envelope.kind = reader.string();
    else reader.skip(wire, number);
  }
}

/**
 * Decodes the message of one kind.
 *
 * @param schema - Of the kind; one that comes from the built-in schemas.
 * @returns The object without `apiVersion` and `kind`.
 * @throws {@link ProtobufError} for bytes that are no such message, and for kinds that have no protobuf form.
 */
export function decodeProtobuf(raw: Uint8Array, schema: Schema): KubeObject {
  return guarded(() => readMessage(new BinaryReader(raw), schema, 0) as KubeObject);
}

/** Whether a kind has a protobuf form: custom resources have none. */
export function hasProtobufForm(schema: Schema): boolean {
  return schema.definition !== undefined && messageOf(schema.definition) !== undefined;
}

function guarded<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof ProtobufError) throw error;
    throw new ProtobufError(error instanceof Error ? error.message : String(error));
  }
}

const messages = new Map<string, Message | null>();

/** The message of an OpenAPI definition name, e.g. `io.k8s.api.core.v1.Pod`. */
export function messageOf(definition: string): Message | undefined {
  let message = messages.get(definition);
  if (message === undefined) {
    const dot = definition.lastIndexOf('.');
    const prefix = definition.slice(0, dot);
    const label =
      WIRE_ONLY_PREFIXES[prefix] ?? Object.keys(schemaPackages).find((name) => schemaPackages[name]?.definitionPrefix === prefix);
    const text = label === undefined ? undefined : FIELD_NUMBERS[label]?.[definition.slice(dot + 1)];
    message = text === undefined ? null : parseFieldNumbers(text);
    messages.set(definition, message);
  }
  return message ?? undefined;
}

function readMessage(reader: BinaryReader, schema: Schema, depth: number): unknown {
  const { definition = '' } = schema;
  const special = specialOf(definition);
  if (special !== undefined) return readSpecial(special, reader, (bytes, of) => readMessage(new BinaryReader(bytes), of, depth + 1));
  const message = messageOf(definition);
  if (message === undefined) throw new ProtobufError(`${definition === '' ? 'the object' : definition} has no protobuf form`);
  const out: Fields = {};
  readFields(reader, message, schema, definition, out, depth);
  return out;
}

function readFields(reader: BinaryReader, message: Message, schema: Schema, definition: string, out: Fields, depth: number): void {
  if (depth > DEPTH_MAX) throw new ProtobufError('the message is nested too deeply');
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const field = message.get(number);
    if (field === undefined) {
      reader.skip(wire, number);
      continue;
    }
    if (field.inlined !== '') {
      const inlined = messageOf(`${definition.slice(0, definition.lastIndexOf('.'))}.${field.inlined}`);
      if (inlined === undefined) throw new ProtobufError(`${field.inlined} has no protobuf form`);
      const outer = enter(reader);
      readFields(reader, inlined, schema, definition, out, depth + 1);
      leave(reader, outer);
      continue;
    }
    const property = schema.properties?.[field.name];
    if (property === undefined) {
      reader.skip(wire, number);
      continue;
    }
    readField(reader, wire, field, property, out, depth);
  }
}

function readField(reader: BinaryReader, wire: WireType, field: ProtobufField, schema: Schema, out: Fields, depth: number): void {
  const { name } = field;
  if (field.isListMessage) {
    out[name] = nested(reader, () => readList(reader, schema.items as Schema, depth));
    return;
  }
  if (schema.type === 'array') {
    const items = schema.items as Schema;
    const list = (out[name] ??= []) as unknown[];
    const isPacked = wire === WireType.LengthDelimited && (items.type === 'integer' || items.type === 'boolean');
    if (!isPacked) list.push(readValue(reader, items, depth));
    else for (const packed = new BinaryReader(reader.bytes()); packed.pos < packed.len; ) list.push(readValue(packed, items, depth));
    return;
  }
  if (schema.values !== undefined) {
    const outer = enter(reader);
    const [key, value] = readEntry(reader, schema.values, depth);
    leave(reader, outer);
    const map = (out[name] ??= {}) as Fields;
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
    return;
  }
  const value = readValue(reader, schema, depth);
  if (value === undefined || (value === '' && !field.emptyCounts) || (field.zeroIsUnset && (value === 0 || value === false))) return;
  out[name] = value;
}

/** One entry of a map: {key = 1, value = 2}; a list as a value is a message {items = 1}. */
function readEntry(reader: BinaryReader, schema: Schema, depth: number): [string, unknown] {
  let key = '';
  let value: unknown;
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1) key = reader.string();
    else if (number !== 2) reader.skip(wire, number);
    else if (schema.type !== 'array') value = readValue(reader, schema, depth + 1);
    else value = nested(reader, () => readList(reader, schema.items as Schema, depth));
  }
  if (value === undefined) value = schema.type === 'array' ? [] : schema.type === 'string' ? '' : schema.type === 'object' ? {} : 0;
  return [key, value];
}

/** Narrows a reader to the message behind its length: a reader of its own costs more than most messages. @returns What ends it. */
function enter(reader: BinaryReader): number {
  const sizeBytes = reader.uint32();
  const outer = reader.len;
  if (reader.pos + sizeBytes > outer) throw new ProtobufError('the message ends early');
  (reader as { len: number }).len = reader.pos + sizeBytes;
  return outer;
}

/** The reverse of {@link enter}, with what it returned. */
function leave(reader: BinaryReader, outer: number): void {
  if (reader.pos !== reader.len) throw new ProtobufError('a field is longer than its message');
  (reader as { len: number }).len = outer;
}

function nested<T>(reader: BinaryReader, read: (reader: BinaryReader) => T): T {
  const outer = enter(reader);
  const value = read(reader);
  leave(reader, outer);
  return value;
}

/** A list in a message of its own: {items = 1}. */
function readList(reader: BinaryReader, items: Schema, depth: number): unknown[] {
  const list: unknown[] = [];
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1) list.push(readValue(reader, items, depth + 1));
    else reader.skip(wire, number);
  }
  return list;
}

/** One value; undefined for a time or an integer-or-string that is not set. */
function readValue(reader: BinaryReader, schema: Schema, depth: number): unknown {
  switch (schema.type) {
    case 'string':
      if (schema.format === 'byte') return Buffer.from(reader.bytes()).toString('base64');
      if (schema.format === 'date-time' || schema.format === 'micro-time') {
        return nested(reader, () => readTimestamp(reader, schema.format === 'micro-time'));
      }
      return schema.format === 'quantity' ? nested(reader, readQuantity) : reader.string();
    case 'boolean':
      return reader.bool();
    case 'integer': {
      const number = BigInt(reader.int64());
      return Number.isSafeInteger(Number(number)) ? Number(number) : number;
    }
    case 'number':
      return reader.double();
    case 'int-or-string':
      return nested(reader, readIntOrString);
    default: {
      const outer = enter(reader);
      const value = readMessage(reader, schema, depth + 1);
      leave(reader, outer);
      return value;
    }
  }
}

/** {string = 1}; absent means nought. */
function readQuantity(reader: BinaryReader): string {
  let text = '0';
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1) text = reader.string();
    else reader.skip(wire, number);
  }
  return text;
}

/** {type = 1 (0 integer, 1 text), intVal = 2, strVal = 3}. */
function readIntOrString(reader: BinaryReader): number | string {
  let isText = false;
  let number = 0;
  let text = '';
  while (reader.pos < reader.len) {
    const [at, wire] = reader.tag();
    if (at === 1) isText = Number(reader.int64()) === 1;
    else if (at === 2) number = reader.int32();
    else if (at === 3) text = reader.string();
    else reader.skip(wire, at);
  }
  return isText ? text : number;
}
