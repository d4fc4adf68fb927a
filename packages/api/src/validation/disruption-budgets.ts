import type { KubeObject } from '@k/apimachinery';
import { type Condition, validateConditions } from './conditions.js';
import type { FieldErrors } from './field-errors.js';
import { type IntOrPercent, validateIntOrPercent, validateNotAbove100Percent } from './int-or-percent.js';
import { internalForm } from './internal-form.js';
import type { KindValidation } from './kind-validation.js';
import { type Selector, validateSelector } from './selectors.js';

interface BudgetSpec {
  minAvailable?: IntOrPercent;
  maxUnavailable?: IntOrPercent;
  selector?: Selector;
  unhealthyPodEvictionPolicy?: string;
}

interface BudgetStatus {
  conditions?: Condition[];
  disruptionsAllowed?: number;
  currentHealthy?: number;
  desiredHealthy?: number;
  expectedPods?: number;
}

const COUNTS = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;

function validateBudget(object: KubeObject, errors: FieldErrors): void {
  const spec = (object['spec'] ?? {}) as BudgetSpec;
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy: policy } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    errors.invalid('spec', internalForm('PodDisruptionBudgetSpec', spec), 'minAvailable and maxUnavailable cannot be both set');
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    const value = spec[field];
    if (value === undefined) continue;
    validateIntOrPercent(value, `spec.${field}`, errors);
    validateNotAbove100Percent(value, `spec.${field}`, errors);
  }
  validateSelector(spec.selector, 'spec.selector', errors);
  if (policy !== undefined) errors.oneOf('spec.unhealthyPodEvictionPolicy', policy, ['AlwaysAllow', 'IfHealthyBudget']);
}

/** Pod disruption budgets. */
export const disruptionBudgetValidation: KindValidation = {
  metadataOnUpdate: 'none',
  create: validateBudget,
  subresources: {
    status: (object, _old, errors) => {
      const status = (object['status'] ?? {}) as BudgetStatus;
      validateConditions(status.conditions, 'status.conditions', errors);
      for (const field of COUNTS) errors.nonNegative(`status.${field}`, status[field]);
    },
  },
};
