import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { AuditLevel, AuditObjectReference, AuditStage, AuditUser } from '../event.js';
import type { AuditAttributes } from '../policy/policy.js';

/** An event as it stands in a log. */
export interface LoggedEvent {
  level: AuditLevel;
  auditID: string;
  stage: AuditStage;
  requestURI: string;
  verb: string;
  user: AuditUser;
  objectRef?: AuditObjectReference;
  responseStatus?: { code?: number };
  requestObject?: unknown;
  responseObject?: unknown;
  requestReceivedTimestamp: string;
  stageTimestamp: string;
  annotations?: Record<string, string>;
}

/** A line that is an event, or null. */
export function parseEvent(line: string): LoggedEvent | null {
  try {
    const value = JSON.parse(line) as LoggedEvent & { kind?: string };
    return value.kind === 'Event' && typeof value.verb === 'string' ? value : null;
  } catch {
    return null;
  }
}

/** The events of a log, plain or gzipped (`.gz`), line by line; `-` is standard input. Other lines come as null. */
export async function* readLog(file: string): AsyncGenerator<LoggedEvent | null> {
  const raw = file === '-' ? process.stdin : createReadStream(file);
  const input = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) if (line !== '') yield parseEvent(line);
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
