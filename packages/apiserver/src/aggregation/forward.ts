/** One request on its way to another server, and the answer back. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { ServiceAddress } from '@k/admission/webhooks';
import { describeFault } from '@k/apimachinery';
import type { RequestContext } from '../context.js';
import { pipeBody } from '../http/piped-body.js';
import { baseHeaders, sendBytes } from '../http/respond.js';
import { type Backend, hostOf } from './backend.js';
import { answerHeaders, frameBody, requestHeaders } from './forwarded-headers.js';

const OPENAPI = '/openapi/v3/';
const PLAIN = 'text/plain; charset=utf-8';
/** Milliseconds that discovery of one group version may take: clients ask for all of them. */
const DISCOVERY_TIMEOUT_MS = 5000;

/** How requests are handed on. */
export interface ForwardOptions {
  /** Whether this server itself takes users from a header. */
  isIdentityHeader: (name: string) => boolean;
  /** Answers that would send clients elsewhere become 502. */
  rejectRedirects: boolean;
  /** Told of watches and switched connections: called with what ends one, returns what forgets it. */
  track: (end: () => void) => () => void;
}

/** The answer to a request, or the connection that goes on with another protocol. */
export interface Outcome {
  answer: IncomingMessage;
  switched?: { socket: Duplex; head: Buffer };
}

/** Answers as upstream does when a server cannot be asked. */
export function refuse(context: RequestContext, status: number, text: string): void {
  context.responseHeaders['x-content-type-options'] = 'nosniff';
  void sendBytes(context, status, PLAIN, `${text}\n`);
}

/** Hands a request to another server and its answer to the client; resolves when the exchange is over or its stream runs. */
export async function forward(context: RequestContext, backend: Backend, options: ForwardOptions): Promise<void> {
  const { exchange } = context;
  let address: ServiceAddress;
  try {
    address = await backend.address();
  } catch {
    return refuse(context, 503, 'service unavailable');
  }
  if (context.answered || exchange.closed) return;
  const isUpgrade = exchange.upgrade !== undefined && isUpgradeRequest(exchange.headers.connection);
  const body = exchange.openBody();
  const headers = requestHeaders(exchange.headers, {
    user: context.user,
    auditId: context.auditId,
    remoteAddress: exchange.socket?.remoteAddress,
    host: hostOf(address),
    path: context.path,
    isIdentityHeader: options.isIdentityHeader,
    isUpgrade,
  });
  if (body !== null) frameBody(headers);
  let outcome: Outcome;
  try {
    const begin = (): ClientRequest => backend.request(address, { method: exchange.method, path: exchange.url, headers });
    outcome = await send(context, begin, body);
  } catch (error) {
    if (context.answered || exchange.closed) return;
    return refuse(context, 503, `error trying to reach service: ${describeFault(error)}`);
  }
  if (context.answered || exchange.closed) {
    outcome.answer.destroy();
    outcome.switched?.socket.destroy();
    return;
  }
  if (outcome.switched !== undefined) switchProtocols(context, outcome, options);
  else answer(context, outcome.answer, options);
}

/** Whether a `Connection` header asks for another protocol. */
export function isUpgradeRequest(connection: string | undefined): boolean {
  return (connection ?? '').toLowerCase().includes('upgrade');
}

/** A request without a body that met a connection which the other server was just closing is sent once more. */
async function send(context: RequestContext, begin: () => ClientRequest, body: Readable | null): Promise<Outcome> {
  let request = begin();
  context.exchange.onClose(() => request.destroy());
  const timer = isDiscovery(context)
    ? setTimeout(() => request.destroy(new Error('context deadline exceeded')), DISCOVERY_TIMEOUT_MS)
    : undefined;
  try {
    if (body !== null) {
      const outcome = outcomeOf(request);
      sendBody(body, request);
      return await outcome;
    }
    for (;;) {
      const outcome = outcomeOf(request);
      request.end();
      try {
        return await outcome;
      } catch (error) {
        const isStale = request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
        if (!isStale || context.exchange.closed || !['GET', 'HEAD'].includes(context.exchange.method)) throw error;
        request = begin();
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/** What the other server does not want to read is dropped; the client's connection has its answer to bring yet. */
export function sendBody(body: Readable, request: ClientRequest): void {
  request.once('close', () => {
    body.unpipe(request);
    body.resume();
  });
  body.pipe(request);
}

/** Waits for the head of an answer. @throws what Node's client reports. */
export function outcomeOf(request: ClientRequest): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    request.once('response', (received) => resolve({ answer: received }));
    request.once('upgrade', (received, socket, head) => resolve({ answer: received, switched: { socket, head } }));
    request.once('error', reject);
  });
}

/** `/apis/GROUP/VERSION`. */
function isDiscovery({ info, path }: RequestContext): boolean {
  return !info.isResourceRequest && path.replace(/^\/+|\/+$/g, '').split('/').length === 3;
}

function answer(context: RequestContext, received: IncomingMessage, options: ForwardOptions): void {
  const status = received.statusCode ?? 502;
  if (options.rejectRedirects && status >= 300 && status <= 399 && leadsElsewhere(context.path, received.headers.location)) {
    received.destroy();
    void sendBytes(context, 502, PLAIN, 'the backend attempted to redirect this request, which is not permitted');
    return;
  }
  const headers = answerHeaders(received.headers, baseHeaders(context, ''));
  if (headers['content-type'] === '') delete headers['content-type'];
  context.answered = true;
  context.audit?.setResponseStatus(status);
  context.onStreamStart?.();
  if (context.info.verb === 'watch') context.exchange.onClose(options.track(() => received.destroy()));
  context.exchange.respondWith(status, headers, received);
}

/** Servers lead from an outdated document of OpenAPI to the present one, which is asked for here again. */
function leadsElsewhere(path: string, location: string | undefined): boolean {
  return location !== undefined && !(path.startsWith(OPENAPI) && location.startsWith(`${path}?`));
}

function switchProtocols(context: RequestContext, { answer: received, switched }: Outcome, options: ForwardOptions): void {
  const { upgrade } = context.exchange;
  const { socket: there, head: fromThere } = switched as NonNullable<Outcome['switched']>;
  context.answered = true;
  context.audit?.setResponseStatus(101);
  context.onStreamStart?.();
  const headers = { ...received.headers, 'audit-id': context.auditId };
  const { socket: here, head: fromHere } = (upgrade as NonNullable<typeof upgrade>).accept(headers);
  if (fromThere.length > 0) here.write(fromThere);
  if (fromHere.length > 0) there.write(fromHere);
  const forget = options.track(() => there.destroy());
  pipeBody(here, there, () => there.destroy());
  pipeBody(there, here, () => here.destroy());
  here.once('close', forget);
}
