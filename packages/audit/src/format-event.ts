/** Events as Go's encoder writes them: keys in upstream's order, empty ones left out, HTML characters escaped. */
import type { AuditEvent, AuditObjectReference, AuditResponseStatus, AuditUser } from './event.js';

/** `2026-01-01T00:00:00.000000Z`. */
export function microTime(micros: number): string {
  const ms = Math.floor(micros / 1000);
  return `${new Date(ms).toISOString().slice(0, 23)}${String(Math.floor(micros - ms * 1000)).padStart(3, '0')}Z`;
}

const HTML = /[<>&\u2028\u2029]/;
const EVERY_HTML = /[<>&\u2028\u2029]/g;
/** The characters that Go escapes in JSON strings; outside of strings they do not occur. */
export function escapeHtml(json: string): string {
  return HTML.test(json) ? json.replace(EVERY_HTML, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`) : json;
}

/** Not escaped for HTML yet: that is done once, for the whole line. */
const quote = (text: string): string => JSON.stringify(text);

function formatUser({ username, uid, groups, extra }: AuditUser): string {
  let out = '';
  if (username) out += `,"username":${quote(username)}`;
  if (uid) out += `,"uid":${quote(uid)}`;
  if (groups !== undefined && groups.length > 0) out += `,"groups":${JSON.stringify(groups)}`;
  if (extra !== undefined) {
    const keys = Object.keys(extra).sort();
    if (keys.length > 0) out += `,"extra":{${keys.map((key) => `${quote(key)}:${JSON.stringify(extra[key] ?? [])}`).join(',')}}`;
  }
  return `{${out.slice(1)}}`;
}

const REFERENCE_KEYS = ['resource', 'namespace', 'name', 'uid', 'apiGroup', 'apiVersion', 'resourceVersion', 'subresource'] as const;

function formatReference(reference: AuditObjectReference): string {
  let out = '';
  for (const key of REFERENCE_KEYS) {
    const value = reference[key];
    if (value) out += `,"${key}":${quote(value)}`;
  }
  return `{${out.slice(1)}}`;
}

function formatStatus({ status, message, reason, details, code }: AuditResponseStatus): string {
  let out = '{"metadata":{}';
  if (status) out += `,"status":${quote(status)}`;
  if (message) out += `,"message":${quote(message)}`;
  if (reason) out += `,"reason":${quote(reason)}`;
  if (details !== undefined) out += `,"details":${JSON.stringify(details)}`;
  if (code) out += `,"code":${code}`;
  return `${out}}`;
}

/** The event as one line of JSON without its newline. `typed` adds kind and apiVersion. */
export function formatEvent(event: AuditEvent, typed = true): string {
  const { impersonatedUser, authenticationMetadata, sourceIPs, userAgent, objectRef, responseStatus, annotations } = event;
  let out = typed ? '{"kind":"Event","apiVersion":"audit.k8s.io/v1",' : '{';
  out += `"level":"${event.level}","auditID":${quote(event.auditID)},"stage":"${event.stage}","requestURI":${quote(event.requestURI)},"verb":${quote(event.verb)},"user":${formatUser(event.user)}`;
  if (impersonatedUser !== undefined) out += `,"impersonatedUser":${formatUser(impersonatedUser)}`;
  if (authenticationMetadata !== undefined) out += `,"authenticationMetadata":${JSON.stringify(authenticationMetadata)}`;
  if (sourceIPs !== undefined && sourceIPs.length > 0) out += `,"sourceIPs":${JSON.stringify(sourceIPs)}`;
  if (userAgent) out += `,"userAgent":${quote(userAgent)}`;
  if (objectRef !== undefined) out += `,"objectRef":${formatReference(objectRef)}`;
  if (responseStatus !== undefined) out += `,"responseStatus":${formatStatus(responseStatus)}`;
  if (event.requestObject !== undefined) out += `,"requestObject":${event.requestObject}`;
  if (event.responseObject !== undefined) out += `,"responseObject":${event.responseObject}`;
  const received = microTime(event.requestReceivedMicros);
  const staged = event.stageMicros === event.requestReceivedMicros ? received : microTime(event.stageMicros);
  out += `,"requestReceivedTimestamp":"${received}","stageTimestamp":"${staged}"`;
  if (annotations !== undefined) {
    const keys = Object.keys(annotations).sort();
    if (keys.length > 0) {
      out += ',"annotations":{';
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i] as string;
        out += `${i === 0 ? '' : ','}${quote(key)}:${quote(annotations[key] as string)}`;
      }
      out += '}';
    }
  }
  return escapeHtml(`${out}}`);
}
