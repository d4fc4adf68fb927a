/** Writers of messages, made once from the fields' numbers and the schema: what `decode.ts` reads, the other way round. */
import { type Schema, stringifyExactJson } from '@k/apimachinery';
import { schemaOf } from '../schemas/notation.js';
import { messageOf } from './decode.js';
import type { ProtobufField } from './notation.js';
import type { ReverseBuffer } from './reverse-buffer.js';
import { type SpecialMessage, specialOf } from './special-messages.js';

/** Writes the content of a message, without a length. `null` and what is no object are empty messages. */
export type WriteMessage = (out: ReverseBuffer, value: unknown) => void;
/** Writes a field of a value that is neither undefined nor null: tags, lengths and contents. */
type WriteField = (out: ReverseBuffer, value: unknown) => void;
/** Writes one value behind its tag. */
type WriteValue = (out: ReverseBuffer, value: unknown) => void;

type Fields = Readonly<Record<string, unknown>>;

const VARINT = 0;
const BIT64 = 1;
const LENGTH_DELIMITED = 2;

const writers = new Map<string, WriteMessage>();

/** The writer of a definition's message; an empty message for what has none. */
export function writerOf(schema: Schema): WriteMessage {
  const { definition = '' } = schema;
  let writer = writers.get(definition);
  if (writer === undefined) {
    const special = specialOf(definition);
    // Messages hold each other: the writer is there before its fields are.
    writer = special === undefined ? lazy(() => fieldsWriter(schema, definition)) : lazy(() => specialWriter(special));
    writers.set(definition, writer);
  }
  return writer;
}

function lazy(make: () => WriteMessage): WriteMessage {
  let made: WriteMessage | undefined;
  return (out, value) => {
    made ??= make();
    made(out, value);
  };
}

/** Puts the tag and the length of a message, or of a text, before what `write` has written. */
function nested(out: ReverseBuffer, tag: number, write: WriteMessage, value: unknown): void {
  const before = out.size;
  write(out, value);
  out.varint(out.size - before);
  out.varint(tag);
}

const tagOf = (number: number, wire: number): number => number * 8 + wire;

function fieldsWriter(schema: Schema, definition: string): WriteMessage {
  const names: string[] = [];
  const fields: WriteField[] = [];
  // From the last to the first, as the bytes are written.
  const entries = [...(messageOf(definition) ?? [])].sort(([a], [b]) => b - a);
  for (const [number, field] of entries) {
    const write = fieldWriter(number, field, schema, definition);
    if (write === null) continue;
    names.push(field.name);
    fields.push(write);
  }
  const { length } = fields;
  return (out, value) => {
    if (typeof value !== 'object' || value === null) return;
    for (let i = 0; i < length; i++) {
      const name = names[i] as string;
      const given = name === '' ? value : (value as Fields)[name];
      if (given !== undefined && given !== null) (fields[i] as WriteField)(out, given);
    }
  };
}

/** Null for a field that the schema does not have. */
function fieldWriter(number: number, field: ProtobufField, schema: Schema, definition: string): WriteField | null {
  const tag = tagOf(number, LENGTH_DELIMITED);
  if (field.inlined !== '') {
    const write = fieldsWriter(schema, `${definition.slice(0, definition.lastIndexOf('.'))}.${field.inlined}`);
    return (out, value) => nested(out, tag, write, value);
  }
  const property = schema.properties?.[field.name];
  if (property === undefined) return null;
  if (!field.isListMessage) return valuesWriter(number, property);
  const items = valuesWriter(1, property);
  return (out, value) => nested(out, tag, items, value);
}

/** A field of any type: one value, or as many as a list or a map has. */
function valuesWriter(number: number, schema: Schema): WriteField {
  if (schema.type === 'array') return listWriter(number, schema.items as Schema);
  if (schema.values !== undefined) return mapWriter(tagOf(number, LENGTH_DELIMITED), schema.values);
  const { wire, write } = valueWriter(schema);
  const tag = tagOf(number, wire);
  return (out, value) => {
    write(out, value);
    out.varint(tag);
  };
}

function listWriter(number: number, items: Schema): WriteField {
  const { wire, write } = valueWriter(items);
  const tag = tagOf(number, wire);
  return (out, value) => {
    if (!Array.isArray(value)) return;
    for (let i = value.length - 1; i >= 0; i--) {
      write(out, value[i]);
      out.varint(tag);
    }
  };
}

/** Entries are messages {key = 1, value = 2}, in the order of their keys; a list as a value is a message of its own. */
function mapWriter(tag: number, values: Schema): WriteField {
  const isList = values.type === 'array';
  const items = isList ? listWriter(1, values.items as Schema) : null;
  const { wire, write } = isList ? { wire: LENGTH_DELIMITED, write: lengthFirst(items as WriteMessage) } : valueWriter(values);
  const valueTag = tagOf(2, wire);
  const keyTag = tagOf(1, LENGTH_DELIMITED);
  return (out, value) => {
    if (typeof value !== 'object') return;
    const keys = Object.keys(value as Fields);
    if (keys.length > 1) keys.sort();
    for (let i = keys.length - 1; i >= 0; i--) {
      const key = keys[i] as string;
      const before = out.size;
      write(out, (value as Fields)[key]);
      out.varint(valueTag);
      out.string(key);
      out.varint(keyTag);
      out.varint(out.size - before);
      out.varint(tag);
    }
  };
}

/** A message as a value: its length stands before it. */
function lengthFirst(write: WriteMessage): WriteValue {
  return (out, value) => {
    const before = out.size;
    write(out, value);
    out.varint(out.size - before);
  };
}

function valueWriter(schema: Schema): { wire: number; write: WriteValue } {
  switch (schema.type) {
    case 'string':
      return { wire: LENGTH_DELIMITED, write: textWriter(schema.format) };
    case 'boolean':
      return { wire: VARINT, write: (out, value) => out.byte(value === true ? 1 : 0) };
    case 'integer':
      return { wire: VARINT, write: (out, value) => out.int64(typeof value === 'bigint' ? value : Number(value)) };
    case 'number':
      return { wire: BIT64, write: (out, value) => out.double(Number(value)) };
    case 'int-or-string':
      return { wire: LENGTH_DELIMITED, write: lengthFirst(writeIntOrString) };
    default:
      return { wire: LENGTH_DELIMITED, write: lengthFirst(writerOf(schema)) };
  }
}

const TEXT_TAG = tagOf(1, LENGTH_DELIMITED);

function textWriter(format: string | undefined): WriteValue {
  if (format === 'byte') return (out, value) => out.bytes(Buffer.from(String(value), 'base64'));
  if (format === 'date-time' || format === 'micro-time') return lengthFirst(writeTimestamp);
  if (format !== 'quantity') return (out, value) => out.string(typeof value === 'string' ? value : String(value ?? ''));
  return lengthFirst((out, value) => {
    out.string(String(value));
    out.varint(TEXT_TAG);
  });
}

/** {seconds = 1, nanos = 2}; empty for no time. */
function writeTimestamp(out: ReverseBuffer, value: unknown): void {
  if (typeof value !== 'string') return;
  const fraction = value.length > 20 ? (/\.(\d{1,9})/.exec(value)?.[1] ?? '') : '';
  out.int64(fraction === '' ? 0 : Number(fraction.padEnd(9, '0')));
  out.varint(tagOf(2, VARINT));
  out.int64(Math.floor(Date.parse(value) / 1000));
  out.varint(tagOf(1, VARINT));
}

/** {type = 1 (0 integer, 1 text), intVal = 2, strVal = 3}. */
function writeIntOrString(out: ReverseBuffer, value: unknown): void {
  const isText = typeof value === 'string';
  out.string(isText ? value : '');
  out.varint(tagOf(3, LENGTH_DELIMITED));
  out.int64(isText ? 0 : Number(value));
  out.varint(tagOf(2, VARINT));
  out.byte(isText ? 1 : 0);
  out.varint(tagOf(1, VARINT));
}

/** Messages whose JSON form is not an object of their fields. */
function specialWriter(special: SpecialMessage): WriteMessage {
  if (special === 'raw-json') {
    return (out, value) => {
      out.string(stringifyExactJson(value));
      out.varint(TEXT_TAG);
    };
  }
  const schema = writerOf(schemaOf('apiextensions.v1/JSONSchemaProps'));
  const item = (out: ReverseBuffer, number: number, value: unknown): void => nested(out, tagOf(number, LENGTH_DELIMITED), schema, value);
  if (special === 'schema-or-bool') {
    return (out, value) => {
      if (typeof value === 'object') item(out, 2, value);
      out.byte(value === false ? 0 : 1);
      out.varint(tagOf(1, VARINT));
    };
  }
  const list =
    special === 'schema-or-strings'
      ? listWriter(2, { type: 'string' })
      : (out: ReverseBuffer, value: unknown) => items(out, value as unknown[]);
  const items = (out: ReverseBuffer, values: readonly unknown[]): void => {
    for (let i = values.length - 1; i >= 0; i--) item(out, 2, values[i]);
  };
  return (out, value) => {
    if (Array.isArray(value)) list(out, value);
    else item(out, 1, value);
  };
}
