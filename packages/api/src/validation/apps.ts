import type { KubeObject } from '@k/apimachinery';
import { type ClaimSpec, validateClaimSpec } from './claims.js';
import { deepEqual, FieldErrors } from './field-errors.js';
import { intOrPercentValue, validateIntOrPercent, validateNotAbove100Percent } from './int-or-percent.js';
import { internalForm } from './internal-form.js';
import type { KindValidation, UpdateRule } from './kind-validation.js';
import { isDns1123Label } from './names.js';
import { validateLongRunning, validateOwnSelector, validatePodTemplate, validateTemplateLabels } from './pod-template.js';
import type { PodTemplateSpec } from './pod-types.js';
import { validateReplicaStatus } from './replica-status.js';
import { isEmptySelector, type Selector, validateSelector } from './selectors.js';

interface RollingUpdate {
  maxUnavailable?: number | string;
  maxSurge?: number | string;
  partition?: number;
}

/** The specs of deployments and their like. */
interface WorkloadSpec {
  replicas?: number;
  selector?: Selector;
  template?: PodTemplateSpec;
  minReadySeconds?: number;
  revisionHistoryLimit?: number;
  progressDeadlineSeconds?: number;
  strategy?: { type?: string; rollingUpdate?: RollingUpdate };
  updateStrategy?: { type?: string; rollingUpdate?: RollingUpdate };
  podManagementPolicy?: string;
  persistentVolumeClaimRetentionPolicy?: { whenDeleted?: string; whenScaled?: string };
  ordinals?: { start?: number };
  serviceName?: string;
  volumeClaimTemplates?: ClaimTemplate[];
}

interface ClaimTemplate {
  metadata?: { name?: string };
  spec?: ClaimSpec;
}

function specOf(object: KubeObject): WorkloadSpec {
  return (object['spec'] as WorkloadSpec | undefined) ?? {};
}

/** Selector and template of deployments and replica sets. */
function validateReplicated(spec: WorkloadSpec, errors: FieldErrors): void {
  const { selector, template = {} } = spec;
  if (!validateOwnSelector(selector, 'deployment', 'spec.selector', errors)) {
    errors.invalid('spec.selector', selector, 'invalid label selector');
    return;
  }
  if (selector === undefined || !isEmptySelector(selector)) validateTemplateLabels(template, selector, 'spec.template', errors);
  validatePodTemplate(template, 'spec.template', errors);
  validateLongRunning(template, 'ReplicaSet', 'spec.template', errors);
}

function validateStrategy(strategy: NonNullable<WorkloadSpec['strategy']>, errors: FieldErrors): void {
  const { type = '', rollingUpdate: rolling } = strategy;
  const at = 'spec.strategy.rollingUpdate';
  if (type === 'Recreate') {
    if (rolling !== undefined) errors.forbidden(at, "may not be specified when strategy `type` is 'Recreate'");
    return;
  }
  if (type !== 'RollingUpdate') {
    errors.notSupported('spec.strategy', internalForm('DeploymentStrategy', strategy), ['Recreate', 'RollingUpdate']);
    return;
  }
  if (rolling === undefined) {
    errors.required(at, 'this should be defaulted and never be nil');
    return;
  }
  const { maxUnavailable = 0, maxSurge = 0 } = rolling;
  validateIntOrPercent(maxUnavailable, `${at}.maxUnavailable`, errors);
  validateIntOrPercent(maxSurge, `${at}.maxSurge`, errors);
  if (intOrPercentValue(maxUnavailable) === 0 && intOrPercentValue(maxSurge) === 0) {
    errors.invalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0');
  }
  validateNotAbove100Percent(maxUnavailable, `${at}.maxUnavailable`, errors);
}

function validateDeployment(object: KubeObject, errors: FieldErrors): void {
  const spec = specOf(object);
  errors.nonNegative('spec.replicas', spec.replicas);
  validateReplicated(spec, errors);
  validateStrategy(spec.strategy ?? {}, errors);
  const { minReadySeconds = 0, progressDeadlineSeconds: deadline } = spec;
  errors.nonNegative('spec.minReadySeconds', minReadySeconds);
  errors.nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  if (deadline === undefined) return;
  errors.nonNegative('spec.progressDeadlineSeconds', deadline);
  if (deadline <= minReadySeconds) errors.invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds');
}

/** A change of a controller whose selector may not change. */
function withFixedSelector(validate: (object: KubeObject, errors: FieldErrors) => void): UpdateRule {
  return (object, old, errors) => {
    validate(object, errors);
    errors.immutable('spec.selector', specOf(object).selector, specOf(old).selector);
  };
}

/** Deployments. */
export const deploymentValidation: KindValidation = {
  create: validateDeployment,
  update: withFixedSelector(validateDeployment),
  subresources: { status: validateReplicaStatus('Deployment') },
};

function validateReplicaSet(object: KubeObject, errors: FieldErrors): void {
  const spec = specOf(object);
  errors.nonNegative('spec.replicas', spec.replicas);
  errors.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
  validateReplicated(spec, errors);
}

/** Replica sets. */
export const replicaSetValidation: KindValidation = {
  create: validateReplicaSet,
  update: withFixedSelector(validateReplicaSet),
  subresources: { status: validateReplicaStatus('ReplicaSet') },
};

function validateStatefulStrategy(strategy: NonNullable<WorkloadSpec['updateStrategy']>, errors: FieldErrors): void {
  const at = 'spec.updateStrategy';
  const { type = '', rollingUpdate: rolling } = strategy;
  if (type === '') errors.required(at);
  else if (type === 'OnDelete') {
    if (rolling !== undefined) {
      const shown = internalForm('StatefulSetRollingUpdate', rolling);
      errors.invalid(`${at}.rollingUpdate`, shown, "only allowed for updateStrategy 'RollingUpdate'");
    }
  } else if (type !== 'RollingUpdate') {
    errors.invalid(at, internalForm('StatefulSetUpdateStrategy', strategy), "must be 'RollingUpdate' or 'OnDelete'");
  } else if (rolling !== undefined) {
    errors.nonNegative(`${at}.rollingUpdate.partition`, rolling.partition);
    const { maxUnavailable } = rolling;
    if (maxUnavailable === undefined) return;
    const path = `${at}.rollingUpdate.maxUnavailable`;
    validateIntOrPercent(maxUnavailable, path, errors);
    if (intOrPercentValue(maxUnavailable) === 0) errors.invalid(path, maxUnavailable, 'cannot be 0');
    validateNotAbove100Percent(maxUnavailable, path, errors);
  }
}

/** The template with the volumes that the claims of each pod will bring; they win over volumes of the same name. */
function withClaimVolumes(template: PodTemplateSpec, claims: readonly ClaimTemplate[]): PodTemplateSpec {
  if (claims.length === 0) return template;
  const names = new Set(claims.map(({ metadata }) => metadata?.name ?? ''));
  const own = (template.spec?.volumes ?? []).filter(({ name = '' }) => !names.has(name));
  const added = [...names].map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  return { ...template, spec: { ...template.spec, volumes: [...own, ...added] } };
}

function validateServiceName(name: string, errors: FieldErrors): void {
  if (name !== '') errors.invalidEach('spec.serviceName', name, isDns1123Label(name));
}

function validateClaimTemplates(claims: readonly ClaimTemplate[], errors: FieldErrors): void {
  claims.forEach(({ spec = {} }, i) => {
    validateClaimSpec(spec, `spec.volumeClaimTemplates[${i}].spec`, errors);
  });
}

function validateStatefulTemplate({ template = {}, volumeClaimTemplates = [] }: WorkloadSpec, errors: FieldErrors): void {
  validatePodTemplate(withClaimVolumes(template, volumeClaimTemplates), 'spec.template', errors);
}

/** Whether a rule finds fault: rules that came late are not held against what was there before them. */
function hasFault(check: (errors: FieldErrors) => void): boolean {
  const errors = new FieldErrors();
  check(errors);
  return errors.list.length > 0;
}

function validateStatefulSet(object: KubeObject, old: WorkloadSpec | null, errors: FieldErrors): void {
  const spec = specOf(object);
  const { podManagementPolicy: management = '', selector, template = {}, serviceName = '', volumeClaimTemplates: claims = [] } = spec;
  if (management === '') errors.required('spec.podManagementPolicy');
  else if (management !== 'OrderedReady' && management !== 'Parallel') {
    errors.invalid('spec.podManagementPolicy', management, "must be 'OrderedReady' or 'Parallel'");
  }
  if (old === null || !hasFault((found) => validateServiceName(old.serviceName ?? '', found))) validateServiceName(serviceName, errors);
  validateStatefulStrategy(spec.updateStrategy ?? {}, errors);
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  if (retention !== undefined) {
    for (const when of ['whenDeleted', 'whenScaled'] as const) {
      errors.oneOf(`spec.persistentVolumeClaimRetentionPolicy.${when}`, retention[when], ['Retain', 'Delete']);
    }
  }
  if (old === null) validateClaimTemplates(claims, errors);
  errors.nonNegative('spec.replicas', spec.replicas);
  errors.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
  errors.nonNegative('spec.ordinals.start', spec.ordinals?.start);
  if (!validateOwnSelector(selector, 'statefulset', 'spec.selector', errors)) errors.invalid('spec.selector', selector, '');
  else {
    if (selector === undefined || !isEmptySelector(selector)) validateTemplateLabels(template, selector, 'spec.template', errors);
    if (old === null || !hasFault((found) => validateStatefulTemplate(old, found))) validateStatefulTemplate(spec, errors);
  }
  validateLongRunning(template, 'StatefulSet', 'spec.template', errors);
}

const STATEFUL_UPDATABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

/** Stateful sets. */
export const statefulSetValidation: KindValidation = {
  nameRule: (name, prefix) => isDns1123Label(prefix ? name.replace(/-$/, 'a') : name),
  create: (object, errors) => validateStatefulSet(object, null, errors),
  update: (object, old, errors) => {
    validateStatefulSet(object, specOf(old), errors);
    const fixed = (spec: WorkloadSpec): Record<string, unknown> => {
      const out: Record<string, unknown> = { ...spec };
      for (const field of STATEFUL_UPDATABLE) delete out[field];
      return out;
    };
    if (deepEqual(fixed(specOf(object)), fixed(specOf(old)))) return;
    const names = STATEFUL_UPDATABLE.map((field) => `'${field}'`);
    const list = `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
    errors.forbidden('spec', `updates to statefulset spec for fields other than ${list} are forbidden`);
  },
  subresources: { status: validateReplicaStatus('StatefulSet') },
};

function validateDaemonStrategy(strategy: NonNullable<WorkloadSpec['updateStrategy']>, errors: FieldErrors): void {
  const at = 'spec.updateStrategy';
  const { type = '', rollingUpdate: rolling } = strategy;
  if (type === 'OnDelete') return;
  if (type !== 'RollingUpdate') {
    errors.notSupported(at, internalForm('DaemonSetUpdateStrategy', strategy), ['RollingUpdate', 'OnDelete']);
    return;
  }
  if (rolling === undefined) {
    errors.required(`${at}.rollingUpdate`);
    return;
  }
  const { maxUnavailable = 0, maxSurge = 0 } = rolling;
  const path = `${at}.rollingUpdate`;
  validateIntOrPercent(maxUnavailable, `${path}.maxUnavailable`, errors);
  validateIntOrPercent(maxSurge, `${path}.maxSurge`, errors);
  validateNotAbove100Percent(maxUnavailable, `${path}.maxUnavailable`, errors);
  validateNotAbove100Percent(maxSurge, `${path}.maxSurge`, errors);
  const unavailable = intOrPercentValue(maxUnavailable) !== 0;
  const surge = intOrPercentValue(maxSurge) !== 0;
  if (unavailable && surge) errors.invalid(`${path}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero');
  else if (!unavailable && !surge) errors.required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0');
}

function validateDaemonSet(object: KubeObject, errors: FieldErrors): void {
  const spec = specOf(object);
  const { selector, template = {} } = spec;
  const before = errors.list.length;
  validateSelector(selector, 'spec.selector', errors);
  if (errors.list.length === before) validateTemplateLabels(template, selector, 'spec.template', errors);
  if (selector !== undefined && isEmptySelector(selector)) {
    errors.invalid('spec.selector', selector, 'empty selector is invalid for daemonset');
  }
  validatePodTemplate(template, 'spec.template', errors);
  validateLongRunning(template, 'DaemonSet', 'spec.template', errors);
  errors.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
  validateDaemonStrategy(spec.updateStrategy ?? {}, errors);
  errors.nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
}

/** Daemon sets. */
export const daemonSetValidation: KindValidation = {
  create: validateDaemonSet,
  update: withFixedSelector(validateDaemonSet),
  subresources: { status: validateReplicaStatus('DaemonSet') },
};

/** Controller revisions: a snapshot that never changes. */
export const controllerRevisionValidation: KindValidation = {
  metadataOnUpdate: 'both',
  create: (object, errors) => {
    if (object['data'] === undefined) errors.required('data', 'data is mandatory');
    errors.nonNegative('revision', object['revision'] as number | undefined);
  },
  update: (object, old, errors) => {
    if (object['data'] === undefined) errors.required('data', 'data is mandatory');
    errors.nonNegative('revision', object['revision'] as number | undefined);
    errors.immutable('data', object['data'], old['data']);
  },
};
