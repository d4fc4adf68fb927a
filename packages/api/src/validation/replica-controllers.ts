import type { KubeObject } from '@k/apimachinery';
import type { FieldErrors } from './field-errors.js';
import type { KindValidation } from './kind-validation.js';
import { validateLongRunning, validatePodTemplate } from './pod-template.js';
import type { PodTemplateSpec } from './pod-types.js';
import { validateReplicaStatus } from './replica-status.js';

interface ControllerSpec {
  replicas?: number;
  minReadySeconds?: number;
  selector?: Record<string, string>;
  template?: PodTemplateSpec;
}

function validateController(object: KubeObject, errors: FieldErrors): void {
  const spec = (object['spec'] as ControllerSpec | undefined) ?? {};
  const { selector = {}, template } = spec;
  const wanted = Object.entries(selector);
  errors.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
  if (wanted.length === 0) errors.required('spec.selector');
  errors.nonNegative('spec.replicas', spec.replicas);
  if (template === undefined) {
    errors.required('spec.template');
    return;
  }
  const labels = template.metadata?.labels;
  if (wanted.some(([key, value]) => labels?.[key] !== value)) {
    errors.invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`');
  }
  validatePodTemplate(template, 'spec.template', errors);
  validateLongRunning(template, 'ReplicationController', 'spec.template', errors);
}

/** Replication controllers. */
export const replicationControllerValidation: KindValidation = {
  create: validateController,
  subresources: { status: validateReplicaStatus('ReplicationController') },
};

/** Pod templates. */
export const podTemplateValidation: KindValidation = {
  create: (object, errors) => validatePodTemplate((object['template'] as PodTemplateSpec | undefined) ?? {}, 'template', errors),
};
