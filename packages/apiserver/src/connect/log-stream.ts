/** Logs of containers, as their kubelet sends them. */
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describeFault, goQuote, newBadRequest, newInternalError, newStatusError, type StatusReason } from '@k/apimachinery';
import type { RequestContext } from '../context.js';
import { baseHeaders } from '../http/respond.js';
import { authorityOf, type Destination } from './dialer.js';
import { ask, beginAnswer, type PassingParts, wantsUpgrade } from './pass-on.js';
import { acceptWebSocket, encoderOf, readerProtocol, webSocketProtocols } from './websockets.js';

/** Bytes of a kubelet's error that are read. */
const ERROR_BYTES_MAX = 50_000;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Reads a log and sends it as it comes. @throws 500 when the kubelet cannot be asked, and what its errors say */
export async function streamLog(parts: PassingParts, context: RequestContext, to: Destination, path: string): Promise<void> {
  const { exchange } = context;
  const request = { method: 'GET', path, headers: { host: authorityOf(to), 'user-agent': 'kube-apiserver' } };
  const { answer, switched } = await ask(parts, context, to, request, null).catch((error: unknown) => {
    const url = `${to.scheme}://${authorityOf(to)}${path}`;
    throw newStatusError(500, '', `Get ${goQuote(url)}: ${describeFault(error)}`, undefined, error);
  });
  switched?.socket.destroy();
  await check(answer, context.info.name);
  if (context.answered || exchange.closed) {
    answer.destroy();
    return;
  }
  exchange.onClose(parts.streams.add(() => answer.destroy()));
  const body = wholeOf(answer);
  const protocols = wantsUpgrade(context) ? webSocketProtocols(exchange.headers) : null;
  if (protocols !== null) return intoWebSocket(context, body, protocols);
  beginAnswer(context, 200);
  exchange.respondWith(200, baseHeaders(context, 'text/plain'), body);
}

/** The body as it comes: what breaks off has come to its end, as readers of logs expect. */
function wholeOf(answer: IncomingMessage): PassThrough {
  const body = new PassThrough();
  answer.on('error', () => {});
  answer.once('close', () => body.end());
  body.once('close', () => answer.destroy());
  answer.pipe(body);
  return body;
}

function intoWebSocket(context: RequestContext, body: PassThrough, protocols: readonly string[]): void {
  const { upgrade } = context.exchange;
  if (upgrade === undefined) return;
  beginAnswer(context, 101);
  context.exchange.onClose(() => body.destroy());
  const protocol = readerProtocol(protocols);
  acceptWebSocket(upgrade, protocol, (messages) => {
    messages.resume();
    const encoder = encoderOf(protocol);
    (encoder === undefined ? body : body.pipe(encoder)).pipe(messages);
  });
}

const REASONS: Readonly<Record<number, [reason: StatusReason, message: string]>> = {
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  409: ['Conflict', 'the server reported a conflict'],
  422: ['Invalid', 'the server rejected our request due to an error in our request'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: ['Timeout', 'the server was unable to return a response in the time allotted, but may still be processing the request'],
};

/** @throws for anything but success, with what upstream makes of it. */
async function check(answer: IncomingMessage, podName: string): Promise<void> {
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status <= 206) return;
  const { location } = answer.headers;
  if (REDIRECTS.has(status) && location !== undefined) {
    answer.destroy();
    throw newStatusError(500, '', `Get ${goQuote(location)}: redirects forbidden`);
  }
  const text = await readError(answer);
  if (status === 500) throw newInternalError(text);
  if (status === 400) throw newBadRequest(text);
  const [reason, message] = describe(status, text);
  throw newStatusError(status, reason, `${message} ( pods/log ${podName})`, { name: podName, kind: 'pods/log' });
}

function describe(status: number, text: string): [reason: StatusReason, message: string] {
  if (status === 403) return ['Forbidden', text];
  if (status === 406) return ['NotAcceptable', text || 'the server was unable to respond with a content type that the client supports'];
  if (status === 415) return ['UnsupportedMediaType', text];
  const known = REASONS[status];
  if (known !== undefined) return known;
  if (status > 500) return ['InternalError', `an error on the server (${goQuote(text)}) has prevented the request from succeeding`];
  return ['', `the server responded with the status code ${status} but did not return more information`];
}

async function readError(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes >= ERROR_BYTES_MAX) break;
    }
  } catch (error) {
    throw newInternalError(describeFault(error), error);
  }
  return Buffer.concat(chunks).subarray(0, ERROR_BYTES_MAX).toString('utf8');
}
