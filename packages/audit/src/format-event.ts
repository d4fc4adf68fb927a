/** Events as Go's encoder writes them: keys in upstream's order, empty ones left out, HTML characters escaped. */
import type { AuditEvent, AuditObjectReference, AuditResponseStatus, AuditUser } from './event.js';
import { objectJson } from './object-json.js';

/**
 * Makes a formatter of times, `2026-01-01T00:00:00.000000Z`, that remembers the last second: events come in the order
 * of time, and the calendar is what costs.
 */
export function createMicroTime(): (micros: number) => string {
  let second = Number.NaN;
  let prefix = '';
  return (micros) => {
    const seconds = Math.floor(micros / 1_000_000);
    if (seconds !== second) {
      second = seconds;
      prefix = new Date(seconds * 1000).toISOString().slice(0, 20);
    }
    return `${prefix}${String(1_000_000 + Math.floor(micros - seconds * 1_000_000)).slice(1)}Z`;
  };
}

/** `2026-01-01T00:00:00.000000Z`. */
export function microTime(micros: number): string {
  return createMicroTime()(micros);
}

const HTML = /[<>&\u2028\u2029]/;
const EVERY_HTML = /[<>&\u2028\u2029]/g;
/** The characters that Go escapes in JSON strings; outside of strings they do not occur. */
export function escapeHtml(json: string): string {
  return HTML.test(json) ? json.replace(EVERY_HTML, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`) : json;
}

/** What cannot stand in a JSON string as it is, by Go's rules; halves of surrogate pairs are for JSON.stringify to judge. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be escaped
const SPECIAL = /["\\<>&\u0000-\u001f\u2028\u2029\ud800-\udfff]/;

/** A JSON string. Most texts hold nothing to escape, which is quicker to see than to serialise. */
function quote(text: string): string {
  return SPECIAL.test(text) ? escapeHtml(JSON.stringify(text)) : `"${text}"`;
}

function formatList(list: readonly string[]): string {
  let out = '[';
  for (let i = 0; i < list.length; i++) out += i === 0 ? quote(list[i] as string) : `,${quote(list[i] as string)}`;
  return `${out}]`;
}

function formatUser({ username, uid, groups, extra }: AuditUser): string {
  let out = '';
  if (username) out += `,"username":${quote(username)}`;
  if (uid) out += `,"uid":${quote(uid)}`;
  if (groups !== undefined && groups.length > 0) out += `,"groups":${formatList(groups)}`;
  if (extra !== undefined) {
    const keys = Object.keys(extra).sort();
    if (keys.length > 0) out += `,"extra":{${keys.map((key) => `${quote(key)}:${formatList(extra[key] ?? [])}`).join(',')}}`;
  }
  return `{${out.slice(1)}}`;
}

function formatReference(reference: AuditObjectReference): string {
  const { resource, namespace, name, uid, apiGroup, apiVersion, resourceVersion, subresource } = reference;
  let out = '';
  if (resource) out += `,"resource":${quote(resource)}`;
  if (namespace) out += `,"namespace":${quote(namespace)}`;
  if (name) out += `,"name":${quote(name)}`;
  if (uid) out += `,"uid":${quote(uid)}`;
  if (apiGroup) out += `,"apiGroup":${quote(apiGroup)}`;
  if (apiVersion) out += `,"apiVersion":${quote(apiVersion)}`;
  if (resourceVersion) out += `,"resourceVersion":${quote(resourceVersion)}`;
  if (subresource) out += `,"subresource":${quote(subresource)}`;
  return `{${out.slice(1)}}`;
}

function formatStatus({ status, message, reason, details, code }: AuditResponseStatus): string {
  let out = '{"metadata":{}';
  if (status) out += `,"status":${quote(status)}`;
  if (message) out += `,"message":${quote(message)}`;
  if (reason) out += `,"reason":${quote(reason)}`;
  if (details !== undefined) out += `,"details":${escapeHtml(objectJson(details))}`;
  if (code) out += `,"code":${code}`;
  return `${out}}`;
}

function formatAnnotations(annotations: Readonly<Record<string, string>>): string {
  const keys = Object.keys(annotations);
  if (keys.length === 0) return '';
  if (keys.length > 1) keys.sort();
  let out = '';
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    out += `${i === 0 ? '' : ','}${quote(key)}:${quote(annotations[key] as string)}`;
  }
  return `,"annotations":{${out}}`;
}

/**
 * The event as one line of JSON without its newline.
 *
 * @param typed - Adds kind and apiVersion. Default true.
 * @param time - Formats microseconds. Default {@link microTime}; who formats many events keeps a {@link createMicroTime}.
 */
export function formatEvent(event: AuditEvent, typed = true, time: (micros: number) => string = microTime): string {
  const { impersonatedUser, authenticationMetadata, sourceIPs, userAgent, objectRef, responseStatus, annotations } = event;
  let out = typed ? '{"kind":"Event","apiVersion":"audit.k8s.io/v1",' : '{';
  out += `"level":"${event.level}","auditID":${quote(event.auditID)},"stage":"${event.stage}","requestURI":${quote(event.requestURI)},"verb":${quote(event.verb)},"user":${formatUser(event.user)}`;
  if (impersonatedUser !== undefined) out += `,"impersonatedUser":${formatUser(impersonatedUser)}`;
  if (authenticationMetadata !== undefined) out += `,"authenticationMetadata":${escapeHtml(JSON.stringify(authenticationMetadata))}`;
  if (sourceIPs !== undefined && sourceIPs.length > 0) out += `,"sourceIPs":${formatList(sourceIPs)}`;
  if (userAgent) out += `,"userAgent":${quote(userAgent)}`;
  if (objectRef !== undefined) out += `,"objectRef":${formatReference(objectRef)}`;
  if (responseStatus !== undefined) out += `,"responseStatus":${formatStatus(responseStatus)}`;
  if (event.requestObject !== undefined) out += `,"requestObject":${escapeHtml(event.requestObject)}`;
  if (event.responseObject !== undefined) out += `,"responseObject":${escapeHtml(event.responseObject)}`;
  const received = time(event.requestReceivedMicros);
  const staged = event.stageMicros === event.requestReceivedMicros ? received : time(event.stageMicros);
  out += `,"requestReceivedTimestamp":"${received}","stageTimestamp":"${staged}"`;
  return annotations === undefined ? `${out}}` : `${out}${formatAnnotations(annotations)}}`;
}
