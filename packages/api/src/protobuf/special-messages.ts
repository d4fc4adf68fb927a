/** Messages whose JSON form is not an object of their fields. */
import type { BinaryReader } from '@bufbuild/protobuf/wire';
import { parseExactJson, type Schema } from '@k/apimachinery';
import { schemaOf } from '../schemas/notation.js';

/** How such a message is read. */
export type SpecialMessage = 'raw-json' | 'schema-or-array' | 'schema-or-bool' | 'schema-or-strings';

const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const SPECIAL: Readonly<Record<string, SpecialMessage>> = {
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'raw-json',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'raw-json',
  [`${EXTENSIONS}.JSON`]: 'raw-json',
  [`${EXTENSIONS}.JSONSchemaPropsOrArray`]: 'schema-or-array',
  [`${EXTENSIONS}.JSONSchemaPropsOrBool`]: 'schema-or-bool',
  [`${EXTENSIONS}.JSONSchemaPropsOrStringArray`]: 'schema-or-strings',
};

/** Undefined for an ordinary message. */
export function specialOf(definition: string): SpecialMessage | undefined {
  return SPECIAL[definition];
}

/**
 * Reads a special message.
 *
 * @param readNested - Reads a message of a definition from its bytes.
 */
export function readSpecial(
  special: SpecialMessage,
  reader: BinaryReader,
  readNested: (bytes: Uint8Array, schema: Schema) => unknown,
): unknown {
  const nested = (bytes: Uint8Array): unknown => readNested(bytes, schemaOf('apiextensions.v1/JSONSchemaProps'));
  let raw: Uint8Array = new Uint8Array();
  let single: unknown;
  let allows = false;
  const list: unknown[] = [];
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (special === 'raw-json' && number === 1) raw = reader.bytes();
    else if (special === 'schema-or-bool' && number === 1) allows = reader.bool();
    else if (special === 'schema-or-bool' && number === 2) single = nested(reader.bytes());
    else if (number === 1) single = nested(reader.bytes());
    else if (number === 2) list.push(special === 'schema-or-strings' ? reader.string() : nested(reader.bytes()));
    else reader.skip(wire, number);
  }
  if (special === 'raw-json') return raw.length === 0 ? null : parseExactJson(Buffer.from(raw).toString('utf8'));
  if (single !== undefined) return single;
  return special === 'schema-or-bool' ? allows : list;
}

/** {seconds = 1, nanos = 2}; undefined when both are nought, which stands for no time. */
export function readTimestamp(reader: BinaryReader, isMicro: boolean): string | undefined {
  let seconds = 0;
  let nanos = 0;
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1) seconds = Number(reader.int64());
    else if (number === 2) nanos = reader.int32();
    else reader.skip(wire, number);
  }
  if (seconds === 0 && nanos === 0) return undefined;
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return isMicro ? `${text}.${String(Math.trunc(nanos / 1000)).padStart(6, '0')}Z` : `${text}Z`;
}
