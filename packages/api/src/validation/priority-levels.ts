import type { KubeObject } from '@k/apimachinery';
import type { FieldErrors } from './field-errors.js';
import { validateFlowStatus } from './flow-schemas.js';
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

function validatePercent(value: number | undefined, at: string, high: number, errors: FieldErrors): void {
  if (value === undefined) return;
  if (high === 100 && (value < 0 || value > high)) errors.invalid(at, value, 'must be between 0 and 100, inclusive');
  else errors.nonNegative(at, value);
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

function validateLimited(limited: Shares, errors: FieldErrors): void {
  const at = 'spec.limited';
  const { nominalConcurrencyShares = 0, limitResponse = {} } = limited;
  errors.nonNegative(`${at}.nominalConcurrencyShares`, nominalConcurrencyShares);
  const { type = '', queuing } = limitResponse;
  if (type === 'Reject') {
    if (queuing !== undefined) errors.forbidden(`${at}.limitResponse.queuing`, 'must be nil if limited.limitResponse.type is not Limited');
  } else if (type === 'Queue') {
    if (queuing === undefined) errors.required(`${at}.limitResponse.queuing`, 'must not be empty if limited.limitResponse.type is Limited');
    else validateQueuing(queuing, `${at}.limitResponse.queuing`, errors);
  } else errors.notSupported(`${at}.limitResponse.type`, type, ['Queue', 'Reject']);
  validatePercent(limited.lendablePercent, `${at}.lendablePercent`, 100, errors);
  validatePercent(limited.borrowingLimitPercent, `${at}.borrowingLimitPercent`, Number.POSITIVE_INFINITY, errors);
}

function validateLevel(object: KubeObject, errors: FieldErrors): void {
  const { type = '', limited, exempt } = (object['spec'] ?? {}) as LevelSpec;
  const name = object.metadata?.name;
  if (name === 'exempt' && type !== 'Exempt') errors.invalid('spec.type', type, 'must be Exempt if and only if `name` is exempt');
  if (type === 'Exempt') {
    if (limited !== undefined) errors.forbidden('spec.limited', 'must be nil if the type is not Limited');
    if (exempt !== undefined) {
      errors.nonNegative('spec.exempt.nominalConcurrencyShares', exempt.nominalConcurrencyShares);
      validatePercent(exempt.lendablePercent, 'spec.exempt.lendablePercent', 100, errors);
    }
  } else if (type === 'Limited') {
    if (exempt !== undefined) errors.forbidden('spec.exempt', 'must be nil if the type is Limited');
    if (limited === undefined) errors.required('spec.limited', 'must not be empty when type is Limited');
    else validateLimited(limited, errors);
  } else errors.notSupported('spec.type', type, ['Exempt', 'Limited']);
}

/** Priority levels. */
export const priorityLevelValidation: KindValidation = {
  create: validateLevel,
  metadataOnUpdate: 'both',
  subresources: { status: validateFlowStatus },
};
