/** `scale`: the replicas of any kind that says where they stand, as an `autoscaling/v1` Scale. */
import {
  type FieldError,
  invalid,
  type KubeObject,
  newBadRequest,
  newInternalError,
  newInvalid,
  newNotFound,
  type Schema,
} from '@k/apimachinery';
import type { RequestContext } from '../context.js';
import { applyPlan } from '../rest/apply-patch.js';
import { bodyFormat, decodeObject, type ExpectedKind, readBody } from '../rest/decode-body.js';
import { parseWriteOptions, type WriteOptions } from '../rest/options.js';
import { decodePatched, type ParsedPatch, parsePatchOptions, patchFormOf, readPatch } from '../rest/patch.js';
import { negotiateObjects, sendKubeObject } from '../rest/render.js';
import { checkName, type UpdatePlan, updateObject } from '../rest/update.js';
import { currentIn, modifiedConflict } from '../rest/write-object.js';
import type { ResourceHandler, ResourceScope, ServerContext } from '../server-context.js';

interface Scale extends KubeObject {
  spec?: { replicas?: number };
  status?: { replicas: number; selector?: string };
}

type Fields = Record<string, unknown>;

function valueAt(object: KubeObject, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Fields | undefined)?.[key], object);
}

function setAt(object: KubeObject, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() as string;
  let target: Fields = object;
  for (const key of keys) target = (target[key] ??= {}) as Fields;
  target[last] = value;
}

function rulesOf(scope: ResourceScope): NonNullable<ResourceScope['served']['definition']['strategy']['scale']> {
  const rules = scope.served.version.scale ?? scope.served.definition.strategy.scale;
  if (rules === undefined) throw new TypeError(`"${scope.served.definition.resource}" has a scale subresource and no rules for it`);
  return rules;
}

/** The Scale view of an object. */
function scaleOf(scope: ResourceScope, object: KubeObject): Scale {
  const rules = rulesOf(scope);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata ?? {};
  const replicas = valueAt(object, rules.specReplicas) as number | undefined;
  if (replicas === undefined && scope.served.definition.custom === true) {
    throw newInternalError(`the spec replicas field ".${rules.specReplicas}" does not exist`);
  }
  const selector = rules.selector(object);
  const metadata = { name, namespace, uid, resourceVersion, creationTimestamp };
  for (const key of Object.keys(metadata) as (keyof typeof metadata)[]) if (metadata[key] === undefined) delete metadata[key];
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: metadata as NonNullable<KubeObject['metadata']>,
    spec: replicas === undefined || replicas === 0 ? {} : { replicas },
    status: {
      replicas: (valueAt(object, rules.statusReplicas) as number | undefined) ?? 0,
      ...(selector === '' ? {} : { selector }),
    },
  };
}

function validateScale(scope: ResourceScope, scale: Scale): void {
  const replicas = scale.spec?.replicas ?? 0;
  if (replicas >= 0) return;
  const { definition } = scope.served;
  if (definition.custom === true) {
    const errors: FieldError[] = [invalid(`.${rulesOf(scope).specReplicas}`, replicas, 'should be a non-negative integer')];
    throw newInvalid({ group: definition.group, kind: definition.kind }, scope.name, errors);
  }
  throw newInvalid({ group: 'autoscaling', kind: 'Scale' }, scope.name, [
    invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
  ]);
}

function expectedScale(scope: ResourceScope): ExpectedKind {
  return { group: 'autoscaling', version: 'v1', kind: 'Scale', schema: scope.subresource?.schema as Schema };
}

/** The object with the replicas of a Scale. */
function scaled(scope: ResourceScope, current: KubeObject, scale: Scale): KubeObject {
  const wanted = scale.metadata?.resourceVersion ?? '';
  if (wanted !== '' && wanted !== '0' && wanted !== current.metadata?.resourceVersion) throw modifiedConflict(scope, scope.name);
  validateScale(scope, scale);
  const next = structuredClone(current);
  setAt(next, rulesOf(scope).specReplicas, scale.spec?.replicas ?? 0);
  return next;
}

async function write(
  server: ServerContext,
  context: RequestContext,
  scope: ResourceScope,
  options: WriteOptions,
  plan: Pick<UpdatePlan, 'change'> & Partial<UpdatePlan>,
): Promise<void> {
  const result = await updateObject(server, context, scope, options, {
    resourceVersion: '',
    uid: '',
    uidConflict: 'storage',
    createIfMissing: null,
    unconditional: true,
    admissionView: {
      show: (object) => scaleOf(scope, object),
      merge: (object, view) => setAt(object, rulesOf(scope).specReplicas, (view as Scale).spec?.replicas ?? 0),
    },
    ...plan,
  });
  const object = result.stored ? await currentIn(scope, result.stored) : (result.object as KubeObject);
  await sendKubeObject(context, scope, 200, scaleOf(scope, object));
}

const handleGet: ResourceHandler = async (server, context, scope) => {
  negotiateObjects(context);
  const { definition } = scope.served;
  const stored = await server.registry
    .storage(definition)
    .get(definition.namespaced ? scope.namespace : '', scope.name, { kind: 'latest' });
  if (stored === null) throw newNotFound(definition, scope.name);
  await sendKubeObject(context, scope, 200, scaleOf(scope, await currentIn(scope, stored)));
};

const handleUpdate: ResourceHandler = async (server, context, scope) => {
  negotiateObjects(context);
  const format = bodyFormat(context);
  const options = parseWriteOptions(context, 'UpdateOptions');
  const body = await readBody(context);
  const scale = decodeObject(context, body, format, expectedScale(scope), server.catalogue) as Scale;
  context.audit?.setRequestObject(scale);
  checkName(scope, scale);
  if (scale.metadata?.namespace !== undefined && scale.metadata.namespace !== '' && scale.metadata.namespace !== scope.namespace) {
    throw newBadRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  await write(server, context, scope, options, { change: (current) => scaled(scope, current, scale) });
};

const handlePatch: ResourceHandler = async (server, context, scope) => {
  negotiateObjects(context);
  const form = patchFormOf(context, scope);
  const options = parsePatchOptions(context, form);
  const body = await readBody(context);
  context.audit?.setRequestPatch(body);
  const expected = expectedScale(scope);
  if (form === 'apply') {
    const { definition, version } = scope.served;
    const parent: ExpectedKind = {
      group: definition.group,
      version: version.version,
      kind: definition.kind,
      schema: version.schema,
      served: scope.served,
    };
    const plan = applyPlan(server, context, scope, expected, body, options, {
      expected: parent,
      toParent: (scale) => {
        validateScale(scope, scale as Scale);
        const applied: KubeObject = {
          apiVersion: definition.group === '' ? version.version : `${definition.group}/${version.version}`,
          kind: definition.kind,
          metadata: { ...scale.metadata },
        };
        const replicas = (scale as Scale).spec?.replicas;
        if (replicas !== undefined) setAt(applied, rulesOf(scope).specReplicas, replicas);
        return applied;
      },
    });
    await write(server, context, scope, options, plan);
    return;
  }
  let patch: ParsedPatch | undefined;
  await write(server, context, scope, options, {
    change: (current) => {
      patch ??= readPatch(context, form, body);
      const before = scaleOf(scope, current);
      const patched = decodePatched(context, patch, patch.apply(before, expected), expected, server.catalogue) as Scale;
      if (!patch.setsResourceVersion) delete patched.metadata?.resourceVersion;
      checkName(scope, patched);
      return scaled(scope, current, patched);
    },
  });
};

/** Handlers of every `scale` subresource. */
export const SCALE_HANDLERS: Readonly<Record<string, ResourceHandler>> = { get: handleGet, update: handleUpdate, patch: handlePatch };
