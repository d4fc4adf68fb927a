/** Server-side apply: the plan of an update whose change is a merge of owned fields. */
import { formatGroupVersion, type KubeObject, newBadRequest, newConflict } from '@k/apimachinery';
import { applyServerSide } from '@k/apimachinery/apply';
import { parseYamlFields } from '@k/apimachinery/yaml';
import type { RequestContext } from '../context.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import { checkNamespace } from './create.js';
import { type ExpectedKind, fieldValidationOf, finishDecode } from './decode-body.js';
import { jsonTypeName } from './json-type-name.js';
import { managerOf, type WriteOptions } from './options.js';
import { checkName, type UpdatePlan } from './update.js';
import { withVersions } from './version-views.js';
import { managedTime, setManagedFields } from './write-object.js';

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
  const apply = async (live: KubeObject | null): Promise<KubeObject> => {
    const { object, managedFields } = await withVersions(scope, (versions) =>
      applyServerSide({
        ...versions,
        live,
        applied: structuredClone(applied),
        manager,
        force: options.force === true,
        subresource,
        now: managedTime(server, scope),
      }),
    );
    const decoded = finishDecode(context, structuredClone(object), target, [], 'Ignore', (text) => newBadRequest(text));
    const metadata = (decoded.metadata ??= {});
    if (live === null || metadata.resourceVersion !== live.metadata?.resourceVersion || applied.metadata?.resourceVersion !== undefined) {
      // The client insists on a version.
    } else delete metadata.resourceVersion;
    checkNamespace(scope, decoded);
    checkName(scope, decoded);
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
  if (applied.metadata?.managedFields !== undefined && applied.metadata.managedFields !== null) {
    throw newBadRequest('metadata.managedFields must be nil');
  }
}
