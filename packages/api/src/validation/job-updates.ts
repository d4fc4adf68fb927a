import type { KubeObject } from '@k/apimachinery';
import { deepEqual, type FieldErrors, IMMUTABLE } from './field-errors.js';
import { internalForm } from './internal-form.js';
import type { PodFailurePolicy, SuccessPolicy } from './job-policies.js';
import type { PodSpec, PodTemplateSpec } from './pod-types.js';
import type { Affinity } from './scheduling-types.js';
import type { Selector } from './selectors.js';

/** The parts of a job's spec that the rules read. */
export interface JobSpec {
  parallelism?: number;
  completions?: number;
  activeDeadlineSeconds?: number;
  backoffLimit?: number;
  backoffLimitPerIndex?: number;
  maxFailedIndexes?: number;
  ttlSecondsAfterFinished?: number;
  completionMode?: string;
  suspend?: boolean;
  selector?: Selector;
  manualSelector?: boolean;
  template?: PodTemplateSpec;
  podFailurePolicy?: PodFailurePolicy;
  successPolicy?: SuccessPolicy;
  podReplacementPolicy?: string;
  managedBy?: string;
}

/** Before a suspended job first starts, where its pods go may still change. */
function isUnstarted(old: KubeObject): boolean {
  const status = old['status'] as { startTime?: string } | undefined;
  return (old['spec'] as JobSpec | undefined)?.suspend === true && status?.startTime === undefined;
}

function setOrDelete<T extends object, K extends keyof T>(target: T, field: K, value: T[K] | undefined): void {
  if (value === undefined) delete target[field];
  else target[field] = value;
}

/** The old template with the scheduling directives of the new one, so that they do not count as changes. */
function withScheduling(now: PodTemplateSpec, before: PodTemplateSpec): PodTemplateSpec {
  const spec: PodSpec = { ...(before.spec ?? {}) };
  const next = now.spec ?? {};
  const affinity: Affinity = { ...(spec.affinity ?? {}) };
  setOrDelete(affinity, 'nodeAffinity', next.affinity?.nodeAffinity);
  setOrDelete(spec, 'affinity', Object.keys(affinity).length === 0 && next.affinity === undefined ? undefined : affinity);
  setOrDelete(spec, 'nodeSelector', next.nodeSelector);
  setOrDelete(spec, 'tolerations', next.tolerations);
  setOrDelete(spec, 'schedulingGates', next.schedulingGates);
  const metadata = { ...(before.metadata ?? {}) };
  setOrDelete(metadata, 'labels', now.metadata?.labels);
  setOrDelete(metadata, 'annotations', now.metadata?.annotations);
  return { ...before, metadata, spec };
}

/** The old template with the containers' resources of the new one. */
function withResources(now: PodTemplateSpec, before: PodTemplateSpec): PodTemplateSpec {
  const spec: PodSpec = { ...(before.spec ?? {}) };
  for (const list of ['containers', 'initContainers'] as const) {
    const next = now.spec?.[list];
    const old = spec[list];
    if (next === undefined || old === undefined || next.length !== old.length) continue;
    spec[list] = old.map((container, i) => {
      const resources = next[i]?.resources;
      if (next[i]?.name !== container.name || resources === undefined) return container;
      return { ...container, resources };
    });
  }
  return { ...before, spec };
}

/** The template of a job that may have begun. */
export function validateTemplateUpdate(object: KubeObject, old: KubeObject, errors: FieldErrors): void {
  const template = (object['spec'] as JobSpec | undefined)?.template ?? {};
  let before = (old['spec'] as JobSpec | undefined)?.template ?? {};
  if (isUnstarted(old)) before = withResources(template, withScheduling(template, before));
  if (deepEqual(template, before)) return;
  const { name: _name, ...metadata } = { ...(template.metadata ?? {}) } as Record<string, unknown>;
  const shown = { ...metadata, Spec: internalForm('PodSpec', template.spec) };
  errors.invalid('spec.template', shown, IMMUTABLE);
}
