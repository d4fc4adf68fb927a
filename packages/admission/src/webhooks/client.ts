/** HTTPS to webhooks: one pool of kept-alive connections for each client configuration. */
import { isIP, type Socket } from 'node:net';
import { rootCertificates } from 'node:tls';
import { callWithin, describeAnswer, describeFault } from '@k/apimachinery';
import type { Agent, buildConnector, Dispatcher } from 'undici';
import type { ObjectSource } from '../interface.js';
import { authorizationHeader, type WebhookUser, type WebhookUsers, webhookUserFor } from './credentials.js';
import { resolveService } from './service-endpoint.js';
import type { WebhookClientConfig } from './types.js';

/** Bytes that an answer may have: more than any object with a patch of all of it. */
export const ANSWER_BYTES_MAX: number = 16 * 1024 * 1024;

/** Client configurations whose connections are kept; the least recently used goes. */
const POOLS_MAX = 200;
/** Milliseconds that an unused connection stays open. */
const KEEP_ALIVE_MS = 90_000;
const CONNECT_MS_MAX = 30_000;
/** Host and port as they are written: URL drops the port of https. */
const AUTHORITY = /^https:\/\/([^/?#]+)/i;

/** The HTTP library: loaded by the first call, as most servers have no webhooks. */
type Http = typeof import('undici');

/** A call that brought no usable answer. */
export class WebhookCallError extends Error {
  /** For metrics: that of the answer, or 503. */
  readonly code: number;

  constructor(message: string, code = 503) {
    super(message);
    this.code = code;
  }
}

/** Where a client configuration leads. */
interface Target {
  /** `https://host[:port]/path`, without the query. */
  url: string;
  /** For TLS; '' for an address. */
  serverName: string;
  /** `host:port`, which says as whom it is called. */
  authority: string;
  service: { namespace: string; name: string; port: number } | null;
}

/** Calls webhooks; one for each server. */
export class WebhookClient {
  readonly #objects: ObjectSource;
  readonly #users: WebhookUsers | undefined;
  readonly #agents = new Map<string, Agent>();

  /** @param users - Who this server is to webhooks; absent = nobody. */
  constructor(objects: ObjectSource, users?: WebhookUsers) {
    this.#objects = objects;
    this.#users = users;
  }

  /**
   * Posts a review.
   *
   * @param options.timeoutMs - For connecting and the whole answer; told to the webhook in whole seconds.
   * @param options.signal - Breaks the call off when nobody waits for its answer any more.
   * @returns The body of a 2xx answer.
   * @throws {@link WebhookCallError} with the text for the client.
   */
  async post(config: WebhookClientConfig, body: string, options: { timeoutMs: number; signal?: AbortSignal }): Promise<Uint8Array> {
    const target = targetOf(config);
    const http = await import('undici');
    const url = `${target.url}?timeout=${Math.max(1, Math.ceil(options.timeoutMs / 1000))}s`;
    const user = this.#users && webhookUserFor(this.#users, target.authority);
    return callWithin({ timeoutMs: options.timeoutMs, signals: [options.signal] }, async (signal) => {
      for (;;) {
        const answer = await this.#send(url, this.#agentFor(http, config, { ...target, user }), { body, signal, user });
        if (answer.code >= 200 && answer.code <= 206) {
          if (answer.body.length > 0) return answer.body;
          throw new WebhookCallError(`0-length response with status code: ${answer.code} and content type: ${answer.contentType}`);
        }
        if (answer.retryAfterMs === null || !(await pause(answer.retryAfterMs, signal))) {
          throw new WebhookCallError(describeAnswer(answer), answer.code);
        }
      }
    });
  }

  /** Ends all connections; calls that are under way fail. */
  async close(): Promise<void> {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  async #send(
    url: string,
    dispatcher: Agent,
    { body, signal, user }: { body: string; signal: AbortSignal; user: WebhookUser | undefined },
  ): Promise<Answer> {
    try {
      const { origin, pathname, search } = new URL(url);
      const [, host = ''] = AUTHORITY.exec(url) ?? [];
      const answer = await dispatcher.request({
        origin,
        path: pathname + search,
        method: 'POST',
        signal,
        body,
        headers: {
          host,
          accept: 'application/json, */*',
          'content-type': 'application/json',
          'user-agent': 'k',
          ...(await authorizationHeader(user)),
        },
      });
      return {
        code: answer.statusCode,
        contentType: headerOf(answer, 'content-type'),
        retryAfterMs: retryAfter(answer),
        body: await readLimited(answer.body),
      };
    } catch (error) {
      if (error instanceof WebhookCallError) throw error;
      const reason = signal.aborted ? describeAbort(signal.reason) : describeFault(error);
      throw new WebhookCallError(`Post "${url}": ${reason}`);
    }
  }

  #agentFor(http: Http, config: WebhookClientConfig, target: Target & { user: WebhookUser | undefined }): Agent {
    const key = JSON.stringify([target.url, target.service, config.caBundle ?? '']);
    let agent = this.#agents.get(key);
    this.#agents.delete(key);
    agent ??= this.#connectTo(http, target, config.caBundle);
    this.#agents.set(key, agent);
    if (this.#agents.size > POOLS_MAX) {
      const [oldest, unused] = this.#agents.entries().next().value as [string, Agent];
      this.#agents.delete(oldest);
      // Lets what is under way come to its end.
      void unused.close();
    }
    return agent;
  }

  #connectTo(http: Http, { serverName, service, user }: Target & { user: WebhookUser | undefined }, caBundle: string | undefined): Agent {
    const ca = caBundle === undefined || caBundle === '' ? [...rootCertificates] : Buffer.from(caBundle, 'base64');
    const connect = http.buildConnector({
      ca,
      timeout: CONNECT_MS_MAX,
      // Sessions that are resumed would not be verified against another authority.
      maxCachedSessions: 0,
      ...(user?.cert === undefined || user.key === undefined ? {} : { cert: user.cert, key: user.key }),
      ...(serverName === '' ? {} : { servername: serverName }),
    });
    const connector: buildConnector.connector = (options, callback) => {
      const dial = (host: string, port: number): unknown =>
        connect({ ...options, hostname: host, host, port: String(port) }, (...result) => {
          (result[1] as Socket | null)?.setNoDelay(true);
          callback(...result);
        });
      if (service === null) {
        dial(options.hostname.replace(/^\[|\]$/g, ''), Number(options.port || 443));
        return;
      }
      resolveService(this.#objects, service, Math.random).then(
        ({ host, port }) => dial(host, port),
        (error: Error) => callback(error, null),
      );
    };
    return new http.Agent({ connect: connector, headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS });
  }
}

interface Answer {
  code: number;
  contentType: string;
  /** Null unless the webhook asks to be called again. */
  retryAfterMs: number | null;
  body: Uint8Array;
}

function targetOf({ url, service }: WebhookClientConfig): Target {
  if (service !== undefined) {
    const { namespace, name, port = 443, path = '' } = service;
    const serverName = `${name}.${namespace}.svc`;
    const authority = `${serverName}:${port}`;
    return { url: `https://${authority}${path === '' ? '/' : path}`, serverName, authority, service: { namespace, name, port } };
  }
  if (url === undefined || !URL.canParse(url)) throw new WebhookCallError('webhook configuration must have either service or URL');
  const { host, hostname, port, pathname } = new URL(url);
  const written = AUTHORITY.exec(url)?.[1] ?? host;
  const serverName = isIP(hostname.replace(/^\[|\]$/g, '')) ? '' : hostname;
  return { url: `https://${written}${pathname}`, serverName, authority: `${hostname}:${port || '443'}`, service: null };
}

function headerOf({ headers }: Dispatcher.ResponseData, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

/** As Go words the end of a context. */
function describeAbort(reason: unknown): string {
  return (reason as Error | undefined)?.name === 'TimeoutError' ? 'context deadline exceeded' : 'context canceled';
}

/** As upstream's client: 429 and 5xx with whole seconds in `Retry-After` are tried again. */
function retryAfter(answer: Dispatcher.ResponseData): number | null {
  const seconds = headerOf(answer, 'retry-after');
  if ((answer.statusCode !== 429 && answer.statusCode < 500) || !/^\d{1,5}$/.test(seconds)) return null;
  return Math.max(100, Number(seconds) * 1000);
}

/** False when time is up before. */
function pause(durationMs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve(true);
    }, durationMs);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

async function readLimited(stream: Dispatcher.ResponseData['body']): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += (chunk as Buffer).length;
    // Leaving the loop ends the connection.
    if (size > ANSWER_BYTES_MAX) throw new WebhookCallError(`the response is larger than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks, size);
}
