import type { KubeObject } from '@k/apimachinery';
import { deepEqual, type FieldErrors } from './field-errors.js';
import { internalForm } from './internal-form.js';
import type { KindValidation } from './kind-validation.js';
import { rangeText } from './names.js';
import { MIRROR_POD, validatePodAnnotationChanges, validatePodAnnotations, validateProfileAnnotations } from './pod-annotations.js';
import { validatePodResize } from './pod-resize.js';
import { validatePodOnly, validatePodSpec } from './pod-spec.js';
import { validatePodStatus } from './pod-status.js';
import type { Container, PodSpec } from './pod-types.js';
import { validateTolerations } from './scheduling.js';
import type { Affinity, NodeSelectorTerm, Toleration } from './scheduling-types.js';
import { unifiedDiff } from './unified-diff.js';

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');
const NODE_TERMS = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';

function specOf(pod: KubeObject): PodSpec {
  return (pod['spec'] as PodSpec | undefined) ?? {};
}

/** What holds for a pod at all times. */
export function validatePod(pod: KubeObject, errors: FieldErrors): void {
  const spec = specOf(pod);
  const annotations = pod.metadata?.annotations;
  validatePodAnnotations(annotations, spec, 'metadata.annotations', errors);
  validatePodSpec(spec, { isPod: true, podName: pod.metadata?.name ?? '' }, 'spec', errors);
  validatePodOnly(spec, 'spec', errors);
}

function validateNewPod(pod: KubeObject, errors: FieldErrors): void {
  validatePod(pod, errors);
  const spec = specOf(pod);
  if ((spec.ephemeralContainers ?? []).length > 0) errors.forbidden('spec.ephemeralContainers', 'cannot be set on create');
  if ((spec.nodeName ?? '') !== '' && (spec.schedulingGates ?? []).length > 0) {
    errors.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared');
  }
  validateProfileAnnotations(pod.metadata?.annotations, spec, 'spec', errors);
}

/** Containers stay the same in number; returns whether the comparison can go on. */
function validateContainerList(now: Container[] = [], before: Container[] = [], at: string, errors: FieldErrors): boolean {
  if (now.length !== before.length) {
    errors.forbidden(at, 'pod updates may not add or remove containers');
    return false;
  }
  now.forEach(({ image = '' }, i) => {
    if (image === '') errors.required(`${at}[${i}].image`);
    if (image !== image.trim()) errors.invalid(`${at}[${i}].image`, image, 'must not have leading or trailing whitespace');
  });
  return true;
}

/** A deadline may come and shrink. Returns false after an error that ends the check. */
function validateDeadline(now: PodSpec, before: PodSpec, errors: FieldErrors): boolean {
  const at = 'spec.activeDeadlineSeconds';
  const deadline = now.activeDeadlineSeconds;
  const old = before.activeDeadlineSeconds;
  if (deadline === undefined) {
    if (old !== undefined) errors.invalid(at, null, 'must not update from a positive integer to nil value');
    return true;
  }
  if (deadline < 0 || deadline > 2147483647) errors.invalid(at, deadline, rangeText(0, 2147483647));
  else if (old !== undefined && old < deadline) errors.invalid(at, deadline, 'must be less than or equal to previous value');
  else return true;
  return false;
}

function validateAddedTolerations(now: Toleration[] = [], before: Toleration[] = [], errors: FieldErrors): void {
  const without = ({ tolerationSeconds: _seconds, ...rest }: Toleration): Toleration => rest;
  for (const old of before) {
    if (now.some((toleration) => deepEqual(without(toleration), without(old)))) continue;
    errors.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
    return;
  }
  validateTolerations(now, 'spec.tolerations', errors);
}

function validateRemovedGates(now: PodSpec, before: PodSpec, errors: FieldErrors): void {
  const known = new Set((before.schedulingGates ?? []).map((gate) => gate.name ?? ''));
  now.schedulingGates?.forEach(({ name = '' }, i) => {
    if (!known.has(name)) {
      errors.forbidden(`spec.schedulingGates[${i}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`);
    }
  });
}

function onlyAdds(now: NodeSelectorTerm, before: NodeSelectorTerm): boolean {
  return (['matchExpressions', 'matchFields'] as const).every((field) => {
    const old = before[field] ?? [];
    return deepEqual((now[field] ?? []).slice(0, old.length), old);
  });
}

/** A gated pod may become pickier about nodes. Returns the spec with those parts as they were. */
function undoGatedChanges(spec: PodSpec, before: PodSpec, errors: FieldErrors): PodSpec {
  const out = { ...spec };
  if (!deepEqual(spec.nodeSelector, before.nodeSelector)) {
    const kept = Object.entries(before.nodeSelector ?? {}).every(([key, value]) => spec.nodeSelector?.[key] === value);
    if (!kept) {
      const detail = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
      errors.invalid('spec.nodeSelector', spec.nodeSelector ?? null, detail);
    }
    if (before.nodeSelector === undefined) delete out.nodeSelector;
    else out.nodeSelector = before.nodeSelector;
  }
  const now = spec.affinity?.nodeAffinity;
  const old = before.affinity?.nodeAffinity;
  if (deepEqual(now, old)) return out;
  const oldTerms = old?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const terms = now?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const shown = (term: NodeSelectorTerm): object => internalForm('NodeSelectorTerm', term);
  if (oldTerms.length > 0 && oldTerms.length !== terms.length) {
    errors.invalid(NODE_TERMS, terms.map(shown), 'no additions/deletions to non-empty NodeSelectorTerms list are allowed');
  } else {
    oldTerms.forEach((term, i) => {
      const next = terms[i] as NodeSelectorTerm;
      if (!onlyAdds(next, term)) {
        errors.invalid(`${NODE_TERMS}[${i}]`, shown(next), 'only additions are allowed (no mutations or deletions)');
      }
    });
  }
  const { nodeAffinity: _changed, ...rest } = spec.affinity ?? {};
  const affinity: Affinity = old === undefined ? rest : { ...rest, nodeAffinity: old };
  if (Object.keys(affinity).length === 0 && before.affinity === undefined) delete out.affinity;
  else out.affinity = affinity;
  return out;
}

/** Puts back a field as it was. */
function restore<K extends keyof PodSpec>(spec: PodSpec, before: PodSpec, field: K): void {
  const value = before[field];
  if (value === undefined) delete spec[field];
  else spec[field] = value;
}

function withImages(containers: Container[], before: Container[]): Container[] {
  return containers.map((container, i) => {
    const { image: _image, ...rest } = container;
    const old = before[i]?.image;
    return old === undefined ? rest : { ...rest, image: old };
  });
}

/** Everything but the few updatable fields must be as it was. */
function validateFixedFields(now: PodSpec, before: PodSpec, errors: FieldErrors): void {
  if (deepEqual(now, before)) return;
  let spec: PodSpec = { ...now };
  for (const list of ['containers', 'initContainers'] as const) {
    const containers = now[list];
    if (containers !== undefined) spec[list] = withImages(containers, before[list] ?? []);
  }
  restore(spec, before, 'activeDeadlineSeconds');
  restore(spec, before, 'schedulingGates');
  restore(spec, before, 'tolerations');
  if ((before.terminationGracePeriodSeconds ?? 0) < 0 && now.terminationGracePeriodSeconds === 1) {
    restore(spec, before, 'terminationGracePeriodSeconds');
  }
  if ((before.schedulingGates ?? []).length > 0) spec = undoGatedChanges(spec, before, errors);
  if (deepEqual(spec, before)) return;
  const difference = unifiedDiff(internalForm('PodSpec', before), internalForm('PodSpec', spec));
  errors.forbidden('spec', `pod updates may not change fields other than ${UPDATABLE}\n${difference}`);
}

function validateChangedPod(pod: KubeObject, old: KubeObject, errors: FieldErrors): void {
  validatePod(pod, errors);
  const annotations = pod.metadata?.annotations;
  validatePodAnnotationChanges(annotations, old.metadata?.annotations, 'metadata.annotations', errors);
  validatePodAnnotations(annotations, specOf(pod), 'metadata.annotations', errors);
  const now = specOf(pod);
  const before = specOf(old);
  if (!validateContainerList(now.containers, before.containers, 'spec.containers', errors)) return;
  if (!validateContainerList(now.initContainers, before.initContainers, 'spec.initContainers', errors)) return;
  if (!validateDeadline(now, before, errors)) return;
  validateAddedTolerations(now.tolerations, before.tolerations, errors);
  validateRemovedGates(now, before, errors);
  validateFixedFields(now, before, errors);
}

/** Ephemeral containers can be added, nothing else. */
function validateAddedEphemeral(pod: KubeObject, old: KubeObject, errors: FieldErrors): void {
  validatePod(pod, errors);
  const annotations = pod.metadata?.annotations;
  validatePodAnnotationChanges(annotations, old.metadata?.annotations, 'metadata.annotations', errors);
  validatePodAnnotations(annotations, specOf(pod), 'metadata.annotations', errors);
  if (old.metadata?.annotations?.[MIRROR_POD] !== undefined) {
    errors.list.length = 0;
    errors.forbidden('[]', 'static pods do not support ephemeral containers');
    return;
  }
  const at = 'spec.ephemeralContainers';
  const now = new Map((specOf(pod).ephemeralContainers ?? []).map((container) => [container.name ?? '', container]));
  for (const container of specOf(old).ephemeralContainers ?? []) {
    const { name = '' } = container;
    const next = now.get(name);
    if (next === undefined) errors.forbidden(at, `existing ephemeral containers "${name}" may not be removed\n`);
    else if (!deepEqual(next, container)) {
      const difference = unifiedDiff(internalForm('EphemeralContainer', container), internalForm('EphemeralContainer', next));
      errors.forbidden(at, `existing ephemeral containers "${name}" may not be changed\n${difference}`);
    }
  }
}

/** Pods. */
export const podValidation: KindValidation = {
  create: validateNewPod,
  update: validateChangedPod,
  metadataOnUpdate: 'both',
  subresources: {
    status: validatePodStatus,
    ephemeralcontainers: validateAddedEphemeral,
    resize: (pod, old, errors) => {
      validatePod(pod, errors);
      validatePodResize(pod, old, errors);
    },
  },
};
