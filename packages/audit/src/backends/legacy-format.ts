import { goQuote } from '@k/apimachinery';
import type { AuditEvent } from '../event.js';
import { microTime } from '../format-event.js';

/** RFC 3339 with as many digits of the second as are needed. */
function rfc3339Nano(micros: number): string {
  return microTime(micros).replace(/\.?0+Z$/, 'Z');
}

/** The older one-line text form. */
export function legacyLine(event: AuditEvent): string {
  const { user, impersonatedUser, objectRef, responseStatus } = event;
  const groupsOf = (groups: readonly string[] | undefined, none: string): string =>
    groups === undefined || groups.length === 0 ? none : groups.map(goQuote).join(',');
  const parts: [string, string][] = [
    ['id', event.auditID],
    ['stage', event.stage],
    ['ip', event.sourceIPs?.[0] ?? '<unknown>'],
    ['method', event.verb],
    ['user', user.username || '<none>'],
    ['groups', user.username ? groupsOf(user.groups, '<none>') : '<none>'],
    ['as', impersonatedUser?.username ?? '<self>'],
    ['asgroups', impersonatedUser === undefined ? '<lookup>' : groupsOf(impersonatedUser.groups, '<lookup>')],
    ['user-agent', event.userAgent ?? ''],
    ['namespace', objectRef?.namespace || '<none>'],
    ['uri', event.requestURI],
  ];
  const response = responseStatus?.code === undefined ? '<deferred>' : String(responseStatus.code);
  return `${rfc3339Nano(event.requestReceivedMicros)} AUDIT: ${parts.map(([name, value]) => `${name}=${goQuote(value)}`).join(' ')} response="${response}"`;
}
