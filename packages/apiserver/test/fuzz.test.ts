import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../src/testing.js';
import { MemoryExchange } from './support/memory-exchange.js';
import { type RandomRequest, randomRequests } from './support/random-requests.js';

const REQUESTS = 50_000;
const WORKERS = 16;
/** Another one explores other requests. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_102);

let server: TestServer;
const logged: string[] = [];

beforeAll(async () => {
  const log = pino({ level: 'error' }, { write: (line: string) => void logged.push(line) });
  server = await startTestServer({ log, disabledControllers: ['garbage-collector', 'namespace'] });
});
afterAll(() => server.close());

async function serve(request: RandomRequest): Promise<MemoryExchange> {
  const headers = { ...request.headers, authorization: `Bearer ${server.token}` };
  const exchange = new MemoryExchange(request.method, request.url, headers, request.body);
  await server.server.handle(exchange);
  return exchange;
}

/** What is wrong with an answer; null when nothing is. */
function faultOf(request: RandomRequest, exchange: MemoryExchange): string | null {
  const { statusCode, text } = exchange;
  if (statusCode === 0) return 'no answer';
  // A version of the future is waited for in vain.
  const mayTimeOut = statusCode === 504 && request.url.includes('resourceVersion');
  if (statusCode >= 500 && !mayTimeOut) return `status ${statusCode}: ${text.slice(0, 300)}`;
  if (/\bat .*\.[jt]s:\d+/.test(text) || text.includes('node_modules')) return `a stack trace: ${text.slice(0, 300)}`;
  if (statusCode < 400 || !String(exchange.responseHeaders['content-type']).startsWith('application/json')) return null;
  const status = JSON.parse(text) as { kind?: string; code?: number; status?: string };
  if (status.kind !== 'Status' || status.code !== statusCode || status.status !== 'Failure') return `not a Status: ${text.slice(0, 300)}`;
  return null;
}

describe('whatever a client sends', () => {
  it(`is answered without a 5xx, a stack trace or a crash: ${REQUESTS} requests`, { timeout: 600_000 }, async () => {
    const next = randomRequests(SEED);
    const faults: string[] = [];
    const counts = new Map<number, number>();
    let left = REQUESTS;
    await Promise.all(
      Array.from({ length: WORKERS }, async () => {
        while (left-- > 0) {
          const request = next();
          const exchange = await serve(request);
          counts.set(exchange.statusCode, (counts.get(exchange.statusCode) ?? 0) + 1);
          const fault = faultOf(request, exchange);
          if (fault === null) continue;
          faults.push(
            `${request.method} ${request.url} ${JSON.stringify(request.headers)} ${request.body.toString('utf8').slice(0, 400)}\n   ${fault}`,
          );
        }
      }),
    );
    expect(faults.slice(0, 10)).toEqual([]);
    expect(logged.slice(0, 3)).toEqual([]);
    // The requests reach the depths: many of them are carried out.
    expect((counts.get(200) ?? 0) + (counts.get(201) ?? 0)).toBeGreaterThan(REQUESTS / 20);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect((await server.client.request('GET', '/readyz')).text).toBe('ok');
  });
});
