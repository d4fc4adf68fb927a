/** Events to a server of one's own. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { callWithin } from '@k/apimachinery';
import type { Agent } from 'undici';
import type { AuditEvent } from '../event.js';
import { createMicroTime, formatEvent } from '../format-event.js';
import type { AuditBackend, AuditErrorHandler } from './backend.js';
import { requireNotNegative, requirePositive } from './limits.js';
import { AuditWebhookError, webhookErrorOf } from './webhook-error.js';
import type { WebhookTarget } from './webhook-kubeconfig.js';

const BACKOFF_FACTOR = 1.5;
const BACKOFF_JITTER = 0.2;
const TRIES = 5;
/** A server that says when to come back is asked so often within one try, and not made to wait longer than this. */
const RETRY_AFTER_TRIES = 10;
const RETRY_AFTER_SECONDS_MAX = 60;

/** How {@link webhookBackend} calls. */
export interface WebhookOptions {
  target: WebhookTarget;
  /** Milliseconds before the second try; each further pause is half as long again. Default 10,000. */
  initialBackoffMs?: number;
  /** Milliseconds for one request. Default 30,000. */
  timeoutMs?: number;
  /** Milliseconds that `close` gives what is under way. Default 10,000. */
  closeTimeoutMs?: number;
  onError?: AuditErrorHandler;
}

/**
 * Posts events as an EventList; tries five times with growing pauses. Closing ends a pause with one last try.
 *
 * @throws {TypeError} for a URL that is none.
 * @throws {RangeError} for times that make no sense.
 */
export function webhookBackend(options: WebhookOptions): AuditBackend {
  const { target, initialBackoffMs = 10_000, timeoutMs = 30_000, closeTimeoutMs = 10_000, onError } = options;
  if (!/^https?:\/\//i.test(target.url) || !URL.canParse(target.url)) {
    throw new TypeError(`"target.url" expected an http or https URL, got ${JSON.stringify(target.url)}`);
  }
  requirePositive({ timeoutMs });
  requireNotNegative({ initialBackoffMs, closeTimeoutMs });
  const time = createMicroTime();
  const client = webhookClient(target, timeoutMs);
  const listOf = (events: readonly AuditEvent[]): string => {
    const items = events.map((event) => formatEvent(event, false, time)).join(',');
    return `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${items}]}`;
  };
  const running = new Set<Promise<unknown>>();
  const closing = new AbortController();
  const cut = new AbortController();
  /** Ends early when the log is being closed. */
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal: closing.signal }).catch(() => {});

  const post = async (body: string): Promise<void> => {
    for (let ask = 1; ; ask++) {
      const isLast = closing.signal.aborted;
      const { status, retryAfter } = await client.post(body, cut.signal);
      if (status >= 200 && status <= 299) return;
      const mayAskAgain = retryAfter !== null && (status === 429 || status >= 500) && ask < RETRY_AFTER_TRIES && !isLast;
      if (!mayAskAgain) {
        throw new AuditWebhookError('WEBHOOK_STATUS', `Post ${JSON.stringify(client.address)}: answered ${status}`, { status });
      }
      await pause(Math.min(retryAfter, RETRY_AFTER_SECONDS_MAX) * 1000);
    }
  };
  const deliver = async (events: readonly AuditEvent[], body: string): Promise<boolean> => {
    let pauseMs = initialBackoffMs;
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt >= TRIES || closing.signal.aborted;
      try {
        await post(body);
        return true;
      } catch (error) {
        if (isLast || cut.signal.aborted) {
          onError?.({ plugin: 'webhook', events, error: webhookErrorOf(error, client.address, timeoutMs) });
          return false;
        }
      }
      await pause(pauseMs * (1 + Math.random() * BACKOFF_JITTER));
      pauseMs *= BACKOFF_FACTOR;
    }
  };
  return {
    name: 'webhook',
    process(events) {
      if (closing.signal.aborted) {
        onError?.({ plugin: 'webhook', events, error: new AuditWebhookError('WEBHOOK_CLOSED', 'audit backend shut down') });
        return false;
      }
      let body: string;
      try {
        body = listOf(events);
      } catch (error) {
        onError?.({ plugin: 'webhook', events, error });
        return false;
      }
      const delivery = deliver(events, body).finally(() => running.delete(delivery));
      running.add(delivery);
      return delivery;
    },
    async close() {
      closing.abort();
      const timer = setTimeout(() => cut.abort(), closeTimeoutMs);
      await Promise.allSettled([...running]);
      clearTimeout(timer);
      await client.close();
    },
  };
}

interface WebhookClient {
  /** The URL as it may be shown. */
  readonly address: string;
  /** @returns the status, and the seconds of a Retry-After header. */
  post(body: string, signal: AbortSignal): Promise<{ status: number; retryAfter: number | null }>;
  close(): Promise<void>;
}

/** The HTTP client, which few servers need, is loaded with the first batch. */
function webhookClient(target: WebhookTarget, timeoutMs: number): WebhookClient {
  const { ca, cert, key, token, tokenFile, username, password, serverName } = target;
  const url = new URL(target.url);
  url.searchParams.set('timeout', `${timeoutMs / 1000}s`);
  const authorization = async (): Promise<Record<string, string>> => {
    const bearer = tokenFile === undefined ? token : (await readFile(tokenFile, 'utf8')).trim();
    if (bearer !== undefined) return { authorization: `Bearer ${bearer}` };
    if (username === undefined) return {};
    return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
  };
  let agent: Agent | undefined;
  return {
    address: `${url.origin}${url.pathname}`,
    async post(body, ended) {
      const undici = await import('undici');
      agent ??= new undici.Agent({
        connect: {
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined ? {} : { cert }),
          ...(key === undefined ? {} : { key }),
          ...(serverName === undefined ? {} : { servername: serverName }),
          rejectUnauthorized: target.insecureSkipTlsVerify !== true,
        },
      });
      const dispatcher = agent;
      const headers = { 'content-type': 'application/json', accept: 'application/json, */*', ...(await authorization()) };
      return callWithin({ timeoutMs, signals: [ended] }, async (signal) => {
        const answer = await undici.request(url, { method: 'POST', dispatcher, body, signal, headers });
        const given = answer.headers['retry-after'];
        await answer.body.dump();
        return { status: answer.statusCode, retryAfter: typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : null };
      });
    },
    async close() {
      await agent?.close();
    },
  };
}
