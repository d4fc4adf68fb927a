import type { OutgoingHttpHeaders } from 'node:http';
import { encodeProtobuf, PROTOBUF_MEDIA_TYPE } from '@k/api/protobuf';
import { goQuote, type KubeObject, newBadRequest, newStatusError, type Status, StatusError, stringifyExactJson } from '@k/apimachinery';
import type { RequestContext } from '../context.js';
import { negotiate, notAcceptable } from './negotiate.js';
import { CHUNK_BYTES, JoinedBody, type PartedBody } from './parted-body.js';
import { toYaml } from './yaml-body.js';

/** Answers of lists and objects above this size are compressed for clients that accept gzip, as upstream does. */
const GZIP_BYTES_MIN = 128 * 1024;

/** The headers that every answer carries. */
export function baseHeaders(context: RequestContext, contentType: string): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    'audit-id': context.auditId,
    'cache-control': 'no-cache, private',
    'content-type': contentType,
  };
  for (const name in context.responseHeaders) headers[name] = context.responseHeaders[name] as string;
  const warnings = context.warnings.headers();
  if (warnings.length > 0) (headers as Record<string, string | string[]>)['warning'] = warnings;
  return headers;
}

/** Sends bytes as they are; a large body is sent in parts, and compressed when the client asks for it. */
export function sendBytes(context: RequestContext, status: number, contentType: string, body: Buffer | string | PartedBody): void {
  if (context.answered) return;
  context.answered = true;
  context.audit?.setResponseStatus(status);
  const headers = baseHeaders(context, contentType);
  const { exchange } = context;
  const isParted = typeof body !== 'string' && !Buffer.isBuffer(body);
  const sizeBytes = isParted ? body.sizeBytes : typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  if (sizeBytes <= CHUNK_BYTES) {
    const respond = (): void => exchange.respond(status, headers, isParted ? wholeOf(body) : body);
    if (context.latency === undefined) respond();
    else context.latency.time('response-write', respond);
    return;
  }
  const parts = isParted ? body : new JoinedBody([typeof body === 'string' ? Buffer.from(body) : body]);
  const gzip = sizeBytes > GZIP_BYTES_MIN && exchange.headers['accept-encoding']?.includes('gzip') === true;
  if (gzip) {
    headers['content-encoding'] = 'gzip';
    headers['vary'] = 'Accept-Encoding';
  }
  exchange.respondInParts(status, headers, parts, { gzip });
}

function wholeOf(body: PartedBody): Buffer {
  const whole = Buffer.allocUnsafe(body.sizeBytes);
  body.fill(whole);
  return whole;
}

/** The plain 500 of stages that come before any format is negotiated. */
export function sendPlainError(context: RequestContext, message: string): void {
  const text = `Internal Server Error: ${goQuote(context.exchange.url)}: ${message}`;
  context.responseHeaders['x-content-type-options'] = 'nosniff';
  sendBytes(context, 500, 'text/plain; charset=utf-8', `${text.replace(/[&<>]/g, (char) => HTML[char] as string)}\n`);
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** JSON of a value that may hold 64-bit integers. */
export function toJson(value: unknown, pretty = false): string {
  return stringifyExactJson(value, pretty ? 2 : 0);
}

/** Sends an object in the negotiated format. @throws 406 for a kind that has no protobuf form. */
export function sendObject(context: RequestContext, status: number, object: unknown): void | Promise<void> {
  const media = context.media ?? negotiate(undefined, { transforms: false }, false);
  if (media.format === 'protobuf') {
    const bytes = encodeProtobuf(object as KubeObject);
    if (bytes === null) throw notAcceptable();
    return sendBytes(context, status, PROTOBUF_MEDIA_TYPE, bytes);
  }
  const isYaml = media.format === 'yaml';
  const serialise = (): string => (isYaml ? toYaml(object) : `${toJson(object, media.pretty)}\n`);
  const text = context.latency === undefined ? serialise() : context.latency.time('serialize-response-object', serialise);
  return sendBytes(context, status, isYaml ? 'application/yaml' : media.contentType, text);
}

/** Sends a Status in the format the client asked for, JSON if that cannot be told. */
export function sendStatus(context: RequestContext, status: Status): void | Promise<void> {
  if (context.answered) return undefined;
  // What a Status is written in need not be what its object would have been written in: custom resources have no protobuf.
  if (context.media?.as !== 'object' || context.media.format === 'json') {
    try {
      context.media = negotiate(context.exchange.headers.accept, { transforms: false }, wantsPretty(context));
    } catch {
      context.media = negotiate(undefined, { transforms: false }, wantsPretty(context));
    }
  }
  const retryAfter = status.details?.retryAfterSeconds;
  if (retryAfter && (status.code === 429 || status.code === 503 || status.code === 504)) {
    context.responseHeaders['retry-after'] = String(retryAfter);
  }
  context.audit?.setResponseStatus(status.code);
  context.audit?.setResponseStatusObject(status);
  return sendObject(context, status.code, status);
}

/** `pretty=true`, or a browser or curl without saying otherwise. */
export function wantsPretty(context: RequestContext): boolean {
  const value = context.query?.get('pretty');
  if (value !== null && value !== undefined) {
    if (value !== '') return value === '1' || value.toLowerCase() === 'true';
  }
  const agent = context.exchange.headers['user-agent'];
  return agent !== undefined && (agent.startsWith('curl/') || agent.startsWith('Wget/') || agent.startsWith('Mozilla/5.0'));
}

/** Only a client's object is deep enough to exhaust the stack: JSON may nest 10,000 levels. */
function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('call stack');
}

/**
 * Anything thrown below the chain as a Status. What is not a StatusError becomes a bare 500: its text may hold
 * anything and goes to the log only.
 */
export function toStatus(error: unknown): Status {
  if (StatusError.is(error)) return error.status;
  if (isStackOverflow(error)) return newBadRequest('the object is nested too deeply').status;
  return newStatusError(500, 'InternalError', 'Internal error occurred', { causes: [{ message: 'Internal error occurred' }] }, error)
    .status;
}
