import { type AuditLevel, type AuditObjectReference, type AuditStage, type AuditUser, LEVELS, STAGES } from '../event.js';
import type { AuditAttributes } from '../policy/policy.js';
import { readLines } from './log-lines.js';

/** An event as it stands in a log. */
export interface LoggedEvent {
  level: AuditLevel;
  auditID: string;
  stage: AuditStage;
  requestURI: string;
  verb: string;
  user: AuditUser;
  impersonatedUser?: AuditUser;
  objectRef?: AuditObjectReference;
  responseStatus?: { code?: number };
  requestObject?: unknown;
  responseObject?: unknown;
  requestReceivedTimestamp: string;
  stageTimestamp: string;
  annotations?: Record<string, string>;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether everything is there that the commands read. */
function isEvent(value: unknown): value is LoggedEvent {
  if (!isObject(value)) return false;
  const { kind, level, stage, verb, requestURI, user, objectRef, responseStatus, stageTimestamp } = value as Record<string, unknown>;
  return (
    kind === 'Event' &&
    LEVELS.includes(level as AuditLevel) &&
    STAGES.includes(stage as AuditStage) &&
    typeof verb === 'string' &&
    typeof requestURI === 'string' &&
    isObject(user) &&
    (objectRef === undefined || isObject(objectRef)) &&
    (responseStatus === undefined || isObject(responseStatus)) &&
    typeof stageTimestamp === 'string' &&
    !Number.isNaN(Date.parse(stageTimestamp))
  );
}

/** A line that is an event, or null. */
export function parseEvent(line: string): LoggedEvent | null {
  try {
    const value: unknown = JSON.parse(line);
    return isEvent(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * The events of a log, plain or gzipped; `-` is standard input.
 *
 * @param options.remark - Hears once, at the end, of lines that are no events.
 * @throws {Error} naming the file, when it cannot be read.
 */
export async function* readLog(
  file: string,
  { remark, signal }: { remark: (message: string) => void; signal: AbortSignal },
): AsyncGenerator<LoggedEvent> {
  let line = 0;
  let first = 0;
  let count = 0;
  for await (const text of readLines(file, signal)) {
    line++;
    const event = text === null ? null : parseEvent(text);
    if (event !== null) yield event;
    else if (text?.trim() !== '') {
      count++;
      first ||= line;
    }
  }
  if (count === 0) return;
  const more = count === 1 ? '' : `, nor are ${count - 1} other lines`;
  remark(`${file === '-' ? 'standard input' : file}:${first}: this line is no event in JSON${more}`);
}

/** Who asked, and as whom: `alice as bob`. */
export function whoAsked({ user, impersonatedUser }: LoggedEvent): string {
  const who = String(user.username ?? '<none>');
  return impersonatedUser?.username === undefined ? who : `${who} as ${impersonatedUser.username}`;
}

/** What a policy would have decided about. */
export function attributesOfEvent({ user, verb, objectRef, requestURI }: LoggedEvent): AuditAttributes {
  return {
    user: user.username === undefined ? undefined : { username: user.username, groups: user.groups ?? [] },
    verb,
    isResourceRequest: objectRef !== undefined,
    apiGroup: objectRef?.apiGroup ?? '',
    resource: objectRef?.resource ?? '',
    subresource: objectRef?.subresource ?? '',
    namespace: objectRef?.namespace ?? '',
    name: objectRef?.name ?? '',
    path: requestURI.split('?', 1)[0] ?? '',
  };
}
