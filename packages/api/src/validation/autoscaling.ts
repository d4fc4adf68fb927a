import type { KubeObject } from '@k/apimachinery';
import { convertAutoscaler } from '../kinds/autoscaling.js';
import { type FieldErrors, MUST_BE_POSITIVE } from './field-errors.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Label, isPathSegment } from './names.js';
import { quantityOf, validateContainerResourceName } from './resources.js';

interface Reference {
  kind?: string;
  name?: string;
  apiVersion?: string;
}

interface Target {
  type?: string;
  value?: string;
  averageValue?: string;
  averageUtilization?: number;
}

interface Source {
  name?: string;
  container?: string;
  target?: Target;
  metric?: { name?: string };
  describedObject?: Reference;
}

type SourceName = 'object' | 'external' | 'pods' | 'resource' | 'containerResource';

interface Metric extends Partial<Record<SourceName, Source>> {
  type?: string;
}

interface ScalingRules {
  stabilizationWindowSeconds?: number;
  selectPolicy?: string;
  policies?: { type?: string; value?: number; periodSeconds?: number }[];
  tolerance?: string;
}

interface AutoscalerSpec {
  scaleTargetRef?: Reference;
  minReplicas?: number;
  maxReplicas?: number;
  metrics?: Metric[];
  behavior?: { scaleUp?: ScalingRules; scaleDown?: ScalingRules };
}

const METRIC_TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const SOURCE_OF: Readonly<Record<string, SourceName>> = {
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
  External: 'external',
  ContainerResource: 'containerResource',
};
const PERIOD_SECONDS_MAX = 1800;
const WINDOW_SECONDS_MAX = 3600;

function validateReference({ kind = '', name = '', apiVersion = '' }: Reference, at: string, errors: FieldErrors): void {
  if (kind === '') errors.required(`${at}.kind`);
  else errors.invalidEach(`${at}.kind`, kind, isPathSegment(kind));
  if (name === '') errors.required(`${at}.name`);
  else errors.invalidEach(`${at}.name`, name, isPathSegment(name));
  if (apiVersion === '') return;
  if (apiVersion.split('/').length > 2) errors.invalid(`${at}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
}

/** What is scaled: an object of a named group. */
function validateScaleTarget(reference: Reference, at: string, errors: FieldErrors): void {
  validateReference(reference, at, errors);
  const { apiVersion = '' } = reference;
  if (apiVersion === '') errors.invalid(`${at}.apiVersion`, '', 'apiVersion must specify API group');
}

function validateTarget(target: Target, at: string, errors: FieldErrors): void {
  const { type = '', value, averageValue, averageUtilization } = target;
  if (type === '') errors.required(`${at}.type`, 'must specify a metric target type');
  if (type !== 'Utilization' && type !== 'Value' && type !== 'AverageValue') {
    errors.invalid(`${at}.type`, type, 'must be either Utilization, Value, or AverageValue');
  }
  if (value !== undefined && quantityOf(value).sign() !== 1) errors.invalid(`${at}.value`, value, 'must be positive');
  if (averageValue !== undefined && quantityOf(averageValue).sign() !== 1) {
    errors.invalid(`${at}.averageValue`, averageValue, 'must be positive');
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    errors.invalid(`${at}.averageUtilization`, averageUtilization, 'must be greater than 0');
  }
}

function validateMetricName(source: Source, at: string, errors: FieldErrors): void {
  const name = source.metric?.name ?? '';
  if (name === '') errors.required(`${at}.metric.name`, 'must specify a metric name');
  else errors.invalidEach(`${at}.metric.name`, name, isPathSegment(name));
}

/** Resources are measured against requests or by amount, not both. */
function validateUtilization(target: Target, at: string, errors: FieldErrors): void {
  const { averageUtilization, averageValue } = target;
  if (averageUtilization === undefined && averageValue === undefined) {
    errors.required(`${at}.averageUtilization`, 'must set either a target raw value or a target utilization');
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    errors.forbidden(`${at}.averageValue`, 'may not set both a target raw value and a target utilization');
  }
}

function validateSource(name: SourceName, source: Source, at: string, errors: FieldErrors): void {
  const target = source.target ?? {};
  const path = `${at}.target`;
  if (name === 'object') validateReference(source.describedObject ?? {}, `${at}.describedObject`, errors);
  if (name === 'containerResource' || name === 'resource') {
    const resource = source.name ?? '';
    if (resource === '') errors.required(`${at}.name`, 'must specify a resource name');
    else if (name === 'containerResource') validateContainerResourceName(resource, `${at}.name`, errors);
    if (name === 'containerResource') {
      const container = source.container ?? '';
      if (container === '') errors.required(`${at}.container`, 'must specify a container');
      else errors.invalidEach(`${at}.container`, container, isDns1123Label(container));
    }
    validateTarget(target, path, errors);
    validateUtilization(target, path, errors);
    return;
  }
  validateMetricName(source, at, errors);
  validateTarget(target, path, errors);
  const none = target.value === undefined && target.averageValue === undefined;
  if (name === 'object' && none) errors.required(`${path}.averageValue`, 'must set either a target value or averageValue');
  if (name === 'pods' && target.averageValue === undefined) {
    errors.required(`${path}.averageValue`, 'must specify a positive target averageValue');
  }
  if (name !== 'external') return;
  if (none) errors.required(`${path}.averageValue`, 'must set either a target value for metric or a per-pod target');
  if (target.value !== undefined && target.averageValue !== undefined) {
    errors.forbidden(`${path}.value`, 'may not set both a target value for metric and a per-pod target');
  }
}

function validateMetric(metric: Metric, at: string, errors: FieldErrors): void {
  const { type = '' } = metric;
  if (type === '') errors.required(`${at}.type`, 'must specify a metric source type');
  errors.oneOf(`${at}.type`, type, METRIC_TYPES);
  const present: SourceName[] = [];
  for (const name of ['object', 'external', 'pods', 'resource', 'containerResource'] as const) {
    const source = metric[name];
    if (source === undefined) continue;
    present.push(name);
    if (present.length === 1) validateSource(name, source, `${at}.${name}`, errors);
  }
  const expected = SOURCE_OF[type];
  if (expected === undefined) errors.notSupported(`${at}.type`, type, METRIC_TYPES);
  else if (metric[expected] === undefined) errors.required(`${at}.${expected}`, 'must populate information for the given metric source');
  if (present.length < 2) return;
  for (const name of present) if (name !== expected) errors.forbidden(`${at}.${name}`, 'must populate the given metric source only');
}

function validateRules(rules: ScalingRules | undefined, at: string, errors: FieldErrors): void {
  if (rules === undefined) return;
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules;
  if (window !== undefined && window < 0) {
    errors.invalid(`${at}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero');
  }
  if (window !== undefined && window > WINDOW_SECONDS_MAX) {
    errors.invalid(`${at}.stabilizationWindowSeconds`, window, `must be less than or equal to ${WINDOW_SECONDS_MAX}`);
  }
  if (selectPolicy !== undefined) errors.oneOf(`${at}.selectPolicy`, selectPolicy, ['Disabled', 'Max', 'Min']);
  if (policies.length === 0) errors.required(`${at}.policies`, 'must specify at least one Policy');
  policies.forEach(({ type = '', value = 0, periodSeconds = 0 }, i) => {
    const path = `${at}.policies[${i}]`;
    errors.oneOf(`${path}.type`, type, ['Percent', 'Pods']);
    if (value <= 0) errors.invalid(`${path}.value`, value, MUST_BE_POSITIVE);
    if (periodSeconds <= 0) errors.invalid(`${path}.periodSeconds`, periodSeconds, MUST_BE_POSITIVE);
    if (periodSeconds > PERIOD_SECONDS_MAX) {
      errors.invalid(`${path}.periodSeconds`, periodSeconds, `must be less than or equal to ${PERIOD_SECONDS_MAX}`);
    }
  });
  if (tolerance !== undefined && quantityOf(tolerance).sign() < 0) {
    errors.invalid(`${at}.tolerance`, tolerance, 'must be greater than or equal to 0');
  }
}

function validateAutoscaler(object: KubeObject, lowest: number, errors: FieldErrors): void {
  const spec = (convertAutoscaler(object, 'v2')['spec'] as AutoscalerSpec | undefined) ?? {};
  const { minReplicas: min, maxReplicas: max = 0, metrics = [] } = spec;
  if (min !== undefined && min < lowest) errors.invalid('spec.minReplicas', min, `must be greater than or equal to ${lowest}`);
  if (max < 1) errors.required('spec.maxReplicas', 'must be set and greater than 0');
  if (min !== undefined && max < min) errors.invalid('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`');
  validateScaleTarget(spec.scaleTargetRef ?? {}, 'spec.scaleTargetRef', errors);
  metrics.forEach((metric, i) => {
    validateMetric(metric, `spec.metrics[${i}]`, errors);
  });
  if (min === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')) {
    errors.forbidden('spec.metrics', 'must specify at least one Object or External metric to support scaling to zero replicas');
  }
  validateRules(spec.behavior?.scaleUp, 'spec.behavior.scaleUp', errors);
  validateRules(spec.behavior?.scaleDown, 'spec.behavior.scaleDown', errors);
}

/** Horizontal pod autoscalers of either version. */
export const autoscalerValidation: KindValidation = {
  create: (object, errors) => validateAutoscaler(object, 1, errors),
  update: (object, old, errors) => {
    const before = (old['spec'] as AutoscalerSpec | undefined)?.minReplicas;
    validateAutoscaler(object, before === 0 ? 0 : 1, errors);
  },
  subresources: {
    status: (object, _old, errors) => {
      const status = object['status'] as { currentReplicas?: number; desiredReplicas?: number } | undefined;
      errors.nonNegative('status.currentReplicas', status?.currentReplicas);
      errors.nonNegative('status.desiredReplicas', status?.desiredReplicas);
    },
  },
};
