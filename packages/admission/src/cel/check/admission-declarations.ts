/** What the expressions of webhooks and policies may name. */
import type { Declarations } from './checker.js';
import { baseSignatures, mutationSignatures, type Signatures } from './signatures.js';
import { type CelType, DYN, readType, STRING, structOf } from './types.js';

/** Fields by the name of their type; see {@link readType}. */
const STRUCTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'kubernetes.AdmissionRequest': {
    kind: 'kubernetes.GroupVersionKind',
    resource: 'kubernetes.GroupVersionResource',
    subResource: 'string',
    requestKind: 'kubernetes.GroupVersionKind',
    requestResource: 'kubernetes.GroupVersionResource',
    requestSubResource: 'string',
    name: 'string',
    namespace: 'string',
    operation: 'string',
    userInfo: 'kubernetes.UserInfo',
    dryRun: 'bool',
    options: 'dyn',
  },
  'kubernetes.GroupVersionKind': { group: 'string', version: 'string', kind: 'string' },
  'kubernetes.GroupVersionResource': { group: 'string', version: 'string', resource: 'string' },
  'kubernetes.UserInfo': { username: 'string', uid: 'string', groups: 'list<string>', extra: 'map<string, list<string>>' },
  'kubernetes.Namespace': {
    metadata: 'kubernetes.NamespaceMetadata',
    spec: 'kubernetes.NamespaceSpec',
    status: 'kubernetes.NamespaceStatus',
  },
  'kubernetes.NamespaceMetadata': {
    name: 'string',
    generateName: 'string',
    namespace: 'string',
    labels: 'map<string, string>',
    annotations: 'map<string, string>',
    UID: 'string',
    creationTimestamp: 'timestamp',
    deletionGracePeriodSeconds: 'int',
    deletionTimestamp: 'timestamp',
    generation: 'int',
    resourceVersion: 'string',
    finalizers: 'list<string>',
  },
  'kubernetes.NamespaceSpec': { finalizers: 'list<string>' },
  'kubernetes.NamespaceStatus': { phase: 'string', conditions: 'list<kubernetes.NamespaceCondition>' },
  'kubernetes.NamespaceCondition': {
    type: 'string',
    status: 'string',
    lastTransitionTime: 'timestamp',
    reason: 'string',
    message: 'string',
  },
};

const struct = (name: string): CelType | null => {
  const fields = STRUCTS[name];
  if (fields === undefined) return null;
  return structOf(name, (field) => (Object.hasOwn(fields, field) ? readType(fields[field] as string, struct) : null));
};

const JSON_PATCH: CelType = structOf('JSONPatch', (name) => {
  if (name === 'value') return DYN;
  return name === 'op' || name === 'path' || name === 'from' ? STRING : null;
});

/** `Object`, `Object.spec`, …: any field goes, as the checker does not know which kind it will be. */
function patchMessage(name: string): CelType | null {
  if (name === 'JSONPatch') return JSON_PATCH;
  return name === 'Object' || name.startsWith('Object.') ? structOf(name, () => DYN) : null;
}

/** Makes declarations; the signatures are read once. */
export class AdmissionDeclarations {
  readonly #plain: Signatures = baseSignatures();
  readonly #mutating: Signatures = mutationSignatures();
  readonly #request = readType('kubernetes.AdmissionRequest', struct);
  readonly #namespace = readType('kubernetes.Namespace', struct);
  readonly #authorizer = readType('kubernetes.authorization.Authorizer');
  readonly #check = readType('kubernetes.authorization.ResourceCheck');

  /**
   * @param options.variables - The policy's own, with their types; none declares no `variables`.
   * @param options.types - Of `object`, `oldObject` and `params`, where they are known.
   */
  for(options: {
    hasParams: boolean;
    hasAuthorizer: boolean;
    isMutating?: boolean;
    variables?: ReadonlyMap<string, CelType>;
    types?: { object?: CelType; params?: CelType };
  }): Declarations {
    const { hasParams, hasAuthorizer, isMutating = false, variables: own, types } = options;
    const variables = new Map<string, CelType>([
      ['object', types?.object ?? DYN],
      ['oldObject', types?.object ?? DYN],
      ['request', this.#request],
      ['namespaceObject', this.#namespace],
    ]);
    if (hasParams) variables.set('params', types?.params ?? DYN);
    if (hasAuthorizer) variables.set('authorizer', this.#authorizer).set('authorizer.requestResource', this.#check);
    if (own !== undefined && own.size > 0) {
      variables.set(
        'variables',
        structOf('kubernetes.variables', (name) => own.get(name) ?? null),
      );
    }
    return { signatures: isMutating ? this.#mutating : this.#plain, variables, ...(isMutating ? { message: patchMessage } : {}) };
  }
}
