import { type AuditLevel, type AuditStage, LEVELS } from '../event.js';
import type { AuditPolicy } from './policy.js';
import { AuditPolicyError } from './policy-error.js';

/** One level for every request. */
export interface FlatPolicy {
  level: AuditLevel;
  /** Events of stage RequestReceived. Default true. */
  logRequests?: boolean;
  /** Events of answers: ResponseStarted, ResponseComplete, Panic. Default true. */
  logResponses?: boolean;
  /** Events without bodies. False turns level Metadata into None. Default true. */
  logMetadata?: boolean;
}

/**
 * A flat policy as the rules that it stands for; others as they are.
 *
 * @throws {AuditPolicyError} for an unknown level.
 */
export function policyOf(policy: AuditPolicy | FlatPolicy): AuditPolicy {
  if ('rules' in policy) return policy;
  const { level, logRequests = true, logResponses = true, logMetadata = true } = policy;
  if (!LEVELS.includes(level))
    throw new AuditPolicyError([`level: Unsupported value: ${JSON.stringify(level)}: one of ${LEVELS.join(', ')}`]);
  const omitStages: AuditStage[] = [];
  if (!logRequests) omitStages.push('RequestReceived');
  if (!logResponses) omitStages.push('ResponseStarted', 'ResponseComplete', 'Panic');
  return { omitStages, omitManagedFields: false, rules: [{ level: level === 'Metadata' && !logMetadata ? 'None' : level }] };
}
