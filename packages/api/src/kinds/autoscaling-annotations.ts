/**
 * What autoscaling/v1 has no fields for travels in annotations: metrics other than CPU, behavior, and their status.
 * Metrics and conditions lie there in the shape of v1alpha's types, behavior in that of upstream's internal ones.
 */
import type { KubeObject } from '@k/apimachinery';

type Fields = Record<string, unknown>;

const PREFIX = 'autoscaling.alpha.kubernetes.io/';
const METRICS = `${PREFIX}metrics`;
const BEHAVIOR = `${PREFIX}behavior`;
const CONDITIONS = `${PREFIX}conditions`;
const CURRENT_METRICS = `${PREFIX}current-metrics`;
const NAMES: readonly string[] = [METRICS, BEHAVIOR, CONDITIONS, CURRENT_METRICS];

/** Parts of an autoscaler that only v2 has. */
export interface VersionTwoParts {
  metrics?: object[];
  behavior?: object;
  conditions?: object[];
  currentMetrics?: object[];
}

const compact = (fields: Fields): Fields => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** One metric of v2, wanted or current, in the shape of v1. */
function metricToV1(metric: Fields, kind: 'target' | 'current'): Fields {
  const { type } = metric;
  const out: Fields = { type };
  for (const name of ['object', 'pods', 'resource', 'containerResource', 'external']) {
    const source = metric[name] as Fields | undefined;
    if (source === undefined) continue;
    const target = (source[kind] ?? {}) as Fields;
    const { name: metricName, selector } = (source['metric'] ?? {}) as Fields;
    const { value, averageValue, averageUtilization } = target;
    const described = source['describedObject'] as Fields | undefined;
    const isWanted = kind === 'target';
    const amount = isWanted ? 'targetValue' : 'currentValue';
    const average = isWanted ? 'targetAverageValue' : 'currentAverageValue';
    const utilization = isWanted ? 'targetAverageUtilization' : 'currentAverageUtilization';
    if (name === 'object') {
      const reference = compact({ kind: described?.['kind'], name: described?.['name'], apiVersion: described?.['apiVersion'] });
      out[name] = compact({ target: reference, metricName, [amount]: value ?? '0', selector, averageValue });
    } else if (name === 'pods') out[name] = compact({ metricName, [average]: averageValue ?? '0', selector });
    else if (name === 'external') out[name] = compact({ metricName, metricSelector: selector, [amount]: value, [average]: averageValue });
    else
      out[name] = compact({
        name: source['name'],
        [utilization]: averageUtilization,
        [average]: averageValue,
        container: source['container'],
      });
  }
  return out;
}

function targetOf(value: unknown, averageValue: unknown, averageUtilization: unknown): Fields {
  const type = averageUtilization !== undefined ? 'Utilization' : averageValue !== undefined ? 'AverageValue' : 'Value';
  return compact({ type, value, averageValue, averageUtilization });
}

/** One wanted metric of v1 in the shape of v2. */
function metricToV2(metric: Fields): Fields {
  const out: Fields = { type: metric['type'] };
  for (const name of ['object', 'pods', 'resource', 'containerResource', 'external']) {
    const source = metric[name] as Fields | undefined;
    if (source === undefined) continue;
    const { targetValue, targetAverageValue, targetAverageUtilization, averageValue, selector, metricSelector } = source;
    const identity = compact({ name: source['metricName'], selector: selector ?? metricSelector });
    if (name === 'object') {
      const target = targetOf(averageValue === undefined ? targetValue : undefined, averageValue, undefined);
      out[name] = { describedObject: source['target'], target, metric: identity };
    } else if (name === 'pods') out[name] = { metric: identity, target: targetOf(undefined, targetAverageValue, undefined) };
    else if (name === 'external') out[name] = { metric: identity, target: targetOf(targetValue, targetAverageValue, undefined) };
    else {
      const target = targetOf(undefined, targetAverageValue, targetAverageUtilization);
      out[name] = compact({ name: source['name'], target, container: source['container'] });
    }
  }
  return out;
}

const RULES: readonly (readonly [internal: string, field: string])[] = [
  ['StabilizationWindowSeconds', 'stabilizationWindowSeconds'],
  ['SelectPolicy', 'selectPolicy'],
  ['Policies', 'policies'],
  ['Tolerance', 'tolerance'],
];
const POLICY: readonly (readonly [internal: string, field: string])[] = [
  ['Type', 'type'],
  ['Value', 'value'],
  ['PeriodSeconds', 'periodSeconds'],
];

function internalRules(rules: Fields | undefined): Fields | null {
  if (rules === undefined) return null;
  const policies = rules['policies'] as Fields[] | undefined;
  const shaped = {
    ...rules,
    policies: policies?.map((policy) => Object.fromEntries(POLICY.map(([to, from]) => [to, policy[from] ?? null]))),
  };
  return Object.fromEntries(RULES.map(([to, from]) => [to, (shaped as Fields)[from] ?? null]));
}

function rulesFromInternal(rules: Fields | null | undefined): Fields | undefined {
  if (rules === undefined || rules === null) return undefined;
  const policies = rules['Policies'] as Fields[] | null | undefined;
  const out = compact(Object.fromEntries(RULES.map(([from, to]) => [to, rules[from] ?? undefined])));
  if (policies) out['policies'] = policies.map((policy) => Object.fromEntries(POLICY.map(([from, to]) => [to, policy[from]])));
  return out;
}

/** Puts what v1 lacks into the annotations of an object in v1. Mutates its metadata, which the caller owns. */
export function writeAnnotations(object: KubeObject, parts: VersionTwoParts): void {
  const found: Record<string, string> = {};
  if (parts.metrics?.length) found[METRICS] = JSON.stringify(parts.metrics.map((metric) => metricToV1(metric as Fields, 'target')));
  if (parts.behavior !== undefined) {
    const { scaleUp, scaleDown } = parts.behavior as { scaleUp?: Fields; scaleDown?: Fields };
    found[BEHAVIOR] = JSON.stringify({ ScaleUp: internalRules(scaleUp), ScaleDown: internalRules(scaleDown) });
  }
  if (parts.conditions?.length) {
    const shaped = (parts.conditions as Fields[]).map(({ type, status, lastTransitionTime, reason, message }) =>
      compact({ type, status, lastTransitionTime: lastTransitionTime ?? null, reason, message }),
    );
    found[CONDITIONS] = JSON.stringify(shaped);
  }
  if (parts.currentMetrics?.length) {
    found[CURRENT_METRICS] = JSON.stringify(parts.currentMetrics.map((metric) => metricToV1(metric as Fields, 'current')));
  }
  if (Object.keys(found).length > 0) object.metadata = { ...object.metadata, annotations: { ...object.metadata?.annotations, ...found } };
}

function parsed<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return (JSON.parse(text) ?? undefined) as T | undefined;
  } catch {
    // Annotations are the client's: one that cannot be read says nothing.
    return undefined;
  }
}

/** Takes out of the annotations what v2 has fields for. Replaces the object's metadata, which the caller owns. */
export function readAnnotations(object: KubeObject): VersionTwoParts {
  const annotations = object.metadata?.annotations;
  if (annotations === undefined || !NAMES.some((name) => annotations[name] !== undefined)) return {};
  const left = Object.fromEntries(Object.entries(annotations).filter(([name]) => !NAMES.includes(name)));
  const { annotations: _all, ...metadata } = object.metadata ?? {};
  object.metadata = Object.keys(left).length > 0 ? { ...metadata, annotations: left } : metadata;
  const metrics = parsed<Fields[]>(annotations[METRICS]);
  const behavior = parsed<{ ScaleUp?: Fields; ScaleDown?: Fields }>(annotations[BEHAVIOR]);
  const conditions = parsed<object[]>(annotations[CONDITIONS]);
  const shaped = behavior && compact({ scaleUp: rulesFromInternal(behavior.ScaleUp), scaleDown: rulesFromInternal(behavior.ScaleDown) });
  return {
    ...(Array.isArray(metrics) ? { metrics: metrics.map(metricToV2) } : {}),
    ...(shaped === undefined ? {} : { behavior: shaped }),
    ...(Array.isArray(conditions) ? { conditions } : {}),
  };
}
