/**
 * PATCH in its four forms, chosen by Content-Type: JSON patch, merge patch, strategic merge patch, server-side apply.
 */
import { type Catalogue, pruneAndDefault } from '@k/api';
import {
  formatGroupVersion,
  goQuote,
  type KubeObject,
  newBadRequest,
  newConflict,
  newInvalid,
  newStatusError,
  parseGroupVersion,
  parseJson,
  required,
  type Schema,
} from '@k/apimachinery';
import { applyServerSide } from '@k/apimachinery/apply';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch, printGoValue } from '@k/apimachinery/patch';
import { parseYamlFields } from '@k/apimachinery/yaml';
import type { RequestContext } from '../context.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import { convertFault } from './convert-fault.js';
import { checkNamespace } from './create.js';
import { type ExpectedKind, fieldValidationOf, finishDecode, readBody } from './decode-body.js';
import { managerOf, parseWriteOptions, type WriteOptions } from './options.js';
import { negotiateObjects, sendKubeObject, sendStored } from './render.js';
import { checkName, type UpdatePlan, updateObject } from './update.js';
import { managedTime, setManagedFields, versionsOf } from './write-object.js';

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
  const options = parseWriteOptions(context, 'PatchOptions');
  checkPatchOptions(context, form, options);
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

function checkPatchOptions(context: RequestContext, form: PatchForm, options: WriteOptions): void {
  const kind = { group: 'meta.k8s.io', kind: 'PatchOptions' };
  if (form === 'apply' && options.fieldManager === '') {
    throw newInvalid(kind, '', [required('fieldManager', 'is required for apply patch')]);
  }
  if (form !== 'apply' && context.query?.has('force')) {
    throw newInvalid(kind, '', [{ type: 'FieldValueForbidden', field: 'force', detail: 'may not be specified for non-apply patch' }]);
  }
}

/** A parsed patch. */
export interface ParsedPatch {
  apply: (current: KubeObject, expected: ExpectedKind) => KubeObject;
  /** Fields that the patch names twice. */
  duplicates: readonly string[];
  /** How the patch is shown in messages. Default `<object>`. */
  shown?: string;
  /** Checks the types of the result before it is decoded. */
  faultOf?: (patched: KubeObject, schema: Schema) => string | null;
  /** The patch itself names the version it is for. */
  setsResourceVersion: boolean;
}

/** Parses a JSON, merge or strategic merge patch; 400 when it is malformed. */
export function readPatch(_context: RequestContext, form: Exclude<PatchForm, 'apply'>, body: Buffer): ParsedPatch {
  const prefix = form === 'strategic' ? '' : 'error decoding patch: ';
  let parsed: ReturnType<typeof parseJson>;
  try {
    parsed = parseJson(body, { strict: form === 'strategic' || form === 'merge' });
  } catch (error) {
    throw newBadRequest(`${prefix}${error instanceof Error ? error.message : String(error)}`);
  }
  const patch = parsed.value ?? (form === 'json' ? [] : {});
  checkPatchShape(patch, form, prefix);
  const metadata: unknown = form === 'json' ? null : ((patch as KubeObject).metadata ?? null);
  return {
    apply: (current, expected) => applyPatch(form, current, patch, expected),
    duplicates: parsed.duplicates,
    ...(form === 'strategic' ? { shown: goQuote(printGoValue(patch)), faultOf: convertFault } : {}),
    setsResourceVersion: typeof metadata === 'object' && metadata !== null && 'resourceVersion' in metadata,
  };
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
  return finishDecode(context, patched, expected, patch.duplicates, fieldValidationOf(context), fail);
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
  const patch = readPatch(context, form, body);
  return {
    resourceVersion: '',
    uid: '',
    uidConflict: 'invalid',
    createIfMissing: null,
    unconditional: true,
    change: (current) => {
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

/** The JSON type of a value as Go's decoder names it. */
function jsonTypeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'bigint' ? 'number' : typeof value;
}

function checkPatchShape(patch: unknown, form: Exclude<PatchForm, 'apply'>, prefix: string): void {
  if (form === 'json') {
    if (!Array.isArray(patch)) {
      throw newBadRequest(`${prefix}json: cannot unmarshal ${jsonTypeName(patch)} into Go value of type []handlers.jsonPatchOp`);
    }
    return;
  }
  if (typeof patch !== 'object' || Array.isArray(patch)) {
    throw newBadRequest(`${prefix}json: cannot unmarshal ${jsonTypeName(patch)} into Go value of type map[string]interface {}`);
  }
}

function applyPatch(form: Exclude<PatchForm, 'apply'>, current: KubeObject, patch: unknown, expected: ExpectedKind): KubeObject {
  if (form === 'json') return applyJsonPatch(current, patch as never) as KubeObject;
  if (form === 'merge') return applyMergePatch(current as never, patch as never) as KubeObject;
  return applyStrategicMergePatch(current as never, patch as never, expected.schema) as KubeObject;
}

/** A patch may not rename or move the object. */
function checkPatched(scope: ResourceScope, object: KubeObject): void {
  checkName(scope, object);
  checkNamespace(scope, object);
}

/** Where the fields of an applied view (a Scale) live: in which kind, and how they are written there. */
export interface AppliedView {
  expected: ExpectedKind;
  toParent: (applied: KubeObject) => KubeObject;
}

/** An applied configuration as text: YAML or JSON. 400 with kube-apiserver's texts when it is no object. */
function readApplied(context: RequestContext, body: Buffer): KubeObject {
  let parsed: { value: unknown; duplicates: readonly string[] };
  try {
    parsed = parseYamlFields(body.toString('utf8'));
  } catch (error) {
    throw newBadRequest(`error decoding YAML: error converting YAML to JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const value = parsed.value ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw newBadRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${jsonTypeName(value)} into Go value of type map[string]interface {}`,
    );
  }
  const validation = fieldValidationOf(context);
  if (parsed.duplicates.length > 0 && validation === 'Strict') {
    const list = parsed.duplicates.map((text) => `\n  ${text}`).join('');
    throw newBadRequest(`error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:${list}`);
  }
  if (validation === 'Warn') for (const text of parsed.duplicates) context.warnings.add(text);
  return value as KubeObject;
}

/** The update that an apply patch asks for. */
export function applyPlan(
  server: ServerContext,
  context: RequestContext,
  scope: ResourceScope,
  expected: ExpectedKind,
  body: Buffer,
  options: WriteOptions,
  view?: AppliedView,
): UpdatePlan {
  const given = readApplied(context, body);
  context.audit?.setRequestPatch(given);
  checkApplied(expected, given);
  const applied = view === undefined ? given : view.toParent(given);
  const target = view?.expected ?? expected;
  const manager = managerOf(context, options.fieldManager);
  const subresource = scope.subresource?.name ?? '';
  const apply = (live: KubeObject | null): KubeObject => {
    const { object, managedFields } = applyServerSide({
      ...versionsOf(scope),
      live,
      applied: structuredClone(applied),
      manager,
      force: options.force === true,
      subresource,
      now: managedTime(server, scope),
    });
    const decoded = finishDecode(context, structuredClone(object), target, [], 'Ignore', (text) => newBadRequest(text));
    const metadata = (decoded.metadata ??= {});
    if (metadata.name === undefined || metadata.name === '') metadata.name = scope.name;
    if (live === null || metadata.resourceVersion !== live.metadata?.resourceVersion || applied.metadata?.resourceVersion !== undefined) {
      // The client insists on a version.
    } else delete metadata.resourceVersion;
    checkName(scope, decoded);
    checkNamespace(scope, decoded);
    setManagedFields(decoded, managedFields);
    return decoded;
  };
  return {
    resourceVersion: '',
    uid: '',
    uidConflict: 'invalid',
    createIfMissing:
      subresource === ''
        ? () => {
            const uid = applied.metadata?.uid ?? '';
            if (uid !== '') {
              throw newConflict(
                scope.served.definition,
                scope.name,
                `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
              );
            }
            return apply(null);
          }
        : null,
    unconditional: true,
    ownManagedFields: true,
    change: (current) => apply(current),
  };
}

/** The applied object must name its kind, and not carry managed fields. */
function checkApplied(expected: ExpectedKind, applied: KubeObject): void {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const apiVersion = text(applied.apiVersion);
  const kind = text(applied.kind);
  const wanted = formatGroupVersion(expected);
  if (apiVersion !== wanted || kind !== expected.kind) {
    throw newBadRequest(
      `invalid object type: ${apiVersion.includes('/') || apiVersion === '' ? apiVersion || '/' : `/${apiVersion}`}, Kind=${kind}`,
    );
  }
  const { metadata } = applied as { metadata?: unknown };
  if (metadata !== undefined && metadata !== null && (typeof metadata !== 'object' || Array.isArray(metadata))) {
    throw newBadRequest('error decoding YAML: metadata must be an object');
  }
  if (applied.metadata?.managedFields !== undefined && applied.metadata.managedFields !== null) {
    throw newBadRequest('metadata.managedFields must be nil');
  }
}
