/**
 * A request body to an object: content type, syntax, kind, unknown fields, defaults. Follows the order in which
 * kube-apiserver looks, since the first fault decides the message.
 */
import type { Catalogue, ServedResource } from '@k/api';
import { pruneAndDefault } from '@k/api';
import { PROTOBUF_MEDIA_TYPE } from '@k/api/protobuf';
import { type KubeObject, newBadRequest, newStatusError, type OddNumber, parseGroupVersion, parseJson, type Schema } from '@k/apimachinery';
import { parseYamlFields } from '@k/apimachinery/yaml';
import type { RequestContext } from '../context.js';
import { BodyTooLargeError } from '../http/exchange.js';
import { jsonTypeName } from './json-type-name.js';
import { decodeProtobufBody } from './protobuf-body.js';

/** Bytes of a request body, kube-apiserver's limit. */
export const BODY_BYTES_MAX: number = 3 * 1024 * 1024;

/** How unknown and duplicate fields are treated; from `?fieldValidation=`. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** The kind that a body must have. */
export interface ExpectedKind {
  group: string;
  version: string;
  kind: string;
  schema: Schema;
  /** Absent for option kinds, which get no programmatic defaults. */
  served?: ServedResource;
}

/** Reads the whole body, with kube-apiserver's 413. */
export async function readBody(context: RequestContext): Promise<Buffer> {
  try {
    return await context.exchange.readBody(BODY_BYTES_MAX);
  } catch (error) {
    if (error instanceof BodyTooLargeError) {
      throw newStatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${BODY_BYTES_MAX}`);
    }
    throw newBadRequest(error instanceof Error ? error.message : 'the body could not be read');
  }
}

/** How a body is written. Protobuf is recognised, to say what is wrong with it, and not read. */
export type BodyFormat = 'json' | 'yaml' | 'protobuf';

/** The format by Content-Type; 415 for others. */
export function bodyFormat(context: RequestContext): BodyFormat {
  const header = context.exchange.headers['content-type'];
  const type = (header ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === '' || type === 'application/json') return 'json';
  if (type === 'application/yaml') return 'yaml';
  if (type === PROTOBUF_MEDIA_TYPE) return 'protobuf';
  throw newStatusError(
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  );
}

/** The `fieldValidation` of a request. Default `Warn`. */
export function fieldValidationOf(context: RequestContext): FieldValidation {
  const value = context.query?.get('fieldValidation');
  return value === 'Ignore' || value === 'Strict' ? value : 'Warn';
}

/** The first bytes of a body for a message: as text when it looks like JSON, in hex otherwise. */
function excerpt(body: Buffer): string {
  if (body.length === 0) return '<empty>';
  const isText = body[0] === 0x7b;
  if (isText) return body.length > 30 ? `${body.subarray(0, 30).toString('utf8')} ...` : body.toString('utf8');
  return body.length > 30 ? `${body.subarray(0, 30).toString('hex')} ...` : body.toString('hex');
}

/** A parsed body with the duplicate fields found on the way. */
interface ParsedBody {
  value: unknown;
  /** Paths, of JSON. */
  duplicates: readonly string[];
  /** Texts with line numbers, of YAML. */
  yamlDuplicates?: readonly string[];
  oddNumbers: readonly OddNumber[];
}

/** YAML is read by way of JSON, whose fields come in the order of their names: the first fault decides the message. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}

function parseBody(body: Buffer, format: BodyFormat, expected: ExpectedKind, wantDuplicates: boolean): ParsedBody {
  const { kind } = expected;
  const unrecognized = (detail: string): Error => newBadRequest(`the object provided is unrecognized (must be of type ${kind}): ${detail}`);
  if (format === 'protobuf') return { value: decodeProtobufBody(body, expected), duplicates: [], oddNumbers: [] };
  try {
    if (format === 'yaml') {
      const { value, duplicates } = parseYamlFields(body.toString('utf8'));
      return { value: sortKeys(value), duplicates: [], yamlDuplicates: wantDuplicates ? duplicates : [], oddNumbers: [] };
    }
    return parseJson(body, { strict: wantDuplicates });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (format === 'yaml') throw unrecognized(`${text} (${excerpt(body)})`);
    throw unrecognized(`couldn't get version/kind; json parse error: ${text} (${excerpt(body)})`);
  }
}

/** The message about a number whose form its field does not take, or null. */
function oddNumberFault({ path, text }: OddNumber, expected: ExpectedKind): string | null {
  let schema: Schema | undefined = expected.schema;
  let struct = expected.kind;
  for (const key of path) {
    while (schema?.type === 'array') schema = schema.items;
    if (schema?.properties !== undefined) struct = schema.definition?.slice(schema.definition.lastIndexOf('.') + 1) ?? struct;
    const { properties }: Schema = schema ?? { type: 'any' };
    schema = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : schema?.values;
  }
  while (schema?.type === 'array') schema = schema.items;
  if (schema?.type !== 'integer') return null;
  const digits = /^-?\d+$/.test(text);
  if (digits && BigInt.asIntN(schema.format === 'int32' ? 32 : 64, BigInt(text)) === BigInt(text)) return null;
  return `json: cannot unmarshal number ${text} into Go struct field ${struct}.${path.join('.')} of type ${schema.format ?? 'int64'}`;
}

const TYPE_META_STRUCT = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/**
 * Decodes a body into an object of the expected kind, pruned and with defaults.
 *
 * @throws 400 for anything malformed, with kube-apiserver's text.
 */
export function decodeObject(
  context: RequestContext,
  body: Buffer,
  format: BodyFormat,
  expected: ExpectedKind,
  catalogue: Catalogue,
): KubeObject {
  const validation = fieldValidationOf(context);
  const parsed = parseBody(body, format, expected, validation !== 'Ignore');
  let value = parsed.value;
  if (value === null || value === undefined) value = {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw newBadRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonTypeName(value)} into Go value of type ${TYPE_META_STRUCT} (${excerpt(body)})`,
    );
  }
  const object = value as KubeObject;
  for (const field of ['apiVersion', 'kind'] as const) {
    const found: unknown = object[field];
    if (found !== undefined && found !== null && typeof found !== 'string') {
      throw newBadRequest(
        `the object provided is unrecognized (must be of type ${expected.kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonTypeName(found)} into Go struct field .${field} of type string (${excerpt(body)})`,
      );
    }
  }
  checkKind(object, expected, catalogue);
  const fail = (text: string): Error =>
    newBadRequest(`${object.kind} in version "${expected.version}" cannot be handled as a ${expected.kind}: ${text}`);
  for (const number of expected.served?.definition.custom === true ? [] : parsed.oddNumbers) {
    const fault = oddNumberFault(number, expected);
    if (fault !== null) throw fail(fault);
  }
  const { yamlDuplicates = [] } = parsed;
  if (yamlDuplicates.length > 0) {
    if (validation === 'Strict') throw fail(`strict decoding error: yaml: unmarshal errors:\n  ${yamlDuplicates.join('\n  ')}`);
    if (validation === 'Warn') for (const text of yamlDuplicates) context.warnings.add(text);
  }
  const duplicates = parsed.duplicates.map((path) => `duplicate field "${path}"`);
  return finishDecode(context, object, expected, duplicates, validation, fail);
}

/** Prunes, checks types and fills defaults; reports unknown fields and the faults that were found before, as asked. */
export function finishDecode(
  context: RequestContext,
  object: KubeObject,
  expected: ExpectedKind,
  earlierFaults: readonly string[],
  validation: FieldValidation,
  fail: (text: string) => Error,
): KubeObject {
  object.apiVersion = expected.group === '' ? expected.version : `${expected.group}/${expected.version}`;
  // Custom resources are refused for their kind by validation, not here.
  if (expected.served?.definition.custom !== true) object.kind = expected.kind;
  const coerce = expected.served?.version.coerce;
  const result = coerce === undefined ? pruneAndDefault(object, expected.schema, { fieldValidation: validation }) : coerce(object);
  if (result.typeErrors.length > 0) throw fail(result.typeErrors[0] as string);
  const faults = [...earlierFaults, ...(validation === 'Ignore' ? [] : result.unknownFields.map((path) => `unknown field "${path}"`))];
  if (faults.length > 0) {
    if (validation === 'Strict') throw fail(`strict decoding error: ${faults.join(', ')}`);
    if (validation === 'Warn') for (const text of faults) context.warnings.add(text);
  }
  expected.served?.definition.strategy.applyDefaults?.(object, expected.version);
  return object;
}

/** Custom resources must say what they are; the version is checked here, the kind with the rest. */
function checkCustomKind(object: KubeObject, expected: ExpectedKind): void {
  if ((object.kind ?? '') === '') {
    throw newBadRequest(`Object 'Kind' is missing in '${JSON.stringify(object)}'`);
  }
  const wanted = `${expected.group}/${expected.version}`;
  const given = object.apiVersion ?? '';
  if (given === wanted) return;
  throw newBadRequest(`the API version in the data (${given}) does not match the expected API version (${wanted})`);
}

/** Versions of reviews that are understood and no longer served. */
const UNSERVED_VERSIONS: Readonly<Record<string, readonly string[]>> = {
  'authentication.k8s.io': ['v1beta1', 'v1alpha1'],
  'authorization.k8s.io': ['v1beta1'],
};

/** Refuses a body of another kind or version. A body that names neither is taken as the expected kind. */
function checkKind(object: KubeObject, expected: ExpectedKind, catalogue: Catalogue): void {
  if (expected.served?.definition.custom === true) {
    checkCustomKind(object, expected);
    return;
  }
  const apiVersion = (object.apiVersion ?? '') === '' ? null : (object.apiVersion as string);
  const kind = (object.kind ?? '') === '' ? expected.kind : (object.kind as string);
  object.kind = kind;
  const gv = apiVersion === null ? { group: expected.group, version: expected.version } : parseGroupVersion(apiVersion);
  if (gv === null) throw newBadRequest(`unexpected GroupVersion string: ${apiVersion}`);
  if (gv.group === expected.group && gv.version === expected.version && kind === expected.kind) return;
  const fail = (detail: string): Error =>
    newBadRequest(`${kind} in version "${gv.version}" cannot be handled as a ${expected.kind}: ${detail}`);
  const known =
    catalogue.findKind(gv.group, gv.version, kind) ??
    (kind.endsWith('List') ? catalogue.findKind(gv.group, gv.version, kind.slice(0, -4)) : undefined);
  const isList = kind === 'List' && gv.group === '' && gv.version === 'v1';
  if (known === undefined && kind === expected.kind && UNSERVED_VERSIONS[expected.group]?.includes(gv.version)) {
    throw newBadRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected.group}/${expected.version})`,
    );
  }
  if (known === undefined && !isList) {
    const shown = gv.group === '' ? gv.version : `${gv.group}/${gv.version}`;
    throw fail(`no kind "${kind}" is registered for version "${shown}" in scheme "pkg/api/legacyscheme/scheme.go:30"`);
  }
  const internal = expected.group === '' ? 'core' : (expected.group.split('.')[0] as string);
  throw fail(`converting (${gv.version}.${kind}) to (${internal}.${expected.kind}): unknown conversion`);
}
