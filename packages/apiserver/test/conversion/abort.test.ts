/** Conversions that nobody waits for any more: the webhook's call is broken off. */
import type { ClientRequest } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { SharedCall } from '../../src/crd/conversion/shared-call.js';
import { GROUP, made, useConvertedKinds } from '../support/converted-kinds.js';

const kinds = useConvertedKinds();
const WAIT = { timeout: 20_000 };

/** A request of a client that can leave. */
function start(method: string, path: string, body?: object): { client: ClientRequest; answer: Promise<[number | undefined, string]> } {
  const { url, ca, token } = kinds.server;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const client = request(`${url}${path}`, { method, ca, headers, agent: false });
  const answer = new Promise<[number | undefined, string]>((resolve) => {
    client.on(
      'response',
      (response) =>
        void text(response).then(
          (said) => resolve([response.statusCode, said]),
          () => resolve([undefined, 'left']),
        ),
    );
    client.on('error', () => resolve([undefined, 'left']));
  });
  client.end(body === undefined ? undefined : JSON.stringify(body));
  return { client, answer };
}

async function define(plural: string): Promise<string> {
  const { v1, v2 } = await kinds.define(plural);
  await kinds.server.client.request('POST', v1, { body: made(plural, 'v1', 'a', { hostPort: 'a:1' }) });
  kinds.answerWith = () => undefined;
  return v2;
}
const heldCount = () => expect.poll(() => kinds.held.length, WAIT);
const isBrokenOff = (index: number) => expect.poll(() => kinds.held[index]?.response.destroyed, WAIT);

describe('a conversion is broken off', () => {
  it('when the client of a read leaves', async () => {
    const v2 = await define('reads');
    const { client, answer } = start('GET', `${v2}/a`);
    await heldCount().toBe(1);
    client.destroy();
    await isBrokenOff(0).toBe(true);
    expect(await answer).toEqual([undefined, 'left']);
  });

  it('when the client of a write leaves, and nothing is stored', async () => {
    const v2 = await define('writes');
    const { client } = start('POST', v2, made('writes', 'v2', 'b', { host: 'b', port: '1' }));
    await heldCount().toBe(1);
    client.destroy();
    await isBrokenOff(0).toBe(true);
    expect((await kinds.server.client.request('GET', `/apis/${GROUP}/v1/namespaces/default/writes/b`)).status).toBe(404);
  });

  it('when the time of the request is over', async () => {
    const v2 = await define('times');
    const { answer } = start('GET', `${v2}/a?timeout=1s`);
    expect((await answer)[0]).toBe(504);
    await isBrokenOff(0).toBe(true);
  });

  it('when the watch that it was for is closed', async () => {
    const v2 = await define('watches');
    const watch = start('GET', `${v2}?watch=1`);
    await heldCount().toBe(1);
    watch.client.destroy();
    await isBrokenOff(0).toBe(true);
  });

  it('when the client of a list leaves, and who comes later asks again', async () => {
    const v2 = await define('agains');
    const left = start('GET', v2);
    await heldCount().toBe(1);
    left.client.destroy();
    await isBrokenOff(0).toBe(true);
    const later = start('GET', v2);
    await heldCount().toBe(2);
    kinds.held[1]?.response.end(kinds.held[1].right);
    expect((await later.answer)[0]).toBe(200);
  });
});

describe('a call that several wait for', () => {
  const join = (call: SharedCall): AbortController => {
    const waiter = new AbortController();
    call.join(waiter.signal);
    return waiter;
  };

  it('goes on until the last of them has left', () => {
    const call = new SharedCall();
    const [first, second] = [join(call), join(call)];
    first.abort();
    expect(call.signal.aborted).toBe(false);
    second.abort();
    expect(call.signal.aborted).toBe(true);
  });

  it('is broken off at once for who has left already', () => {
    const call = new SharedCall();
    call.join(AbortSignal.abort());
    expect(call.signal.aborted).toBe(true);
  });

  it('is left alone once it is over', async () => {
    const call = new SharedCall();
    const waiter = join(call);
    call.until(Promise.resolve());
    await Promise.resolve();
    waiter.abort();
    join(call).abort();
    expect(call.signal.aborted).toBe(false);
  });
});
