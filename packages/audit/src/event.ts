/** How much of a request is logged, least first. */
export type AuditLevel = 'None' | 'Metadata' | 'Request' | 'RequestResponse';

/** When in a request's life an event is written. */
export type AuditStage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic';

/** Levels in rising order. */
export const LEVELS: readonly AuditLevel[] = ['None', 'Metadata', 'Request', 'RequestResponse'];
/** Stages in the order of a request. */
export const STAGES: readonly AuditStage[] = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'];

/** Who asked. */
export interface AuditUser {
  username?: string;
  uid?: string;
  groups?: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

/** What was asked for. */
export interface AuditObjectReference {
  resource?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  apiGroup?: string;
  apiVersion?: string;
  resourceVersion?: string;
  subresource?: string;
}

/** A meta/v1 Status as far as events hold it. */
export interface AuditResponseStatus {
  metadata: Record<string, never>;
  status?: string;
  message?: string;
  reason?: string;
  details?: object;
  code?: number;
}

/** `audit.k8s.io/v1` Event. */
export interface AuditEvent {
  level: AuditLevel;
  auditID: string;
  stage: AuditStage;
  requestURI: string;
  verb: string;
  user: AuditUser;
  impersonatedUser?: AuditUser;
  authenticationMetadata?: { impersonationConstraint?: string };
  sourceIPs?: readonly string[];
  userAgent?: string;
  objectRef?: AuditObjectReference;
  responseStatus?: AuditResponseStatus;
  /** JSON text of the body as an object. */
  requestObject?: string;
  /** JSON text of the answer as an object. */
  responseObject?: string;
  /** Microseconds since the epoch. */
  requestReceivedMicros: number;
  stageMicros: number;
  annotations?: Readonly<Record<string, string>>;
}

/** `2026-01-01T00:00:00.000000Z`. */
export function microTime(micros: number): string {
  const ms = Math.floor(micros / 1000);
  return `${new Date(ms).toISOString().slice(0, 23)}${String(Math.floor(micros - ms * 1000)).padStart(3, '0')}Z`;
}

/** JSON as Go writes it: HTML characters escaped. */
export function goJson(value: unknown): string {
  return escapeHtml(JSON.stringify(value));
}

const HTML = /[<>&\u2028\u2029]/g;

/** The characters that Go escapes in JSON strings; outside of strings they do not occur. */
export function escapeHtml(json: string): string {
  return HTML.test(json) ? json.replace(HTML, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`) : json;
}

/** The event as one line of JSON without its newline, keys in upstream's order. `typed` adds kind and apiVersion. */
export function formatEvent(event: AuditEvent, typed = true): string {
  let out = typed ? '{"kind":"Event","apiVersion":"audit.k8s.io/v1",' : '{';
  out += `"level":"${event.level}","auditID":${goJson(event.auditID)},"stage":"${event.stage}","requestURI":${goJson(event.requestURI)},"verb":${goJson(event.verb)},"user":${goJson(event.user)}`;
  if (event.impersonatedUser !== undefined) out += `,"impersonatedUser":${goJson(event.impersonatedUser)}`;
  if (event.authenticationMetadata !== undefined) out += `,"authenticationMetadata":${goJson(event.authenticationMetadata)}`;
  if (event.sourceIPs !== undefined && event.sourceIPs.length > 0) out += `,"sourceIPs":${goJson(event.sourceIPs)}`;
  if (event.userAgent !== undefined && event.userAgent !== '') out += `,"userAgent":${goJson(event.userAgent)}`;
  if (event.objectRef !== undefined) out += `,"objectRef":${goJson(event.objectRef)}`;
  if (event.responseStatus !== undefined) out += `,"responseStatus":${goJson(event.responseStatus)}`;
  if (event.requestObject !== undefined) out += `,"requestObject":${escapeHtml(event.requestObject)}`;
  if (event.responseObject !== undefined) out += `,"responseObject":${escapeHtml(event.responseObject)}`;
  out += `,"requestReceivedTimestamp":"${microTime(event.requestReceivedMicros)}","stageTimestamp":"${microTime(event.stageMicros)}"`;
  if (event.annotations !== undefined) {
    const keys = Object.keys(event.annotations).sort();
    if (keys.length > 0) out += `,"annotations":{${keys.map((key) => `${goJson(key)}:${goJson(event.annotations?.[key])}`).join(',')}}`;
  }
  return `${out}}`;
}
