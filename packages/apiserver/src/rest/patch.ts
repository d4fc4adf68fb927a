/**
 * PATCH in its four forms, chosen by Content-Type: JSON patch, merge patch, strategic merge patch, server-side apply.
 */
import { type KubeObject, newBadRequest, newInvalid, newStatusError, parseJson, required, StatusError } from '@k/apimachinery';
import { applyServerSide } from '@k/apimachinery/apply';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch } from '@k/apimachinery/patch';
import { parseYaml } from '@k/apimachinery/yaml';
import type { RequestContext } from '../context.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import { checkNamespace } from './create.js';
import { type ExpectedKind, fieldValidationOf, finishDecode, readBody } from './decode-body.js';
import { managerOf, parseWriteOptions, type WriteOptions } from './options.js';
import { negotiateObjects, sendKubeObject, sendStored } from './render.js';
import { checkName, type UpdatePlan, updateObject } from './update.js';
import { timestamp } from './write-object.js';

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
  const form = patchFormOf(context);
  const options = parseWriteOptions(context, 'PatchOptions');
  checkPatchOptions(context, form, options);
  const body = await readBody(context);
  context.audit?.setRequestBytes(body);
  const { definition, version } = scope.served;
  const expected: ExpectedKind = {
    group: definition.group,
    version: version.version,
    kind: definition.kind,
    schema: version.schema,
    served: scope.served,
  };
  const plan =
    form === 'apply' ? applyPlan(server, context, scope, expected, body, options) : patchPlan(context, scope, expected, form, body);
  const result = await updateObject(server, context, scope, options, plan);
  const status = result.created ? 201 : 200;
  if (result.stored) await sendStored(context, scope, status, result.stored);
  else await sendKubeObject(context, scope, status, result.object as KubeObject);
}

/** The form that the Content-Type names; 415 for others. */
export function patchFormOf(context: RequestContext): PatchForm {
  const type = (context.exchange.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const form = FORMS[type];
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

/** 422 as upstream words a patch whose result cannot be decoded. */
function undecodable(text: string): Error {
  return newInvalid({ group: '', kind: '' }, '', [
    { type: 'FieldValueInvalid', field: 'patch', badValue: { toJSON: () => undefined }, detail: text },
  ]);
}

/** A parsed patch. */
export interface ParsedPatch {
  apply: (current: KubeObject, expected: ExpectedKind) => KubeObject;
  /** The patch itself names the version it is for. */
  setsResourceVersion: boolean;
}

/** Parses a JSON, merge or strategic merge patch; 400 when it is malformed. */
export function readPatch(context: RequestContext, form: Exclude<PatchForm, 'apply'>, body: Buffer): ParsedPatch {
  let patch: unknown;
  try {
    patch = parseJson(body, { strict: false }).value;
  } catch (error) {
    throw newBadRequest(`error decoding patch: ${error instanceof Error ? error.message : String(error)}`);
  }
  checkPatchShape(patch, form);
  context.audit?.setRequestObject(patch as KubeObject);
  const metadata: unknown = form === 'json' ? null : ((patch as KubeObject).metadata ?? null);
  return {
    apply: (current, expected) => applyPatch(form, current, patch, expected),
    setsResourceVersion: typeof metadata === 'object' && metadata !== null && 'resourceVersion' in metadata,
  };
}

/** The object that a patch made, checked and with defaults; 422 when it does not decode. */
export function decodePatched(context: RequestContext, patched: KubeObject, expected: ExpectedKind): KubeObject {
  return finishDecode(context, patched, expected, [], fieldValidationOf(context), undecodableStatus);
}

function patchPlan(
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
      const object = decodePatched(context, patch.apply(current, expected), expected);
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

/** The Status of a result that does not decode: the value prints as `<object>`. */
function undecodableStatus(text: string): Error {
  const error = undecodable(text);
  if (!StatusError.is(error)) return error;
  const message = `Invalid value: "<object>": ${text}`;
  error.status.message = ` "" is invalid: patch: ${message}`;
  error.status.details = { causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }] };
  return error;
}

function checkPatchShape(patch: unknown, form: Exclude<PatchForm, 'apply'>): void {
  const isArray = Array.isArray(patch);
  if (form === 'json') {
    if (isArray) return;
    throw newBadRequest(
      `error decoding patch: json: cannot unmarshal ${patch === null ? 'null' : typeof patch} into Go value of type []handlers.jsonPatchOp`,
    );
  }
  if (typeof patch !== 'object' || isArray || patch === null) {
    const type = isArray ? 'array' : typeof patch === 'boolean' ? 'bool' : typeof patch;
    throw newBadRequest(`error decoding patch: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`);
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
  let value: unknown;
  try {
    value = parseYaml(body.toString('utf8'));
  } catch (error) {
    throw newBadRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw newBadRequest('error decoding YAML: the applied configuration is not an object');
  }
  const given = value as KubeObject;
  context.audit?.setRequestObject(given);
  checkApplied(scope, expected, given);
  const applied = view === undefined ? given : view.toParent(given);
  const target = view?.expected ?? expected;
  const manager = managerOf(context, options.fieldManager);
  const subresource = scope.subresource?.name ?? '';
  const merge = (live: KubeObject | null): KubeObject => {
    const result = applyServerSide({
      live,
      applied: structuredClone(applied),
      schema: target.schema,
      manager,
      force: options.force === true,
      apiVersion: target.group === '' ? target.version : `${target.group}/${target.version}`,
      subresource,
      now: timestamp(server.now()),
      resetFields: scope.served.definition.strategy.resetFields?.[subresource] ?? [],
    });
    return finishDecode(context, result.object, target, [], fieldValidationOf(context), (text) => newBadRequest(text));
  };
  return {
    resourceVersion: '',
    uid: applied.metadata?.uid ?? '',
    uidConflict: 'invalid',
    createIfMissing: subresource === '' ? merge(null) : null,
    unconditional: true,
    ownManagedFields: true,
    change: (current) => merge(current),
  };
}

/** The applied object must name its kind, and not carry managed fields. */
function checkApplied(scope: ResourceScope, expected: ExpectedKind, applied: KubeObject): void {
  if (applied.apiVersion === undefined || applied.kind === undefined) {
    throw newBadRequest('invalid object type: /, Kind=');
  }
  const apiVersion = expected.group === '' ? expected.version : `${expected.group}/${expected.version}`;
  if (applied.apiVersion !== apiVersion || applied.kind !== expected.kind) {
    throw newBadRequest(
      `the object provided is ${applied.apiVersion}, Kind=${applied.kind}, expected ${apiVersion}, Kind=${expected.kind}`,
    );
  }
  if (applied.metadata?.managedFields !== undefined) throw newBadRequest('metadata.managedFields must be nil');
  const metadata = (applied.metadata ??= {});
  if (metadata.name === undefined || metadata.name === '') metadata.name = scope.name;
  checkName(scope, applied);
  checkNamespace(scope, applied);
}
