import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { callWithin } from '../src/index.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Ends only with its signal. */
const endless = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('callWithin', () => {
  it('gives what the call gives, and leaves nothing on the signals', async () => {
    const { signal } = new AbortController();
    expect(await callWithin({ timeoutMs: 60_000, signals: [undefined, signal] }, async () => 'answer')).toBe('answer');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('ends the call when its time is up, although garbage is collected meanwhile', async () => {
    const { signal } = new AbortController();
    const ended = callWithin({ timeoutMs: 200, signals: [signal] }, endless).catch((error: unknown) => error);
    for (let round = 0; round < 3; round++) {
      await pause(20);
      collectGarbage();
    }
    expect(await ended).toMatchObject({ name: 'TimeoutError', message: 'The operation was aborted due to timeout' });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('ends the call with the reason of whoever lost interest', async () => {
    const controller = new AbortController();
    const ended = callWithin({ timeoutMs: 60_000, signals: [controller.signal] }, endless).catch((error: unknown) => error);
    controller.abort('nobody waits');
    expect(await ended).toBe('nobody waits');
    const late = callWithin({ timeoutMs: 60_000, signals: [controller.signal] }, async (signal) => signal.reason as unknown);
    expect(await late).toBe('nobody waits');
  });

  it('throws what the call throws', async () => {
    await expect(callWithin({ timeoutMs: 60_000 }, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  });

  it('takes times that are longer than timers', async () => {
    expect(await callWithin({ timeoutMs: 2 ** 40 }, (signal) => pause(30).then(() => signal.aborted))).toBe(false);
  });
});
