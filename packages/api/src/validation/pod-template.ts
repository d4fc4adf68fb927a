import type { FieldErrors } from './field-errors.js';
import { sortedMap } from './internal-form.js';
import { validateAnnotations } from './metadata.js';
import { validatePodAnnotations, validateProfileAnnotations } from './pod-annotations.js';
import { validatePodSpec } from './pod-spec.js';
import type { PodTemplateSpec } from './pod-types.js';
import { isEmptySelector, type Selector, selects, validateLabels, validateSelector } from './selectors.js';

/** A pod template, wherever it stands. */
export function validatePodTemplate(template: PodTemplateSpec, at: string, errors: FieldErrors): void {
  const { metadata = {}, spec = {} } = template;
  validateLabels(metadata.labels, `${at}.labels`, errors);
  validateAnnotations(metadata.annotations, `${at}.annotations`, errors);
  validatePodAnnotations(metadata.annotations, spec, `${at}.annotations`, errors);
  validatePodSpec(spec, { isPod: false, podName: '' }, `${at}.spec`, errors);
  validateProfileAnnotations(metadata.annotations, spec, `${at}.spec`, errors);
  if ((spec.ephemeralContainers ?? []).length > 0) {
    errors.forbidden(`${at}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template');
  }
}

/** The labels of a template must be among those its controller selects. */
export function validateTemplateLabels(template: PodTemplateSpec, selector: Selector | undefined, at: string, errors: FieldErrors): void {
  const labels = template.metadata?.labels;
  if (!selects(selector, labels ?? {})) {
    errors.invalid(`${at}.metadata.labels`, sortedMap(labels), '`selector` does not match template `labels`');
  }
}

/** A template of pods that run for ever: always restarted, without a deadline. `owner` names the kind in messages. */
export function validateLongRunning(template: PodTemplateSpec, owner: string, at: string, errors: FieldErrors): void {
  const { restartPolicy = '', activeDeadlineSeconds } = template.spec ?? {};
  if (restartPolicy !== 'Always') errors.notSupported(`${at}.spec.restartPolicy`, restartPolicy, ['Always']);
  if (activeDeadlineSeconds !== undefined) {
    errors.forbidden(`${at}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${owner} is not Supported`);
  }
}

/**
 * A controller's selector: required, not empty. Returns whether it can be used.
 *
 * @param owner - The kind in the message about an empty selector.
 */
export function validateOwnSelector(selector: Selector | undefined, owner: string, at: string, errors: FieldErrors): boolean {
  if (selector === undefined) {
    errors.required(at);
    return true;
  }
  const before = errors.list.length;
  validateSelector(selector, at, errors);
  const usable = errors.list.length === before;
  if (isEmptySelector(selector)) errors.invalid(at, selector, `empty selector is invalid for ${owner}`);
  return usable;
}
