/** Objects that are pods or make pods. */
import { withApiDefaults } from './defaults.js';
import { PodSecurityError } from './errors.js';
import { ALLOWED, type EvaluationResult, type Evaluator, evaluatePod } from './evaluate.js';
import type { Pod } from './pod.js';
import type { LevelVersion } from './policy.js';

/** A kind with a pod in it. */
export interface WorkloadKind {
  kind: string;
  /** API groups that the kind belongs to, '' = core. */
  groups: readonly string[];
  /** Where the pod stands. '' = the object is the pod. */
  path: string;
}

/** The kinds that kube-apiserver looks into; `extensions` for manifests that are as old. */
export const WORKLOAD_KINDS: readonly WorkloadKind[] = [
  { kind: 'Pod', groups: [''], path: '' },
  { kind: 'PodTemplate', groups: [''], path: 'template' },
  { kind: 'ReplicationController', groups: [''], path: 'spec.template' },
  { kind: 'ReplicaSet', groups: ['apps', 'extensions'], path: 'spec.template' },
  { kind: 'Deployment', groups: ['apps', 'extensions'], path: 'spec.template' },
  { kind: 'StatefulSet', groups: ['apps'], path: 'spec.template' },
  { kind: 'DaemonSet', groups: ['apps', 'extensions'], path: 'spec.template' },
  { kind: 'Job', groups: ['batch'], path: 'spec.template' },
  { kind: 'CronJob', groups: ['batch'], path: 'spec.jobTemplate.spec.template' },
];

/** An object of a list, and where it stands in it, e.g. `items[0]`; '' = the object itself. */
export interface ListedObject {
  object: object;
  path: string;
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The items of a List, and of the lists in it; of any other object, the object. Items of typed lists get the list's kind. */
export function listedObjects(object: object, path: string = ''): ListedObject[] {
  const { kind, apiVersion, items } = object as Fields;
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [{ object, path }];
  const itemKind = kind.slice(0, -'List'.length);
  return items.flatMap((item: unknown, i) => {
    if (!isObject(item)) return [];
    const typed = itemKind === '' || item['kind'] !== undefined ? item : { ...item, kind: itemKind, apiVersion };
    return listedObjects(typed, `${path === '' ? '' : `${path}.`}items[${i}]`);
  });
}

/**
 * The pod that an object is or makes, and where it stands in the object. An object without `apiVersion` is known by its kind
 * alone.
 *
 * @returns undefined for objects without pods.
 */
export function podTemplateOf(object: object, kinds: readonly WorkloadKind[] = WORKLOAD_KINDS): { pod: Pod; path: string } | undefined {
  const { kind, apiVersion } = object as Fields;
  const group = typeof apiVersion === 'string' ? apiVersion.slice(0, Math.max(0, apiVersion.indexOf('/'))) : undefined;
  const found = kinds.find((known) => known.kind === kind && (group === undefined || known.groups.includes(group)));
  if (found === undefined) return undefined;
  let value: unknown = object;
  for (const key of found.path === '' ? [] : found.path.split('.')) value = isObject(value) ? value[key] : undefined;
  return isObject(value) ? { pod: value as Pod, path: found.path } : undefined;
}

function withPrefix(result: EvaluationResult, prefix: string): EvaluationResult {
  if (result.allowed || prefix === '') return result;
  const violations = result.violations.map((violation) => ({
    ...violation,
    fields: violation.fields.map((field) => `${prefix}.${field}`),
  }));
  return { ...result, violations };
}

/** Evaluates, with paths that count from further up; `prefix` '' or without a dot at its end. */
function evaluateAt(evaluate: Evaluator, pod: Pod, target: LevelVersion, prefix: string): EvaluationResult {
  try {
    return withPrefix(evaluate(pod, target), prefix);
  } catch (error) {
    if (prefix === '' || !PodSecurityError.is(error, 'POD_SECURITY_MALFORMED_POD')) throw error;
    const { data, message } = error;
    const field = data.field === '' ? prefix : `${prefix}.${data.field}`;
    throw new PodSecurityError(error.code, `${field}${message.slice(message.indexOf(': expected '))}`, { ...data, field });
  }
}

/** How {@link evaluateWorkload} may be adapted. */
export interface WorkloadOptions {
  /** From {@link createEvaluator}. Default {@link evaluatePod}. */
  evaluate?: Evaluator;
  /** Default {@link WORKLOAD_KINDS}. */
  kinds?: readonly WorkloadKind[];
  /** Fill in first what the API server would, for manifests that it has not seen; see {@link withApiDefaults}. Default false. */
  apiDefaults?: boolean;
}

/**
 * Evaluates the pods that an object makes: a Pod itself, the template of a Deployment, CronJob and so on, or all of these in
 * a List. Paths of the violations count from the object's root; a List is allowed when all in it is.
 *
 * @returns null for objects that make no pods.
 * @throws as {@link evaluatePod}.
 */
export function evaluateWorkload(object: object, target: LevelVersion, options: WorkloadOptions = {}): EvaluationResult | null {
  const { evaluate = evaluatePod, kinds = WORKLOAD_KINDS, apiDefaults = false } = options;
  const results = listedObjects(object).flatMap((listed) => {
    const template = podTemplateOf(listed.object, kinds);
    if (template === undefined) return [];
    const prefix = [listed.path, template.path].filter((part) => part !== '').join('.');
    const pod = apiDefaults ? withApiDefaults(template.pod, { isTemplate: template.path !== '' }) : template.pod;
    return [evaluateAt(evaluate, pod, target, prefix)];
  });
  if (results.length < 2) return results[0] ?? null;
  const denied = results.filter(({ allowed }) => !allowed);
  if (denied.length === 0) return ALLOWED;
  return {
    allowed: false,
    reason: denied.map(({ reason }) => reason).join(', '),
    detail: denied.map(({ detail }) => detail).join(', '),
    violations: denied.flatMap(({ violations }) => violations),
  };
}
