/**
 * The v2 document in protobuf, the form in which client-go asks for it: messages of `openapi.v2` (gnostic), written
 * straight from the JSON document.
 */
import { stringifyExactJson } from '@k/apimachinery';
import type { Json } from './definitions.js';

/** How a JSON property becomes a field: its number and its writer. */
type Field = readonly [number: number, encode: Encode];
type Encode = (writer: ProtobufWriter, number: number, value: unknown) => void;

/** Appends length-delimited fields; nested messages are built first, so sizes are known. */
class ProtobufWriter {
  readonly #parts: Buffer[] = [];

  string(number: number, text: string): void {
    this.bytes(number, Buffer.from(text, 'utf8'));
  }
  bytes(number: number, body: Buffer): void {
    this.#parts.push(varint((number << 3) | 2), varint(body.length), body);
  }
  bool(number: number, value: boolean): void {
    this.#parts.push(varint(number << 3), varint(value ? 1 : 0));
  }
  integer(number: number, value: number): void {
    this.#parts.push(varint(number << 3), varint(value));
  }
  double(number: number, value: number): void {
    const body = Buffer.alloc(8);
    body.writeDoubleLE(value);
    this.#parts.push(varint((number << 3) | 1), body);
  }
  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

const string: Encode = (writer, number, value) => writer.string(number, String(value));
const bool: Encode = (writer, number, value) => writer.bool(number, value === true);
const integer: Encode = (writer, number, value) => writer.integer(number, Number(value));
const double: Encode = (writer, number, value) => writer.double(number, Number(value));
/** `Any`: the value as YAML, of which JSON is a part. */
const any: Encode = (writer, number, value) => {
  const inner = new ProtobufWriter();
  inner.string(2, stringifyExactJson(value));
  writer.bytes(number, inner.finish());
};
const each =
  (encode: Encode): Encode =>
  (writer, number, value) => {
    for (const item of value as unknown[]) encode(writer, number, item);
  };
/** A message inside a `oneof` wrapper. */
const wrapped =
  (inside: number, encode: Encode): Encode =>
  (writer, number, value) => {
    const inner = new ProtobufWriter();
    encode(inner, inside, value);
    writer.bytes(number, inner.finish());
  };
/** A map as repeated (name, value) pairs in field `inside` of a message of its own. */
const map =
  (inside: number, encode: Encode): Encode =>
  (writer, number, value) => {
    const inner = new ProtobufWriter();
    for (const [name, item] of Object.entries(value as Json)) named(inner, inside, name, item, encode);
    writer.bytes(number, inner.finish());
  };

function named(writer: ProtobufWriter, number: number, name: string, value: unknown, encode: Encode): void {
  const pair = new ProtobufWriter();
  pair.string(1, name);
  encode(pair, 2, value);
  writer.bytes(number, pair.finish());
}

/** A message from an object; properties that begin with `x-` go into its extensions. */
const message =
  (fields: () => Readonly<Record<string, Field>>, extensions = 0): Encode =>
  (writer, number, value) =>
    writer.bytes(number, encodeMessage(value as Json, fields(), extensions));

function encodeMessage(value: Json, fields: Readonly<Record<string, Field>>, extensions: number): Buffer {
  const writer = new ProtobufWriter();
  for (const [key, child] of Object.entries(value)) {
    if (child === undefined) continue;
    const field = fields[key];
    if (field !== undefined) field[1](writer, field[0], child);
    else if (key.startsWith('x-') && extensions > 0) named(writer, extensions, key, child, any);
  }
  return writer.finish();
}

const SCHEMA: Readonly<Record<string, Field>> = {
  $ref: [1, string],
  format: [2, string],
  title: [3, string],
  description: [4, string],
  default: [5, any],
  multipleOf: [6, double],
  maximum: [7, double],
  exclusiveMaximum: [8, bool],
  minimum: [9, double],
  exclusiveMinimum: [10, bool],
  maxLength: [11, integer],
  minLength: [12, integer],
  pattern: [13, string],
  maxItems: [14, integer],
  minItems: [15, integer],
  uniqueItems: [16, bool],
  maxProperties: [17, integer],
  minProperties: [18, integer],
  required: [19, each(string)],
  enum: [20, each(any)],
  additionalProperties: [
    21,
    (writer, number, value) => (typeof value === 'boolean' ? wrapped(2, bool) : wrapped(1, schema))(writer, number, value),
  ],
  type: [22, wrapped(1, string)],
  items: [23, (writer, number, value) => wrapped(1, schema)(writer, number, value)],
  properties: [25, (writer, number, value) => map(1, schema)(writer, number, value)],
  example: [30, any],
};
const schema: Encode = message(() => SCHEMA, 31);

const BODY: Readonly<Record<string, Field>> = {
  description: [1, string],
  name: [2, string],
  in: [3, string],
  required: [4, bool],
  schema: [5, schema],
};
const QUERY: Readonly<Record<string, Field>> = {
  required: [1, bool],
  in: [2, string],
  description: [3, string],
  name: [4, string],
  type: [6, string],
  uniqueItems: [20, bool],
};
const PATH: Readonly<Record<string, Field>> = {
  required: [1, bool],
  in: [2, string],
  description: [3, string],
  name: [4, string],
  type: [5, string],
  uniqueItems: [19, bool],
};

/** `Parameter`: of the body, the query or the path. */
const parameter: Encode = (writer, number, value) => {
  const place = (value as Json)['in'];
  if (place === 'body')
    wrapped(
      1,
      message(() => BODY),
    )(writer, number, value);
  else if (place === 'query')
    wrapped(
      2,
      wrapped(
        3,
        message(() => QUERY),
      ),
    )(writer, number, value);
  else
    wrapped(
      2,
      wrapped(
        4,
        message(() => PATH),
      ),
    )(writer, number, value);
};
const reference: Encode = message(() => ({ $ref: [1, string] }));
const parameterItem: Encode = (writer, number, value) =>
  ('$ref' in (value as Json) ? wrapped(2, reference) : wrapped(1, parameter))(writer, number, value);

const RESPONSE: Readonly<Record<string, Field>> = { description: [1, string], schema: [2, wrapped(1, schema)] };
const OPERATION: Readonly<Record<string, Field>> = {
  tags: [1, each(string)],
  description: [3, string],
  operationId: [5, string],
  produces: [6, each(string)],
  consumes: [7, each(string)],
  parameters: [8, each(parameterItem)],
  responses: [
    9,
    map(
      1,
      wrapped(
        1,
        message(() => RESPONSE),
      ),
    ),
  ],
  schemes: [10, each(string)],
};
const operation: Encode = message(() => OPERATION, 13);
const PATH_ITEM: Readonly<Record<string, Field>> = {
  get: [2, operation],
  put: [3, operation],
  post: [4, operation],
  delete: [5, operation],
  options: [6, operation],
  head: [7, operation],
  patch: [8, operation],
  parameters: [9, each(parameterItem)],
};
const API_KEY: Readonly<Record<string, Field>> = { type: [1, string], name: [2, string], in: [3, string], description: [4, string] };

const DOCUMENT: Readonly<Record<string, Field>> = {
  swagger: [1, string],
  info: [2, message(() => ({ title: [1, string], version: [2, string] }))],
  paths: [
    8,
    map(
      2,
      message(() => PATH_ITEM),
    ),
  ],
  definitions: [9, map(1, schema)],
  parameters: [10, map(1, parameter)],
  security: [
    12,
    each(
      map(
        1,
        message(() => ({})),
      ),
    ),
  ],
  securityDefinitions: [
    13,
    map(
      1,
      wrapped(
        2,
        message(() => API_KEY),
      ),
    ),
  ],
};

/** The bytes of an `openapi.v2.Document`. */
export function encodeOpenApiV2(document: Json): Buffer {
  return encodeMessage(document, DOCUMENT, 16);
}
