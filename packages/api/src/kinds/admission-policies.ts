import type { KubeObject } from '@k/apimachinery';

type Fields = Record<string, unknown>;

function matchDefaults(given: unknown): void {
  if (typeof given !== 'object' || given === null) return;
  const match = given as Fields;
  match['matchPolicy'] ??= 'Equivalent';
  match['namespaceSelector'] ??= {};
  match['objectSelector'] ??= {};
  for (const field of ['resourceRules', 'excludeResourceRules']) {
    for (const rule of (match[field] as Fields[] | undefined) ?? []) rule['scope'] ??= '*';
  }
}

/** Defaults of validating and mutating admission policies. */
export function policyDefaults(object: KubeObject): void {
  const spec = object['spec'] as Fields | undefined;
  if (spec === undefined) return;
  spec['failurePolicy'] ??= 'Fail';
  matchDefaults(spec['matchConstraints']);
}

/** Defaults of their bindings. */
export function policyBindingDefaults(object: KubeObject): void {
  matchDefaults((object['spec'] as Fields | undefined)?.['matchResources']);
}
