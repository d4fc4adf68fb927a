import { describe, expect, it } from 'vitest';
import { WatchFlusher } from '../../src/rest/watch-flusher.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Keeps the processor busy. */
function spin(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('a flusher of watches', () => {
  it('writes in the next turn when there is little to write', async () => {
    const flusher = new WatchFlusher();
    const written: number[] = [];
    flusher.schedule(() => written.push(1));
    expect(written).toEqual([]);
    await turn();
    expect(written).toEqual([1]);
  });

  it('lets others have their turn during a long pass, and keeps the order', async () => {
    const flusher = new WatchFlusher();
    const written: number[] = [];
    let turns = 0;
    let isOver = false;
    const others = async (): Promise<void> => {
      for (; !isOver; turns++) await turn();
    };
    const counting = others();
    const order = Array.from({ length: 200 }, (_, i) => i);
    await new Promise<void>((resolve) => {
      for (const i of order) {
        flusher.schedule(() => {
          spin(0.2);
          written.push(i);
          if (written.length === order.length) resolve();
        });
      }
    });
    isOver = true;
    await counting;
    expect(written).toEqual(order);
    // 40 ms of work in slices of some 2 ms; a slow machine makes more of them, never fewer.
    expect(turns).toBeGreaterThan(10);
  });

  it('gathers during the pause behind a long pass, and forgets nobody', async () => {
    const flusher = new WatchFlusher();
    const calls = { slow: 0, gathered: 0 };
    let waiting = 0;
    const pass = (): void => {
      calls.slow++;
      spin(5);
      // What comes at the end of the pass waits for the next one, which a pause precedes.
      if (calls.slow < 3) flusher.schedule(pass);
    };
    flusher.schedule(pass);
    const startedAt = performance.now();
    while (calls.slow < 3) {
      await turn();
      waiting++;
    }
    // Two pauses of 10 ms between three passes of 5 ms.
    expect(performance.now() - startedAt).toBeGreaterThan(30);
    expect(waiting).toBeGreaterThan(3);
    flusher.schedule(() => calls.gathered++);
    while (calls.gathered === 0) await turn();
    expect(calls).toEqual({ slow: 3, gathered: 1 });
  });

  it('shares what is joined between those who get the same, and only those', () => {
    const flusher = new WatchFlusher();
    const [a, b, c] = ['a', 'b', 'c'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
    expect(flusher.join([a])).toBe(a);
    const first = flusher.join([a, b]);
    expect(first.toString()).toBe('ab');
    expect(flusher.join([a, b])).toBe(first);
    expect(flusher.join([b, a]).toString()).toBe('ba');
    expect(flusher.join([a, b, c]).toString()).toBe('abc');
    expect(flusher.join([a, b]).toString()).toBe('ab');
  });
});
