import { describe, expect, it } from 'vitest';
import { checkLinearizable, type RecordedOperation, type RegisterAction } from '../src/testing.js';

const read = (seen: string | null): RegisterAction => ({ kind: 'read', seen });
const swap = (from: string | null, to: string | null): RegisterAction => ({ kind: 'swap', from, to, done: true });
const lost = (from: string | null, to: string | null): RegisterAction => ({ kind: 'swap', from, to, done: null });
const refused = (from: string | null, to: string | null, seen: string | null): RegisterAction => ({
  kind: 'swap',
  from,
  to,
  done: false,
  seen,
});
const at = (calledAt: number, returnedAt: number, action: RegisterAction, key = 'k'): RecordedOperation => ({
  key,
  action,
  calledAt,
  returnedAt,
});

const good: Record<string, RecordedOperation[]> = {
  'nothing at all': [],
  'one after the other': [
    at(1, 2, swap(null, 'a')),
    at(3, 4, read('a')),
    at(5, 6, swap('a', 'b')),
    at(7, 8, swap('b', null)),
    at(9, 10, read(null)),
  ],
  'a read during a write sees the old value': [at(1, 2, swap(null, 'a')), at(3, 10, swap('a', 'b')), at(4, 5, read('a'))],
  'a read during a write sees the new value': [at(1, 2, swap(null, 'a')), at(3, 10, swap('a', 'b')), at(4, 5, read('b'))],
  'concurrent writes in the only order that works': [
    at(1, 10, swap('b', 'c')),
    at(1, 10, swap('a', 'b')),
    at(1, 10, swap(null, 'a')),
    at(11, 12, read('c')),
  ],
  'a refusal names what was there': [at(1, 2, swap(null, 'a')), at(3, 4, refused(null, 'b', 'a')), at(5, 6, refused('x', 'c', 'a'))],
  'a write without an answer that happened': [at(1, 2, swap(null, 'a')), at(3, Infinity, lost('a', 'b')), at(5, 6, read('b'))],
  'a write without an answer that never happened': [at(1, 2, swap(null, 'a')), at(3, Infinity, lost('a', 'b')), at(5, 6, read('a'))],
  'a write without an answer that happened late': [
    at(1, 2, swap(null, 'a')),
    at(3, Infinity, lost('a', 'b')),
    at(5, 6, read('a')),
    at(7, 8, read('b')),
  ],
  'keys are judged on their own': [at(1, 2, swap(null, 'a'), 'x'), at(3, 4, read(null), 'y')],
};

const bad: Record<string, RecordedOperation[]> = {
  'a stale read': [at(1, 2, swap(null, 'a')), at(3, 4, swap('a', 'b')), at(5, 6, read('a'))],
  'a value that nobody wrote': [at(1, 2, swap(null, 'a')), at(3, 4, read('z'))],
  'a lost write': [at(1, 2, swap(null, 'a')), at(3, 4, read(null))],
  'two winners from one state': [at(1, 2, swap(null, 'a')), at(3, 6, swap('a', 'b')), at(3, 6, swap('a', 'c'))],
  'a deleted key that is back': [at(1, 2, swap(null, 'a')), at(3, 4, swap('a', null)), at(5, 6, read('a'))],
  'reads that go back in time': [at(1, 2, swap(null, 'a')), at(3, 20, swap('a', 'b')), at(4, 5, read('b')), at(6, 7, read('a'))],
  'a write without an answer that came and went': [
    at(1, 2, swap(null, 'a')),
    at(3, Infinity, lost('a', 'b')),
    at(5, 6, read('b')),
    at(7, 8, read('a')),
  ],
  'a write that was seen before it was called': [at(1, 2, read('a')), at(3, Infinity, lost(null, 'a'))],
  'a refusal although the guard held': [at(1, 2, swap(null, 'a')), at(3, 4, refused('a', 'b', 'a'))],
  'one bad key among good ones': [at(1, 2, swap(null, 'a'), 'x'), at(3, 4, read('a'), 'x'), at(3, 4, read('a'), 'y')],
};

describe('checkLinearizable', () => {
  for (const [name, history] of Object.entries(good)) {
    it(`accepts ${name}`, () => {
      expect(checkLinearizable(history)).toEqual({ ok: true });
    });
  }
  for (const [name, history] of Object.entries(bad)) {
    it(`rejects ${name}`, () => {
      const { key } = history[history.length - 1] as RecordedOperation;
      expect(checkLinearizable(history)).toEqual({ ok: false, key, operations: history.filter((operation) => operation.key === key) });
    });
  }

  /** A register that answers at a random moment of each operation is right; one answer made wrong must be found. */
  it('accepts 200 random histories and rejects each with one answer exchanged', () => {
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let round = 0; round < 200; round++) {
      const history = randomHistory(random);
      expect(checkLinearizable(history)).toEqual({ ok: true });
      const index = history.findIndex(({ action }) => action.kind === 'read' && action.seen !== null);
      if (index < 0) continue;
      const broken = history.map((operation, i) => (i === index ? { ...operation, action: read('never written') } : operation));
      expect(checkLinearizable(broken).ok).toBe(false);
    }
  });
});

function randomHistory(random: (below: number) => number): RecordedOperation[] {
  const history: RecordedOperation[] = [];
  let state: string | null = null;
  for (let i = 0; i < 40; i++) {
    const moment = i * 10;
    const times = [moment - random(40), moment + random(40)] as const;
    const choice = random(4);
    if (choice === 0) history.push(at(...times, read(state)));
    else if (choice === 1) history.push(at(...times, refused('other', `v${i}`, state)));
    else {
      const to: string | null = state !== null && random(3) === 0 ? null : `v${i}`;
      history.push(at(times[0], choice === 3 ? Infinity : times[1], choice === 3 ? lost(state, to) : swap(state, to)));
      state = to;
    }
  }
  return history;
}
