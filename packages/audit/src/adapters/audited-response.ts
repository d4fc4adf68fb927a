/** One request on node:http and its answer, watched for the audit log. Used by every adapter. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditUser } from '../event.js';
import { kubernetesAttributes } from '../kubernetes-attributes.js';
import type { AuditLogger } from '../logger.js';
import type { AuditRequest, RequestAuditor } from '../request-auditor.js';

const BODY_BYTES_MAX = 1024 * 1024;
const LONG_RUNNING = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

/** How requests of a server become audit attributes. */
export interface AdapterOptions<Request> {
  /** Who asks. Default: nobody. */
  user?: (request: Request) => (AuditUser & { username: string }) | undefined;
  /** Resource, namespace, name, verb of a request. Default: read off Kubernetes-style paths; others are non-resource requests. */
  attributes?: (request: Request) => Partial<AuditRequest['attributes']>;
  /** Answers that stay open get a ResponseStarted event. Default: watches, logs, and `text/event-stream`. */
  isLongRunning?: (request: Request) => boolean;
  /** Bytes of a body that are logged; larger ones are left out. Default 1 MiB. */
  bodyBytesMax?: number;
}

/** A request under audit. */
export interface AuditedExchange {
  /** Null when the policy wants nothing of it. */
  readonly auditor: RequestAuditor | null;
  /** False when its first event could not be kept: it was answered with a 500. */
  readonly isAccepted: boolean;
  /** The handler failed: the last event will be a Panic. */
  panic(error: unknown): void;
}

function isJson(type: unknown): boolean {
  return typeof type === 'string' && /^application\/(?:[\w.-]+\+)?json\b/i.test(type);
}

/** Hears of each chunk that the parser delivers, without making the stream flow. */
function tapBody(request: IncomingMessage, bytesMax: number): () => Buffer | null {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const push = request.push;
  request.push = function (this: IncomingMessage, chunk: unknown, encoding?: BufferEncoding): boolean {
    if (chunk instanceof Uint8Array) {
      sizeBytes += chunk.length;
      if (sizeBytes <= bytesMax) chunks.push(Buffer.from(chunk));
    }
    return push.call(this, chunk, encoding);
  };
  return () => (sizeBytes === 0 || sizeBytes > bytesMax ? null : Buffer.concat(chunks));
}

function parsed(body: Buffer | null): object | null {
  if (body === null) return null;
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/** Calls back at the head of the answer and with every chunk of it. */
function tapResponse(response: ServerResponse, onHead: () => void, onChunk: (chunk: Buffer) => void): void {
  const { writeHead, write, end } = response;
  response.writeHead = function (this: ServerResponse, ...args: unknown[]): ServerResponse {
    const out = (writeHead as (...given: unknown[]) => ServerResponse).apply(this, args);
    onHead();
    return out;
  } as typeof writeHead;
  const see = (chunk: unknown, encoding: unknown): void => {
    if (typeof chunk === 'string') onChunk(Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'));
    else if (chunk instanceof Uint8Array) onChunk(Buffer.from(chunk));
  };
  // Over HTTP/2, `end` calls `write` with its chunk.
  let isEnding = false;
  response.write = function (this: ServerResponse, ...args: unknown[]): boolean {
    if (!isEnding) see(args[0], args[1]);
    return (write as (...given: unknown[]) => boolean).apply(this, args);
  } as typeof write;
  response.end = function (this: ServerResponse, ...args: unknown[]): ServerResponse {
    see(args[0], args[1]);
    isEnding = true;
    return (end as (...given: unknown[]) => ServerResponse).apply(this, args);
  } as typeof end;
}

/** Begins the audit of a request; the rest happens as it is answered. */
export async function auditExchange<Request>(
  logger: AuditLogger,
  options: AdapterOptions<Request>,
  { request, message, response }: { request: Request; message: IncomingMessage; response: ServerResponse },
): Promise<AuditedExchange> {
  const uri = (message as IncomingMessage & { originalUrl?: string }).originalUrl ?? message.url ?? '/';
  const given = message.headers['audit-id'];
  const auditId = typeof given === 'string' && given !== '' ? given : randomUUID();
  if (!response.hasHeader('audit-id')) response.setHeader('Audit-ID', auditId);
  const user = options.user?.(request);
  const attributes = {
    ...kubernetesAttributes(message.method ?? 'GET', uri),
    ...options.attributes?.(request),
    user: user && { username: user.username, groups: user.groups ?? [] },
  };
  const { headers } = message;
  const auditor = logger.begin({ attributes, uri, user: user ?? {}, auditId, headers, remoteAddress: message.socket.remoteAddress });
  if (auditor === null) return { auditor, isAccepted: true, panic: () => {} };
  const bytesMax = options.bodyBytesMax ?? BODY_BYTES_MAX;
  // Before anything is awaited: the body may arrive meanwhile.
  const bodyOf = auditor.wantsRequestObject && isJson(headers['content-type']) ? tapBody(message, bytesMax) : () => null;
  if (!(await auditor.emit('RequestReceived'))) {
    logger.reject();
    const shown = uri.replace(/[&<>]/g, (char) => `&${({ '&': 'amp', '<': 'lt', '>': 'gt' } as Record<string, string>)[char]};`);
    response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`Internal Server Error: "${shown}": failed to store audit event\n`);
    return { auditor: null, isAccepted: false, panic: () => {} };
  }
  const { verb, subresource } = attributes;
  const isStream = options.isLongRunning?.(request) ?? (verb === 'watch' || verb === 'proxy' || LONG_RUNNING.has(subresource));
  let body: object | null = null;
  const readBody = (): void => {
    if (body !== null) return;
    body = parsed(bodyOf());
    if (body === null) return;
    if (message.method === 'PATCH') auditor.setRequestPatch(body);
    else auditor.setRequestObject(body);
  };
  let started = false;
  let failure: string | null = null;
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  tapResponse(
    response,
    () => {
      readBody();
      auditor.setResponseStatus(response.statusCode);
      const type = String(response.getHeader('content-type') ?? '');
      if (started || !(isStream || (options.isLongRunning === undefined && type.startsWith('text/event-stream')))) return;
      started = true;
      void auditor.emit('ResponseStarted');
    },
    (chunk) => {
      if (response.statusCode < 400 && (isStream || !auditor.wantsResponseObject)) return;
      sizeBytes += chunk.length;
      if (sizeBytes <= bytesMax) chunks.push(chunk);
      else chunks.length = 0;
    },
  );
  response.once('close', () => {
    readBody();
    if (failure !== null) {
      void auditor.panic(failure);
      return;
    }
    const answer =
      sizeBytes <= bytesMax && isJson(response.getHeader('content-type')) && !response.hasHeader('content-encoding')
        ? parsed(Buffer.concat(chunks))
        : null;
    if (answer !== null && (answer as { kind?: unknown }).kind === 'Status') auditor.setResponseStatusObject(answer);
    else if (answer !== null) auditor.setResponseObject(answer);
    auditor.setClosedEarly();
    if (isStream && !started) void auditor.emit('ResponseStarted');
    void auditor.complete();
  });
  return {
    auditor,
    isAccepted: true,
    panic(error) {
      // Its text may hold anything; that is for the server's own log.
      failure ??= error instanceof Error ? error.name : typeof error;
    },
  };
}

/** Errors that mean "no" to the client are answers; the others are faults of the handler. */
export function isFault(error: unknown): boolean {
  const { statusCode, status } = (error ?? {}) as { statusCode?: unknown; status?: unknown };
  const code = typeof statusCode === 'number' ? statusCode : status;
  return typeof code !== 'number' || code >= 500;
}
