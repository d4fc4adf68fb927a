import type { KubeObject } from '@k/apimachinery';
import { deepEqual, type FieldErrors } from './field-errors.js';
import { intOrPercentValue, validateIntOrPercent, validateNotAbove100Percent } from './int-or-percent.js';
import { internalForm } from './internal-form.js';
import type { KindValidation, UpdateRule } from './kind-validation.js';
import { validateAnnotations } from './metadata.js';
import { isDns1123Label } from './names.js';
import { validatePodAnnotations } from './pod-annotations.js';
import { validateLongRunning, validateOwnSelector, validatePodTemplate, validateTemplateLabels } from './pod-template.js';
import type { PodTemplateSpec } from './pod-types.js';
import { validateReplicaStatus } from './replica-status.js';
import { isEmptySelector, type Selector, validateLabels, validateSelector } from './selectors.js';

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

function validateStatefulSet(object: KubeObject, errors: FieldErrors): void {
  const spec = specOf(object);
  const { podManagementPolicy: management = '', selector, template = {} } = spec;
  if (management === '') errors.required('spec.podManagementPolicy');
  else if (management !== 'OrderedReady' && management !== 'Parallel') {
    errors.invalid('spec.podManagementPolicy', management, "must be 'OrderedReady' or 'Parallel'");
  }
  validateStatefulStrategy(spec.updateStrategy ?? {}, errors);
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  if (retention !== undefined) {
    for (const when of ['whenDeleted', 'whenScaled'] as const) {
      errors.oneOf(`spec.persistentVolumeClaimRetentionPolicy.${when}`, retention[when], ['Retain', 'Delete']);
    }
  }
  errors.nonNegative('spec.replicas', spec.replicas);
  errors.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
  errors.nonNegative('spec.ordinals.start', spec.ordinals?.start);
  errors.nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  if (!validateOwnSelector(selector, 'statefulset', 'spec.selector', errors)) errors.invalid('spec.selector', selector, '');
  else {
    if (selector === undefined || !isEmptySelector(selector)) validateTemplateLabels(template, selector, 'spec.template', errors);
    // Volumes of claims are not in the template, so its pod spec cannot be checked as a whole.
    validateLabels(template.metadata?.labels, 'spec.template.labels', errors);
    validateAnnotations(template.metadata?.annotations, 'spec.template.annotations', errors);
    validatePodAnnotations(template.metadata?.annotations, template.spec ?? {}, 'spec.template.annotations', errors);
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
  create: validateStatefulSet,
  update: (object, old, errors) => {
    validateStatefulSet(object, errors);
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
