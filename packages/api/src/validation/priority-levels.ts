import type { KubeObject } from '@k/apimachinery';
import { MANDATORY_PRIORITY_LEVELS } from '../mandatory-flow.js';
import { deepEqual, type FieldErrors } from './field-errors.js';
import { validateFlowStatus } from './flow-schemas.js';
import { internalForm } from './internal-form.js';
import type { KindValidation } from './kind-validation.js';

interface Shares {
  nominalConcurrencyShares?: number;
  lendablePercent?: number;
  borrowingLimitPercent?: number;
  limitResponse?: { type?: string; queuing?: { queues?: number; handSize?: number; queueLengthLimit?: number } };
}

interface LevelSpec {
  type?: string;
  limited?: Shares;
  exempt?: Shares;
}

const QUEUES_MAX = 10_000_000;
/** Bits of entropy that a hand of queues may take. */
const DECK_BITS_MAX = 60;

function validateShares({ nominalConcurrencyShares = 0, lendablePercent = 0 }: Shares, at: string, errors: FieldErrors): void {
  if (nominalConcurrencyShares < 0) {
    errors.invalid(`${at}.nominalConcurrencyShares`, nominalConcurrencyShares, 'must be a non-negative integer');
  }
  if (lendablePercent < 0 || lendablePercent > 100) {
    errors.invalid(`${at}.lendablePercent`, lendablePercent, 'must be between 0 and 100, inclusive');
  }
}

function validateQueuing(queuing: NonNullable<NonNullable<Shares['limitResponse']>['queuing']>, at: string, errors: FieldErrors): void {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing;
  if (queueLengthLimit <= 0) errors.invalid(`${at}.queueLengthLimit`, queueLengthLimit, 'must be positive');
  if (queues <= 0) errors.invalid(`${at}.queues`, queues, 'must be positive');
  else if (queues > QUEUES_MAX) errors.invalid(`${at}.queues`, queues, `must not be greater than ${QUEUES_MAX}`);
  if (handSize <= 0) errors.invalid(`${at}.handSize`, handSize, 'must be positive');
  else if (handSize > queues) errors.invalid(`${at}.handSize`, handSize, `should not be greater than queues (${queues})`);
  else {
    let bits = 0;
    for (let i = 0; i < handSize; i++) bits += Math.log2(queues - i);
    if (Math.ceil(bits) > DECK_BITS_MAX) {
      errors.invalid(
        `${at}.handSize`,
        handSize,
        `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${DECK_BITS_MAX}`,
      );
    }
  }
}

function validateResponse({ type = '', queuing }: NonNullable<Shares['limitResponse']>, errors: FieldErrors): void {
  const at = 'spec.limited.limitResponse';
  if (type === 'Reject') {
    if (queuing !== undefined) errors.forbidden(`${at}.queuing`, 'must be nil if limited.limitResponse.type is not Limited');
  } else if (type === 'Queue') {
    if (queuing === undefined) errors.required(`${at}.queuing`, 'must not be empty if limited.limitResponse.type is Limited');
    else validateQueuing(queuing, `${at}.queuing`, errors);
  } else errors.notSupported(`${at}.type`, type, ['Queue', 'Reject']);
}

function validateLimited(limited: Shares, errors: FieldErrors): void {
  const { limitResponse = {}, borrowingLimitPercent = 0, nominalConcurrencyShares = 0, lendablePercent = 0 } = limited;
  validateShares({ nominalConcurrencyShares }, 'spec.limited', errors);
  validateResponse(limitResponse, errors);
  validateShares({ lendablePercent }, 'spec.limited', errors);
  if (borrowingLimitPercent < 0) {
    errors.invalid('spec.limited.borrowingLimitPercent', borrowingLimitPercent, 'if specified, must be a non-negative integer');
  }
}

function validateLevel(object: KubeObject, errors: FieldErrors): void {
  const spec = (object['spec'] ?? {}) as LevelSpec;
  const { type = '', limited, exempt } = spec;
  const { name = '' } = object.metadata ?? {};
  if ((name === 'exempt') !== (type === 'Exempt')) {
    errors.invalid('spec.type', type, "type must be 'Exempt' if and only if name is 'exempt'");
  }
  if (type === 'Exempt') {
    if (limited !== undefined) errors.forbidden('spec.limited', 'must be nil if the type is not Limited');
    if (exempt !== undefined) validateShares(exempt, 'spec.exempt', errors);
  } else if (type === 'Limited') {
    if (exempt !== undefined) errors.forbidden('spec.exempt', 'must be nil if the type is Limited');
    if (limited === undefined) errors.required('spec.limited', 'must not be empty when type is Limited');
    else validateLimited(limited, errors);
  } else errors.notSupported('spec.type', type, ['Exempt', 'Limited']);
  validateFixed(name, spec, errors);
}

function validateFixed(name: string, spec: LevelSpec, errors: FieldErrors): void {
  if (!Object.hasOwn(MANDATORY_PRIORITY_LEVELS, name)) return;
  const fixed = MANDATORY_PRIORITY_LEVELS[name] as LevelSpec;
  const wanted = name === 'exempt' ? { ...fixed, exempt: spec.exempt } : fixed;
  if (deepEqual(spec, wanted)) return;
  const which = name === 'exempt' ? "'exempt' except the 'spec.exempt' field" : `'${name}'`;
  errors.invalid('spec', internalForm('PriorityLevelConfigurationSpec', spec), `spec of ${which} must equal the fixed value`);
}

/** Priority levels. */
export const priorityLevelValidation: KindValidation = {
  create: validateLevel,
  metadataOnUpdate: 'both',
  subresources: { status: validateFlowStatus },
};
