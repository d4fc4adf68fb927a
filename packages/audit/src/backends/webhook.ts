import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Agent } from 'undici';
import { parse } from 'yaml';
import type { AuditEvent } from '../event.js';
import { formatEvent } from '../format-event.js';
import type { AuditBackend, AuditErrorHandler } from './backend.js';

const TIMEOUT_MS = 30_000;
const BACKOFF_FACTOR = 1.5;
const BACKOFF_JITTER = 0.2;
const TRIES = 5;

/** Where a webhook is and how it is called. PEM texts. */
export interface WebhookTarget {
  url: string;
  ca?: string;
  cert?: string;
  key?: string;
  token?: string;
  username?: string;
  password?: string;
  insecureSkipTlsVerify?: boolean;
}

type Fields = Record<string, string | undefined>;

/**
 * The current context of a kubeconfig file.
 *
 * @throws {Error} naming the file and what it lacks.
 */
export function readWebhookKubeconfig(file: string): WebhookTarget {
  const config = parse(readFileSync(file, 'utf8')) as Record<string, unknown> | null;
  const find = (list: string, name: string | undefined, part: string): Fields => {
    const items = (config?.[list] ?? []) as { name?: string; [part: string]: unknown }[];
    const found = items.find((item) => item.name === name);
    return (found?.[part] ?? {}) as Fields;
  };
  const context = find('contexts', config?.['current-context'] as string | undefined, 'context');
  const cluster = find('clusters', context['cluster'], 'cluster');
  const user = find('users', context['user'], 'user');
  if (cluster['server'] === undefined) throw new Error(`kubeconfig "${file}": the current context names no cluster with a server`);
  const pem = (from: Fields, name: string): string | undefined => {
    const data = from[`${name}-data`];
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    const path = from[name];
    return path === undefined ? undefined : readFileSync(resolve(dirname(file), path), 'utf8');
  };
  const target = {
    url: cluster['server'],
    ca: pem(cluster, 'certificate-authority'),
    cert: pem(user, 'client-certificate'),
    key: pem(user, 'client-key'),
    token: user['token'],
    username: user['username'],
    password: user['password'],
    insecureSkipTlsVerify: (cluster['insecure-skip-tls-verify'] as unknown) === true ? true : undefined,
  };
  return Object.fromEntries(Object.entries(target).filter(([, value]) => value !== undefined)) as unknown as WebhookTarget;
}

/** Posts events as an EventList; tries five times with growing pauses. */
export function webhookBackend(options: { target: WebhookTarget; initialBackoffMs?: number; onError?: AuditErrorHandler }): AuditBackend {
  const { target, initialBackoffMs = 10_000, onError } = options;
  const { url, ca, cert, key, token, username, password } = target;
  let agent: Agent | undefined;
  /** The HTTP client, which few servers need, is loaded with the first batch. */
  const client = async (): Promise<{ agent: Agent; request: typeof import('undici').request }> => {
    const undici = await import('undici');
    agent ??= new undici.Agent({
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      connect: {
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        rejectUnauthorized: target.insecureSkipTlsVerify !== true,
      },
    });
    return { agent, request: undici.request };
  };
  const authorization =
    token !== undefined
      ? `Bearer ${token}`
      : username !== undefined
        ? `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`
        : undefined;
  const ended = new AbortController();
  const post = async (body: string): Promise<void> => {
    const { agent: dispatcher, request } = await client();
    const { statusCode, body: answer } = await request(url, {
      method: 'POST',
      dispatcher,
      body,
      headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
    });
    await answer.dump();
    if (statusCode < 200 || statusCode > 299) throw new Error(`the webhook answered ${statusCode}`);
  };
  return {
    name: 'webhook',
    async process(events: readonly AuditEvent[]) {
      const items = events.map((event) => formatEvent(event, false)).join(',');
      const body = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${items}]}`;
      let pauseMs = initialBackoffMs;
      for (let attempt = 1; ; attempt++) {
        try {
          await post(body);
          return true;
        } catch (error) {
          if (attempt >= TRIES || ended.signal.aborted) {
            onError?.({ plugin: 'webhook', events, error });
            return false;
          }
          await new Promise((resolvePause) => setTimeout(resolvePause, pauseMs * (1 + Math.random() * BACKOFF_JITTER)));
          pauseMs *= BACKOFF_FACTOR;
        }
      }
    },
    async close() {
      ended.abort();
      await agent?.close();
    },
  };
}
