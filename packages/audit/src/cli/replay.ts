import { LEVELS } from '../event.js';
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
  unreadable: number;
}

/** Replays a log under another policy. Bodies that the log lacks cannot be counted. */
export async function replayLog(policy: AuditPolicy, events: AsyncIterable<LoggedEvent | null>): Promise<ReplayResult> {
  const evaluator = createPolicyEvaluator(policy);
  const byLevel = Object.fromEntries(LEVELS.map((level) => [level, 0])) as Record<string, number>;
  const out = { events: 0, kept: 0, bytes: 0, bytesPerDay: 0, byLevel, withoutBodies: 0, unreadable: 0 };
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for await (const event of events) {
    if (event === null) {
      out.unreadable++;
      continue;
    }
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
    const { requestObject, responseObject, ...rest } = event;
    const shown = {
      ...rest,
      level: decision.level,
      ...(rank >= 2 && requestObject !== undefined ? { requestObject } : {}),
      ...(rank >= 3 && responseObject !== undefined ? { responseObject } : {}),
    };
    out.bytes += Buffer.byteLength(JSON.stringify(shown)) + 1;
  }
  const days = (last - first) / 86_400_000;
  out.bytesPerDay = days > 0 ? Math.round(out.bytes / days) : out.bytes;
  return out;
}
