import { type Catalogue, createBuiltInCatalogue } from '@k/api';
import type { KubeObject } from '@k/apimachinery';
import type { AdmissionOutcome } from '../../src/outcome.js';
import { evaluatePolicy, type PolicyQuestion } from '../../src/policies/index.js';

const builtIn: Catalogue = createBuiltInCatalogue();
const API = 'admissionregistration.k8s.io/v1';

/** A rule for some resources; default: every write of everything. */
export function rule(
  resources: string[] = ['*'],
  operations: string[] = ['*'],
  apiGroups: string[] = ['*'],
  apiVersions: string[] = ['*'],
): object {
  return { resources, operations, apiGroups, apiVersions };
}

/** A validating policy `p`. */
export function validating(spec: object): KubeObject {
  const whole = { matchConstraints: { resourceRules: [rule()] }, ...spec };
  return { apiVersion: API, kind: 'ValidatingAdmissionPolicy', metadata: { name: 'p' }, spec: whole };
}

/** A mutating policy `m`. */
export function mutating(mutations: readonly object[], spec: object = {}): KubeObject {
  const matchConstraints = { resourceRules: [rule(['*'], ['CREATE', 'UPDATE'])] };
  const whole = { matchConstraints, reinvocationPolicy: 'Never', mutations, ...spec };
  return { apiVersion: API, kind: 'MutatingAdmissionPolicy', metadata: { name: 'm' }, spec: whole };
}

export const apply = (expression: string): object => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
export const jsonPatch = (expression: string): object => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

export function configMap(name: string, data?: Record<string, string>, metadata: object = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'ns', ...metadata }, ...(data === undefined ? {} : { data }) };
}

/** The outcome of one policy for one object. */
export function judge(question: PolicyQuestion): Promise<AdmissionOutcome> {
  return evaluatePolicy({ catalogue: builtIn, ...question });
}
