import { describe, expect, it } from 'vitest';
import { LineJoiner } from '../src/backends/line-joiner.js';
import type { AuditEvent, AuditStage } from '../src/index.js';

const event = (auditID: string, stage: AuditStage): AuditEvent => ({
  level: 'Metadata',
  auditID,
  stage,
  requestURI: '/',
  verb: 'get',
  user: {},
  requestReceivedMicros: 0,
  stageMicros: 0,
});
const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function joiner(): { writes: string[]; add(auditID: string, stage: AuditStage): boolean | Promise<boolean> } {
  const writes: string[] = [];
  const write = (bytes: Buffer): null => {
    writes.push(bytes.toString());
    return null;
  };
  const lines = new LineJoiner({ write }, () => {});
  return { writes, add: (auditID, stage) => lines.add([event(auditID, stage)], (one) => `${one.auditID}\n`) };
}

describe('lines that are joined', () => {
  it('go at the end of the turn when a request waits for one of them, with what is held', async () => {
    const { writes, add } = joiner();
    const kept = [add('1', 'ResponseComplete'), add('2', 'RequestReceived'), add('3', 'ResponseComplete')];
    expect(writes).toEqual([]);
    await endOfTurn();
    expect(writes).toEqual(['1\n2\n3\n']);
    expect(await Promise.all(kept)).toEqual([true, true, true]);
  });

  it('go by themselves when nobody waits', async () => {
    const { writes, add } = joiner();
    expect(await add('1', 'ResponseComplete')).toBe(true);
    expect(writes).toEqual(['1\n']);
    expect(await Promise.all([add('2', 'Panic'), add('3', 'ResponseStarted')])).toEqual([true, true]);
    expect(writes).toEqual(['1\n', '2\n3\n']);
  });
});
