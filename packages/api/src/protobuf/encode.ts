/** Objects to Kubernetes' protobuf form: what `decode.ts` reads, the other way round. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { KubeObject, Schema } from '@k/apimachinery';
import { schemaOf } from '../schemas/notation.js';
import { schemaPackages } from '../schemas/packages.js';
import { messageOf } from './decode.js';
import { specialOf, writeSpecial, writeTimestamp } from './special-messages.js';

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

type Fields = Readonly<Record<string, unknown>>;

/**
 * Encodes an object or a list of objects, in the envelope that clients expect.
 *
 * @returns `null` for a kind that has no protobuf form: custom resources, Tables.
 */
export function encodeProtobuf(object: KubeObject): Buffer | null {
  const { apiVersion = '', kind = '' } = object;
  const writer = new BinaryWriter();
  if (!writeContent(writer, apiVersion, kind, object as Fields)) return null;
  const typeMeta = new BinaryWriter();
  typeMeta.tag(1, WireType.LengthDelimited).string(apiVersion).tag(2, WireType.LengthDelimited).string(kind);
  const envelope = new BinaryWriter();
  envelope.tag(1, WireType.LengthDelimited).bytes(typeMeta.finish());
  envelope.tag(2, WireType.LengthDelimited).bytes(writer.finish());
  envelope.tag(3, WireType.LengthDelimited).string('').tag(4, WireType.LengthDelimited).string('');
  return Buffer.concat([MAGIC, envelope.finish()]);
}

/**
 * One event of a watch as it is framed on the wire: four bytes of length, big-endian, and a `WatchEvent` whose object
 * is one of {@link encodeProtobuf}.
 *
 * @throws RangeError for a kind that has no protobuf form.
 */
export function encodeProtobufEvent(type: string, object: KubeObject): Buffer {
  const encoded = encodeProtobuf(object);
  if (encoded === null) throw new RangeError(`${object.apiVersion ?? ''} ${object.kind ?? ''} has no protobuf form`);
  const event = new BinaryWriter();
  event.tag(1, WireType.LengthDelimited).string(type);
  writeNested(event, 2, (inner) => inner.tag(1, WireType.LengthDelimited).bytes(encoded));
  const bytes = event.finish();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function writeContent(writer: BinaryWriter, apiVersion: string, kind: string, object: Fields): boolean {
  const schema = schemaOfKind(apiVersion, kind);
  if (schema !== undefined) {
    writeMessage(writer, schema, object);
    return true;
  }
  const { items } = object;
  const itemSchema = kind.endsWith('List') ? schemaOfKind(apiVersion, kind.slice(0, -'List'.length)) : undefined;
  if (itemSchema === undefined || (items !== null && !Array.isArray(items))) return false;
  writeNested(writer, 1, (inner) => writeMessage(inner, schemaOf(`${META}/ListMeta`), (object['metadata'] ?? {}) as Fields));
  for (const item of (items ?? []) as Fields[]) writeNested(writer, 2, (inner) => writeMessage(inner, itemSchema, item));
  return true;
}

/** The schema of a built-in kind that has a message. */
function schemaOfKind(apiVersion: string, kind: string): Schema | undefined {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const own = `${PACKAGE_OF_GROUP[group]}.${apiVersion.slice(slash + 1)}`;
  // Status and the lists of discovery count as kinds of v1.
  const label = [own, ...(apiVersion === 'v1' ? [META] : [])].find((name) => schemaPackages[name]?.table[kind] !== undefined);
  if (label === undefined) return undefined;
  const schema = schemaOf(`${label}/${kind}`);
  return schema.definition !== undefined && messageOf(schema.definition) !== undefined ? schema : undefined;
}

function writeNested(writer: BinaryWriter, number: number, write: (inner: BinaryWriter) => void): void {
  writer.tag(number, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

function writeMessage(writer: BinaryWriter, schema: Schema, value: unknown): void {
  const { definition = '' } = schema;
  const special = specialOf(definition);
  if (special !== undefined) writeSpecial(special, writer, value, writeMessage);
  else if (typeof value === 'object' && value !== null) writeFields(writer, schema, definition, value as Fields);
}

function writeFields(writer: BinaryWriter, schema: Schema, definition: string, value: Fields): void {
  for (const [number, field] of messageOf(definition) ?? []) {
    if (field.inlined !== '') {
      const inlined = `${schema.definition?.slice(0, schema.definition.lastIndexOf('.'))}.${field.inlined}`;
      writeNested(writer, number, (inner) => writeFields(inner, schema, inlined, value));
      continue;
    }
    const property = schema.properties?.[field.name];
    const given = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
    if (property !== undefined && given !== undefined && given !== null) writeField(writer, number, property, given);
  }
}

function writeField(writer: BinaryWriter, number: number, schema: Schema, value: unknown): void {
  if (schema.type === 'array') {
    for (const item of value as unknown[]) writeValue(writer, number, schema.items as Schema, item);
    return;
  }
  const { values } = schema;
  if (values === undefined) {
    writeValue(writer, number, schema, value);
    return;
  }
  // Go writes the entries of a map in the order of their keys.
  for (const key of Object.keys(value as Fields).sort()) {
    writeNested(writer, number, (entry) => {
      entry.tag(1, WireType.LengthDelimited).string(key);
      const item = (value as Fields)[key];
      if (values.type !== 'array') writeValue(entry, 2, values, item);
      else writeNested(entry, 2, (list) => writeField(list, 1, values, item ?? []));
    });
  }
}

function writeValue(writer: BinaryWriter, number: number, schema: Schema, value: unknown): void {
  switch (schema.type) {
    case 'string':
      if (schema.format === 'byte') writer.tag(number, WireType.LengthDelimited).bytes(Buffer.from(String(value), 'base64'));
      else if (schema.format === 'date-time' || schema.format === 'micro-time') {
        writeNested(writer, number, (inner) => writeTimestamp(inner, String(value)));
      } else if (schema.format === 'quantity') {
        writeNested(writer, number, (inner) => inner.tag(1, WireType.LengthDelimited).string(String(value)));
      } else writer.tag(number, WireType.LengthDelimited).string(String(value));
      return;
    case 'boolean':
      writer.tag(number, WireType.Varint).bool(value === true);
      return;
    case 'integer':
      writer.tag(number, WireType.Varint).int64(typeof value === 'bigint' ? value : BigInt(Math.trunc(Number(value))));
      return;
    case 'number':
      writer.tag(number, WireType.Bit64).double(Number(value));
      return;
    case 'int-or-string':
      writeNested(writer, number, (inner) => writeIntOrString(inner, value));
      return;
    default:
      writeNested(writer, number, (inner) => writeMessage(inner, schema, value));
  }
}

/** {type = 1 (0 integer, 1 text), intVal = 2, strVal = 3}. */
function writeIntOrString(writer: BinaryWriter, value: unknown): void {
  const isText = typeof value === 'string';
  writer.tag(1, WireType.Varint).int64(isText ? 1 : 0);
  writer.tag(2, WireType.Varint).int32(isText ? 0 : Number(value));
  writer.tag(3, WireType.LengthDelimited).string(isText ? value : '');
}
