import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type AuditBackend,
  type AuditEvent,
  AuditLogger,
  type AuditWebhookError,
  bufferedBackend,
  failureText,
  formatEvent,
  readWebhookKubeconfig,
  type WebhookOptions,
  webhookBackend,
} from '../src/index.js';
import { createAuditMetrics } from '../src/metrics.js';
import { type CertificateAuthority, createAuthority, type KeyPair } from './support/certificate-authority.js';
import { event } from './support/events.js';
import { type Receiver, startReceiver } from './support/receiver.js';

const HOUR_MS = 3_600_000;
const TOKEN = 'very-secret-token';
let authority: CertificateAuthority;
let pair: KeyPair;
let receiver: Receiver;
let failures: { events: string[]; error: AuditWebhookError; text: string }[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  pair = await authority.issue(['127.0.0.1']);
});
beforeEach(async () => {
  failures = [];
  receiver = await startReceiver(pair);
});
afterEach(() => receiver.close());

const onError: NonNullable<WebhookOptions['onError']> = (failure) =>
  void failures.push({
    events: failure.events.map(({ auditID }) => auditID),
    error: failure.error as AuditWebhookError,
    text: failureText(failure),
  });
const webhook = (options: Partial<WebhookOptions> = {}) =>
  webhookBackend({ target: { url: receiver.url, ca: authority.pem, token: TOKEN }, initialBackoffMs: 1, onError, ...options });
/** What is said of one failed request. */
const codeAndMessage = (): (string | undefined)[][] =>
  failures.map(({ error }) => [error.code, error.message.replaceAll(String(receiver.port), 'PORT')]);

describe('a batch', () => {
  it('is one EventList, posted with the credentials of the kubeconfig', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'audit-'));
    const client = await authority.issue(['k-audit']);
    await receiver.close();
    receiver = await startReceiver(await authority.issue(['receiver.example']), { clientCa: authority.pem });
    writeFileSync(join(dir, 'client.key'), client.key);
    writeFileSync(join(dir, 'token'), `${TOKEN}\n`);
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    writeFileSync(
      join(dir, 'kubeconfig'),
      JSON.stringify({
        'current-context': 'b',
        contexts: [
          { name: 'a', context: { cluster: 'none' } },
          { name: 'b', context: { cluster: 'c', user: 'u' } },
        ],
        clusters: [
          {
            name: 'c',
            cluster: {
              server: receiver.url,
              'certificate-authority-data': base64(authority.pem),
              'tls-server-name': 'receiver.example',
            },
          },
        ],
        users: [{ name: 'u', user: { 'client-certificate-data': base64(client.cert), 'client-key': 'client.key', tokenFile: 'token' } }],
      }),
    );
    const backend = webhook({ target: readWebhookKubeconfig(join(dir, 'kubeconfig')) });
    const events = [event(1, { requestObject: '{"a":"<b>"}' }), event(2)];
    expect(await backend.process(events)).toBe(true);
    await backend.close();
    expect(receiver.requests).toEqual([
      {
        atMs: expect.any(Number),
        url: '/events?timeout=30s',
        method: 'POST',
        client: 'k-audit',
        headers: expect.objectContaining({ 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` }),
        list: {
          kind: 'EventList',
          apiVersion: 'audit.k8s.io/v1',
          metadata: {},
          items: events.map((item) => JSON.parse(formatEvent(item, false))),
        },
      },
    ]);
    expect(receiver.requests[0]?.list.items[0]).not.toHaveProperty('kind');
    rmSync(dir, { recursive: true });
  });

  it.each([200, 201, 204])('is delivered by a %i', async (status) => {
    receiver.answers.push(status);
    const backend = webhook();
    expect(await backend.process([event(1)])).toBe(true);
    await backend.close();
    expect(receiver.requests.length).toBe(1);
  });
});

describe('a receiver that', () => {
  it('is slow runs into the time limit, again and again', async () => {
    receiver.answers.push('never', 'never', 'never', 'never', 'never');
    const backend = webhook({ timeoutMs: 150 });
    expect(await backend.process([event(1), event(2)])).toBe(false);
    await backend.close();
    expect(codeAndMessage()).toEqual([['WEBHOOK_TIMEOUT', 'Post "https://127.0.0.1:PORT/events": no answer within 0.15 s']]);
    expect(failures[0]?.events).toEqual(['id-1', 'id-2']);
  });

  it('is slow once gets the events with the next try', async () => {
    receiver.answers.push('never');
    const backend = webhook({ timeoutMs: 4000 });
    expect(await backend.process([event(1)])).toBe(true);
    await backend.close();
    expect([receiver.delivered, failures]).toEqual([['id-1'], []]);
  });

  it('is down and comes back gets the events then', async () => {
    const { port } = receiver;
    await receiver.close();
    const backend = webhook({ initialBackoffMs: 1000 });
    const kept = backend.process([event(1), event(2)]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    receiver = await startReceiver(pair, { port });
    expect(await kept).toBe(true);
    await backend.close();
    expect([receiver.delivered, failures]).toEqual([['id-1', 'id-2'], []]);
  });

  it('stays down is given up after five tries', async () => {
    await receiver.close();
    const backend = webhook();
    expect(await backend.process([event(1)])).toBe(false);
    await backend.close();
    expect(codeAndMessage()).toEqual([['WEBHOOK_CONNECTION', 'Post "https://127.0.0.1:PORT/events": connect ECONNREFUSED 127.0.0.1:PORT']]);
  });

  it.each([
    [400, 5],
    [403, 5],
    [500, 5],
    [503, 5],
  ])('answers %i is asked five times', async (status, tries) => {
    receiver.answers.push(...Array.from({ length: 10 }, () => status));
    const backend = webhook();
    expect(await backend.process([event(1)])).toBe(false);
    await backend.close();
    expect(receiver.requests.length).toBe(tries);
    expect(codeAndMessage()).toEqual([['WEBHOOK_STATUS', `Post "https://127.0.0.1:PORT/events": answered ${status}`]]);
    expect(failures[0]?.error.status).toBe(status);
  });

  it('says when to come back is asked then, within the same try', async () => {
    const later = (seconds: number) => ({ status: 429, headers: { 'retry-after': String(seconds) } });
    receiver.answers.push(later(0), { status: 503, headers: { 'retry-after': '1' } }, later(0));
    const backend = webhook({ initialBackoffMs: HOUR_MS });
    expect(await backend.process([event(1)])).toBe(true);
    await backend.close();
    const [, second, third] = receiver.requests.map(({ atMs }) => atMs);
    expect(receiver.requests.length).toBe(4);
    expect((third as number) - (second as number)).toBeGreaterThan(990);
  });
});

describe('a certificate', () => {
  it.each([
    [
      'of another authority',
      async () => (await createAuthority('somebody-else')).issue(['127.0.0.1']),
      'unable to verify the first certificate',
    ],
    ['that has expired', () => authority.issue(['127.0.0.1'], -HOUR_MS), 'certificate has expired'],
    ['for another name', () => authority.issue(['10.1.2.3']), /does not match certificate's altnames/],
  ])('%s is refused, counted, and no secret shown', async (_name, issue, message) => {
    await receiver.close();
    receiver = await startReceiver(await issue());
    const registry = new Registry();
    const metrics = createAuditMetrics({ registry });
    const target = { url: `${receiver.url}?key=also-secret`, ca: authority.pem, token: TOKEN, password: 'hunter2' };
    const backend = webhook({
      target,
      onError: (failure) => {
        metrics.onError(failure);
        onError(failure);
      },
    });
    expect(await backend.process([event(1), event(2)])).toBe(false);
    await backend.close();
    expect(receiver.requests).toEqual([]);
    expect(failures[0]?.error.code).toBe('WEBHOOK_CERTIFICATE');
    expect(failures[0]?.error.message).toMatch(message);
    const shown = JSON.stringify([failures, failures[0]?.error.stack, failures[0]?.error.cause]);
    for (const secret of [TOKEN, 'also-secret', 'hunter2']) expect(shown).not.toContain(secret);
    expect(await registry.metrics()).toContain('apiserver_audit_error_total{plugin="webhook"} 2');
  });
});

describe('closing', () => {
  it('delivers what the buffer holds', async () => {
    const backend = bufferedBackend(webhook(), { maxBatchSize: 100, maxBatchWaitMs: HOUR_MS });
    for (let i = 0; i < 250; i++) backend.process([event(i)]);
    await backend.close();
    expect(receiver.requests.map(({ list }) => list.items.length).sort()).toEqual([100, 100, 50]);
    expect(new Set(receiver.delivered).size).toBe(250);
  });

  it('ends a pause between tries with one last try', async () => {
    receiver.answers.push(500);
    const backend = bufferedBackend(webhook({ initialBackoffMs: HOUR_MS }), { maxBatchSize: 1 });
    backend.process([event(1)]);
    await expect.poll(() => receiver.requests.length, { timeout: 10_000 }).toBe(1);
    await backend.close();
    expect([receiver.delivered, failures]).toEqual([['id-1'], []]);
  });

  it('ends a pause that the receiver asked for, too', async () => {
    receiver.answers.push({ status: 429, headers: { 'retry-after': '3600' } });
    const backend = webhook();
    const kept = backend.process([event(1)]);
    await expect.poll(() => receiver.requests.length, { timeout: 10_000 }).toBe(1);
    await backend.close();
    expect([await kept, receiver.delivered]).toEqual([true, ['id-1']]);
  });

  it('gives up when the last try fails', async () => {
    receiver.answers.push(500, 502, 200);
    const backend = webhook({ initialBackoffMs: HOUR_MS });
    const kept = backend.process([event(1)]);
    await expect.poll(() => receiver.requests.length, { timeout: 10_000 }).toBe(1);
    await backend.close();
    expect(await kept).toBe(false);
    expect(codeAndMessage()).toEqual([['WEBHOOK_STATUS', 'Post "https://127.0.0.1:PORT/events": answered 502']]);
  });

  it('does not wait for a receiver that does not answer', async () => {
    receiver.answers.push('never');
    const backend = webhook({ closeTimeoutMs: 100 });
    const kept = backend.process([event(1)]);
    await expect.poll(() => receiver.requests.length, { timeout: 10_000 }).toBe(1);
    await backend.close();
    expect(await kept).toBe(false);
    expect(codeAndMessage()).toEqual([['WEBHOOK_CLOSED', 'Post "https://127.0.0.1:PORT/events": broken off, the log is being closed']]);
    expect(backend.process([event(2)])).toBe(false);
    expect(failures[1]?.error.message).toBe('audit backend shut down');
  });
});

it('a throttle lets the burst through and then so many batches a second', async () => {
  const inner = webhook();
  const atMs: number[] = [];
  const watched: AuditBackend = {
    ...inner,
    process(events) {
      atMs.push(performance.now());
      return inner.process(events);
    },
  };
  const backend = bufferedBackend(watched, { maxBatchSize: 1, throttle: { qps: 5, burst: 2 } });
  for (let i = 0; i < 4; i++) backend.process([event(i)]);
  expect(atMs.length).toBe(2);
  await backend.close();
  expect([...receiver.delivered].sort()).toEqual(['id-0', 'id-1', 'id-2', 'id-3']);
  expect((atMs[3] as number) - (atMs[0] as number)).toBeGreaterThan(390);
});

it('a full buffer drops events and counts them; what waits for the throttle counts as held', async () => {
  const registry = new Registry();
  const metrics = createAuditMetrics({ registry });
  const lost: string[] = [];
  const backend = bufferedBackend(webhook(), {
    bufferSize: 5,
    maxBatchSize: 1,
    throttle: { qps: 20, burst: 1 },
    onError(failure) {
      metrics.onError(failure);
      lost.push(...failure.events.map(({ auditID }) => `${(failure.error as Error).message}: ${auditID}`));
    },
  });
  for (let i = 0; i < 9; i++) expect(backend.process([event(i)])).toBe(true);
  await backend.close();
  expect(lost).toEqual(['id-6', 'id-7', 'id-8'].map((id) => `audit buffer queue blocked: ${id}`));
  expect([...receiver.delivered].sort()).toEqual(['id-0', 'id-1', 'id-2', 'id-3', 'id-4', 'id-5']);
  expect(await registry.metrics()).toContain('apiserver_audit_error_total{plugin="buffered"} 3');
});

it('mode blocking-strict refuses the request', async () => {
  receiver.answers.push(500, 500, 500, 500, 500);
  const logger = new AuditLogger(webhook(), { level: 'Metadata' });
  const request = { uri: '/api/v1/pods', verb: 'GET', user: { username: 'alice' } };
  await expect(logger.logRequest(request)).rejects.toThrow('failed to store audit event');
  expect(await logger.logRequest(request)).toMatch(/^[0-9a-f-]{36}$/);
  await logger.close();
});

it('a failure is logged in upstream words, with a line per event', async () => {
  await receiver.close();
  const backend = webhook();
  const at: Partial<AuditEvent> = { requestReceivedMicros: Date.parse('2026-01-01T00:00:00Z') * 1000, user: { username: 'alice' } };
  await backend.process([event(1, at), event(2, at)]);
  await backend.close();
  const line = (id: number): string =>
    `2026-01-01T00:00:00Z AUDIT: id="id-${id}" stage="ResponseComplete" ip="<unknown>" method="get" user="alice" groups="<none>" as="<self>" asgroups="<lookup>" user-agent="" namespace="<none>" uri="/" response="<deferred>"\n`;
  expect(failures[0]?.text.replaceAll(String(receiver.port), 'PORT')).toBe(
    `Error in audit plugin 'webhook' affecting 2 audit events: Post "https://127.0.0.1:PORT/events": connect ECONNREFUSED 127.0.0.1:PORT\nImpacted events:\n${line(1)}${line(2)}`,
  );
});
