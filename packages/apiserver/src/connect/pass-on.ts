/** Hands a request to a kubelet, pod or service and its answer to the client. */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { describeFault, newBadRequest, newStatusError } from '@k/apimachinery';
import { isUpgradeRequest, type Outcome, outcomeOf, sendBody } from '../aggregation/forward.js';
import { answerHeaders, frameBody, passedHeaders } from '../aggregation/forwarded-headers.js';
import type { RequestContext } from '../context.js';
import { baseHeaders } from '../http/respond.js';
import { authorityOf, type Destination, type Dialer, type OutgoingRequest } from './dialer.js';
import type { OpenStreams } from './open-streams.js';
import { below, escapePath, prefixOf, rewriteLocation } from './proxied-path.js';
import { splice } from './splice.js';

/** What passing requests on takes from the server. */
export interface PassingParts {
  dialer: Dialer;
  streams: OpenStreams;
  /** Whether the server itself takes users from a header; the name in lower case. */
  isIdentityHeader: (name: string) => boolean;
}

/** Name and port that the client asked for. */
export function askedHost({ exchange }: RequestContext): string {
  return exchange.headers.host ?? String(exchange.headers[':authority'] ?? '');
}

const queryOf = (url: string): string => (url.includes('?') ? url.slice(url.indexOf('?')) : '');

/** An answer that has no reason, as upstream sends for connections that fail. */
function fault(message: string, cause?: unknown): Error {
  return newStatusError(500, '', message, undefined, cause);
}

/** Sends a request and waits for the head of the answer; both end when the client goes. @throws what Node's client reports */
export async function ask(
  parts: PassingParts,
  context: RequestContext,
  to: Destination,
  request: OutgoingRequest,
  body: Readable | null,
): Promise<Outcome> {
  if (body !== null) frameBody(request.headers);
  const started = await parts.dialer.begin(to, request);
  context.exchange.onClose(() => started.destroy());
  const outcome = outcomeOf(started);
  if (body === null) started.end();
  else sendBody(body, started);
  return outcome;
}

/** The client's headers, for a kubelet, pod or service. */
export function headersFor({ isIdentityHeader }: PassingParts, context: RequestContext, isUpgrade: boolean): OutgoingHttpHeaders {
  const { exchange } = context;
  const { remoteAddress } = exchange.socket ?? {};
  return passedHeaders(exchange.headers, { remoteAddress, host: askedHost(context), isIdentityHeader, isUpgrade });
}

/** Whether the client wants its connection to go on with another protocol. */
export function wantsUpgrade({ exchange }: RequestContext): boolean {
  return exchange.upgrade !== undefined && isUpgradeRequest(exchange.headers.connection);
}

/**
 * Proxies a request.
 *
 * @param behind - The path there, not escaped; '' sends readers to `/` first.
 * @throws 503 when there is no answer
 */
export async function passOn(parts: PassingParts, context: RequestContext, to: Destination, behind: string): Promise<void> {
  const { exchange, path } = context;
  const query = queryOf(exchange.url);
  if (wantsUpgrade(context)) return passUpgrade(parts, context, to, `${escapePath(behind)}${query}`);
  if (behind === '' && ['GET', 'HEAD'].includes(exchange.method)) return redirect(context, `${path}/${query}`);
  const prefix = prefixOf(path, behind);
  const headers = { ...headersFor(parts, context, false), 'x-forwarded-uri': escapePath(below(prefix, behind)) };
  const request = { method: exchange.method, path: `${escapePath(behind) || '/'}${query}`, headers };
  const { answer, switched } = await ask(parts, context, to, request, exchange.openBody()).catch((error: unknown) => {
    throw newStatusError(503, 'ServiceUnavailable', `error trying to reach service: ${describeFault(error)}`, undefined, error);
  });
  switched?.socket.destroy();
  const received = answerHeaders(answer.headers, baseHeaders(context, ''));
  if (received['content-type'] === '') delete received['content-type'];
  const { location } = answer.headers;
  if (location !== undefined && location !== '') {
    received['location'] = rewriteLocation(location, prefix, { behind: authorityOf(to), asked: askedHost(context) });
  }
  stream(parts, context, answer, received);
}

function redirect(context: RequestContext, location: string): void {
  beginAnswer(context, 301);
  const { 'content-type': _type, ...headers } = baseHeaders(context, '');
  context.exchange.respond(301, { ...headers, location }, '');
}

/** Answers with what comes; the audit log may be told of another status. */
function stream(
  { streams }: PassingParts,
  context: RequestContext,
  answer: IncomingMessage,
  headers: OutgoingHttpHeaders,
  auditedStatus = answer.statusCode ?? 502,
): void {
  const { exchange } = context;
  if (context.answered || exchange.closed) {
    answer.destroy();
    return;
  }
  beginAnswer(context, auditedStatus);
  exchange.onClose(streams.add(() => answer.destroy()));
  exchange.respondWith(answer.statusCode ?? 502, headers, answer);
}

/** Lets the client's connection go on with the protocol that it asks for. @throws 500 when the other side cannot be asked, or does not answer so. */
export async function passUpgrade(parts: PassingParts, context: RequestContext, to: Destination, path: string): Promise<void> {
  const request = { method: context.exchange.method, path, headers: headersFor(parts, context, true) };
  const outcome = await askUpgrade(parts, context, to, request);
  const { answer, switched } = outcome;
  if (switched === undefined) return refused(parts, context, answer);
  const { upgrade } = context.exchange;
  if (upgrade === undefined || context.answered || context.exchange.closed) {
    switched.socket.destroy();
    return;
  }
  beginAnswer(context, 101);
  const { socket, head } = upgrade.accept(answer.headersDistinct as OutgoingHttpHeaders);
  socket.once(
    'close',
    parts.streams.add(() => switched.socket.destroy()),
  );
  splice(socket, switched.socket, { fromHere: head, fromThere: switched.head });
}

/** Tells the audit log that an answer begins; with 101 the connection is handed over. */
export function beginAnswer(context: RequestContext, status: number): void {
  context.answered = true;
  context.audit?.setResponseStatus(status);
  context.onStreamStart?.();
}

/** Asks for another protocol. @throws 500 in upstream's words when there is no answer, or one that is neither that nor an error. */
export async function askUpgrade(
  parts: PassingParts,
  context: RequestContext,
  to: Destination,
  request: OutgoingRequest,
): Promise<Outcome> {
  const outcome = await ask(parts, context, to, request, null).catch((error: unknown) => {
    const text = describeFault(error);
    throw fault(text === 'EOF' ? 'unexpected EOF' : `error dialing backend: ${text}`, error);
  });
  const status = outcome.answer.statusCode ?? 0;
  if (outcome.switched === undefined && status < 400) {
    outcome.answer.destroy();
    throw fault(`invalid upgrade response: status code ${status}`);
  }
  return outcome;
}

/** An error of the other side is the client's as it is: it tells clients to try another protocol. Upstream hands the connection over for it. */
export function refused(parts: PassingParts, context: RequestContext, answer: IncomingMessage): void {
  stream(parts, context, answer, answerHeaders(answer.headers, {}), 101);
}

/** @throws 400 */
export function upgradeRequired(): never {
  throw newBadRequest('Upgrade request required');
}
