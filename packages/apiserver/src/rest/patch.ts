/**
 * PATCH in its four forms, chosen by Content-Type: JSON patch, merge patch, strategic merge patch, server-side apply.
 */
import { type Catalogue, pruneAndDefault } from '@k/api';
import {
  formatGroupVersion,
  goQuote,
  type KubeObject,
  newBadRequest,
  newInvalid,
  newStatusError,
  parseGroupVersion,
  parseJson,
  required,
  type Schema,
} from '@k/apimachinery';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch, printGoValue } from '@k/apimachinery/patch';
import type { RequestContext } from '../context.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import { applyPlan } from './apply-patch.js';
import { convertFault } from './convert-fault.js';
import { checkNamespace } from './create.js';
import { type ExpectedKind, fieldValidationOf, finishDecode, readBody } from './decode-body.js';
import { jsonTypeName } from './json-type-name.js';
import { parseWriteOptions, type WriteOptions } from './options.js';
import { negotiateObjects, sendKubeObject, sendStored } from './render.js';
import { checkName, type UpdatePlan, updateObject } from './update.js';

/** The four kinds of patches. */
export type PatchForm = 'json' | 'merge' | 'strategic' | 'apply';

const FORMS: Readonly<Record<string, PatchForm>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** PATCH of one object, or of a subresource that is a view of it. */
export async function handlePatch(server: ServerContext, context: RequestContext, scope: ResourceScope): Promise<void> {
  negotiateObjects(context);
  const form = patchFormOf(context, scope);
  const options = parsePatchOptions(context, form);
  const body = await readBody(context);
  context.audit?.setRequestPatch(body);
  const { definition, version } = scope.served;
  const expected: ExpectedKind = {
    group: definition.group,
    version: version.version,
    kind: definition.kind,
    schema: version.schema,
    served: scope.served,
  };
  const plan =
    form === 'apply' ? applyPlan(server, context, scope, expected, body, options) : patchPlan(server, context, scope, expected, form, body);
  const result = await updateObject(server, context, scope, options, plan);
  const status = result.created ? 201 : 200;
  if (result.stored) await sendStored(context, scope, status, result.stored);
  else await sendKubeObject(context, scope, status, result.object as KubeObject);
}

/** The form that the Content-Type names; 415 for others. */
export function patchFormOf(context: RequestContext, scope: ResourceScope): PatchForm {
  const type = (context.exchange.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const form = FORMS[type];
  if (form === 'strategic' && scope.served.definition.custom) {
    throw newStatusError(
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
  }
  if (form === undefined) {
    throw newStatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  }
  return form;
}

/** The options of a patch: an apply names its manager, and nothing else is forced. */
export function parsePatchOptions(context: RequestContext, form: PatchForm): WriteOptions {
  return parseWriteOptions(context, 'PatchOptions', (query) => {
    if (form !== 'apply') {
      return query.has('force')
        ? [{ type: 'FieldValueForbidden', field: 'force', detail: 'may not be specified for non-apply patch' }]
        : [];
    }
    return (query.get('fieldManager') ?? '') === '' ? [required('fieldManager', 'is required for apply patch')] : [];
  });
}

/** A parsed patch. */
export interface ParsedPatch {
  apply: (current: KubeObject, expected: ExpectedKind) => KubeObject;
  /** What is wrong with the patch itself and yet lets it be applied, as texts. */
  faults: readonly string[];
  /** How the patch is shown in messages. Default `<object>`. */
  shown?: string;
  /** Checks the types of the result before it is decoded. */
  faultOf?: (patched: KubeObject, schema: Schema) => string | null;
  /** The patch itself names the version it is for. */
  setsResourceVersion: boolean;
}

/** Parses a JSON, merge or strategic merge patch; 400 when it is malformed. */
export function readPatch(context: RequestContext, form: Exclude<PatchForm, 'apply'>, body: Buffer): ParsedPatch {
  const isStrict = fieldValidationOf(context) !== 'Ignore';
  const { value, duplicates } = parsePatchText(form, body, isStrict);
  const faults = duplicates.map((path) => `${form === 'json' ? 'json patch ' : ''}duplicate field "${path}"`);
  if (form === 'json') faults.push(...operationFaults(value as unknown[], isStrict));
  const metadata: unknown = form === 'json' ? null : ((value as KubeObject).metadata ?? null);
  return {
    apply: (current, expected) => applyPatch(form, current, value, expected),
    faults: isStrict ? faults : [],
    ...(form === 'strategic' ? { shown: goQuote(printGoValue(value)), faultOf: convertFault } : {}),
    setsResourceVersion: typeof metadata === 'object' && metadata !== null && 'resourceVersion' in metadata,
  };
}

/** The JSON of a patch, of the shape that its form has. The texts differ by form, and by whether faults in it count. */
function parsePatchText(form: Exclude<PatchForm, 'apply'>, body: Buffer, isStrict: boolean): { value: unknown; duplicates: string[] } {
  const prefix = isStrict && form !== 'strategic' ? 'error decoding patch: ' : '';
  const fail = (text: string): Error => newBadRequest(form === 'merge' && !isStrict ? BAD_MERGE_PATCH : `${prefix}${text}`);
  let parsed: ReturnType<typeof parseJson>;
  try {
    parsed = parseJson(body, { strict: isStrict });
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error));
  }
  const { value, duplicates } = parsed;
  if (form === 'json') {
    const type = isStrict ? '[]handlers.jsonPatchOp' : 'jsonpatch.Patch';
    if (value !== null && !Array.isArray(value)) throw fail(`json: cannot unmarshal ${jsonTypeName(value)} into Go value of type ${type}`);
    return { value: value ?? [], duplicates };
  }
  if (value === null && form === 'merge') throw newBadRequest(BAD_MERGE_PATCH);
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw fail(`json: cannot unmarshal ${jsonTypeName(value)} into Go value of type map[string]interface {}`);
  }
  return { value: value ?? {}, duplicates };
}

const BAD_MERGE_PATCH = 'Invalid JSON Patch';
const OPERATION_FIELDS = ['op', 'path', 'from', 'value'];

/** Unknown fields of operations. @throws 400 for operations of the wrong type. */
function operationFaults(operations: readonly unknown[], isStrict: boolean): string[] {
  const faults: string[] = [];
  for (const [i, operation] of operations.entries()) {
    if (operation === null) continue;
    if (typeof operation !== 'object' || Array.isArray(operation)) {
      const [prefix, type] = isStrict ? ['error decoding patch: ', 'handlers.jsonPatchOp'] : ['', 'jsonpatch.Operation'];
      throw newBadRequest(`${prefix}json: cannot unmarshal ${jsonTypeName(operation)} into Go value of type ${type}`);
    }
    for (const [field, value] of Object.entries(operation)) {
      if (!OPERATION_FIELDS.includes(field)) faults.push(`json patch unknown field "[${i}].${field}"`);
      else if (isStrict && field !== 'value' && value !== null && typeof value !== 'string') {
        throw newBadRequest(
          `error decoding patch: json: cannot unmarshal ${jsonTypeName(value)} into Go struct field jsonPatchOp.${field} of type string`,
        );
      }
    }
  }
  return faults;
}

/** The object that a patch made, checked and with defaults; 422 when it does not decode. */
export function decodePatched(
  context: RequestContext,
  patch: ParsedPatch,
  patched: KubeObject,
  expected: ExpectedKind,
  catalogue: Catalogue,
): KubeObject {
  const fail = (text: string): Error => undecodable(patch, text);
  if (typeof patched !== 'object' || patched === null || Array.isArray(patched)) {
    throw fail(`json: cannot unmarshal ${jsonTypeName(patched)} into Go value of type ${expected.version}.${expected.kind}`);
  }
  const wrongKind = kindFault(patched, expected, catalogue);
  if (wrongKind !== null) throw fail(wrongKind);
  const fault = patch.faultOf?.(patched, expected.schema) ?? null;
  if (fault !== null) throw fail(fault);
  return finishDecode(context, patched, expected, patch.faults, fieldValidationOf(context), fail);
}

/** 422 as upstream words a patch whose result cannot be decoded; the result itself is not shown. */
function undecodable(patch: ParsedPatch, text: string): Error {
  const error = newInvalid({ group: '', kind: '' }, '', [{ type: 'FieldValueInvalid', field: 'patch', badValue: null, detail: text }]);
  const message = `Invalid value: ${patch.shown ?? '<object>'}: ${text}`;
  error.status.message = ` "" is invalid: patch: ${message}`;
  error.status.details = { causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }] };
  return error;
}

/** A patch may not turn the object into another kind. */
function kindFault(patched: KubeObject, expected: ExpectedKind, catalogue: Catalogue): string | null {
  const { apiVersion, kind }: { apiVersion?: unknown; kind?: unknown } = patched;
  const wanted = formatGroupVersion(expected);
  if ((apiVersion ?? wanted) === wanted && (kind ?? expected.kind) === expected.kind) return null;
  for (const value of [apiVersion, kind]) {
    if (value !== undefined && value !== null && typeof value !== 'string') {
      return `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonTypeName(value)} into Go value of type string`;
    }
  }
  const givenVersion = (apiVersion as string | undefined) ?? wanted;
  const givenKind = (kind as string | undefined) ?? expected.kind;
  const version = parseGroupVersion(givenVersion);
  if (version === null) return `unexpected GroupVersion string: ${givenVersion}`;
  const other = catalogue.findKind(version.group, version.version, givenKind);
  if (other === undefined) {
    return `no kind ${goQuote(givenKind)} is registered for version ${goQuote(givenVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`;
  }
  const [fault] = pruneAndDefault(structuredClone(patched), other.version.schema, { fieldValidation: 'Ignore' }).typeErrors;
  return fault ?? `unable to convert ${version.version}.${givenKind} to ${expected.version}.${expected.kind}`;
}

function patchPlan(
  server: ServerContext,
  context: RequestContext,
  scope: ResourceScope,
  expected: ExpectedKind,
  form: Exclude<PatchForm, 'apply'>,
  body: Buffer,
): UpdatePlan {
  let patch: ParsedPatch | undefined;
  return {
    resourceVersion: '',
    uid: '',
    uidConflict: 'invalid',
    createIfMissing: null,
    unconditional: true,
    change: (current) => {
      // A missing object is told before a malformed patch.
      patch ??= readPatch(context, form, body);
      const object = decodePatched(context, patch, patch.apply(current, expected), expected, server.catalogue);
      checkPatched(scope, object);
      // Without a version in the patch the current one is what the patch was made for.
      if (!patch.setsResourceVersion) {
        if (form !== 'json' || object.metadata?.resourceVersion === current.metadata?.resourceVersion) {
          delete object.metadata?.resourceVersion;
        }
      }
      return object;
    },
  };
}

function applyPatch(form: Exclude<PatchForm, 'apply'>, current: KubeObject, patch: unknown, expected: ExpectedKind): KubeObject {
  if (form === 'json') return applyJsonPatch(current, patch as never) as KubeObject;
  if (form === 'merge') return applyMergePatch(current as never, patch as never) as KubeObject;
  return applyStrategicMergePatch(current as never, patch as never, expected.schema) as KubeObject;
}

/** A patch may not rename or move the object. */
function checkPatched(scope: ResourceScope, object: KubeObject): void {
  checkNamespace(scope, object);
  checkName(scope, object);
}
