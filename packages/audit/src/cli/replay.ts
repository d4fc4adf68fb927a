import { LEVELS } from '../event.js';
import { escapeHtml } from '../format-event.js';
import { type LoggedObject, withoutManagedFields } from '../object-json.js';
import { createPolicyEvaluator } from '../policy/evaluator.js';
import type { AuditPolicy } from '../policy/policy.js';
import { attributesOfEvent, type LoggedEvent } from './read-log.js';

/** What a policy makes of a log. */
export interface ReplayResult {
  events: number;
  kept: number;
  bytes: number;
  bytesPerDay: number;
  byLevel: Record<string, number>;
  /** Events whose bodies the policy wants and the log does not have: the bytes are a lower bound. */
  withoutBodies: number;
}

function bare(body: unknown): unknown {
  return typeof body === 'object' && body !== null ? withoutManagedFields(body as LoggedObject) : body;
}

/** Replays a log under another policy. Bodies that the log lacks cannot be counted. */
export async function replayLog(policy: AuditPolicy, events: AsyncIterable<LoggedEvent>): Promise<ReplayResult> {
  const evaluator = createPolicyEvaluator(policy);
  const byLevel = Object.fromEntries(LEVELS.map((level) => [level, 0])) as Record<string, number>;
  const out = { events: 0, kept: 0, bytes: 0, bytesPerDay: 0, byLevel, withoutBodies: 0 };
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for await (const event of events) {
    out.events++;
    const ms = Date.parse(event.stageTimestamp);
    first = Math.min(first, ms);
    last = Math.max(last, ms);
    const decision = evaluator.evaluate(attributesOfEvent(event));
    byLevel[decision.level] = (byLevel[decision.level] ?? 0) + 1;
    if (decision.level === 'None' || decision.omitStages.has(event.stage)) continue;
    out.kept++;
    const rank = LEVELS.indexOf(decision.level);
    if (rank > LEVELS.indexOf(event.level)) out.withoutBodies++;
    const shown = { ...event, level: decision.level };
    if (rank < LEVELS.indexOf('Request')) delete shown.requestObject;
    if (rank < LEVELS.indexOf('RequestResponse')) delete shown.responseObject;
    if (decision.omitManagedFields) {
      // Patches are logged as they came.
      if (event.verb !== 'patch') shown.requestObject = bare(shown.requestObject);
      shown.responseObject = bare(shown.responseObject);
    }
    out.bytes += Buffer.byteLength(escapeHtml(JSON.stringify(shown))) + 1;
  }
  const days = (last - first) / 86_400_000;
  out.bytesPerDay = days > 0 ? Math.round(out.bytes / days) : out.bytes;
  return out;
}
