import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type AuditEvent, logBackend } from '../src/index.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'audit-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const event: AuditEvent = {
  level: 'Metadata',
  auditID: 'a',
  stage: 'ResponseComplete',
  requestURI: '/',
  verb: 'get',
  user: {},
  requestReceivedMicros: 0,
  stageMicros: 0,
};

it('a full disk fails and reports each event', async () => {
  const lost: string[] = [];
  const log = logBackend({
    path: '/dev/full',
    maxSizeMb: 0,
    onError: ({ error, events }) => lost.push(`${(error as { code?: string }).code} ${events.length}`),
  });
  expect(log.process([event])).toBe(false);
  expect(log.process([event])).toBe(false);
  await log.close();
  expect(lost).toEqual(['ENOSPC 1', 'ENOSPC 1', 'ENOSPC 0']);
});

it('a half line that a crash left is cut off before the next one', async () => {
  const path = join(dir, 'audit.log');
  writeFileSync(path, '{"whole":1}\n{"half":');
  const log = logBackend({ path });
  log.process([event]);
  await log.close();
  const lines = readFileSync(path, 'utf8').split('\n');
  expect([lines.length, lines[0], (JSON.parse(lines[1] ?? '') as AuditEvent).auditID]).toEqual([3, '{"whole":1}', 'a']);
});

it('what was accepted survives kill -9, in whole lines', async () => {
  const path = join(dir, 'audit.log');
  const script = `
    const { logBackend } = await import(${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)});
    const log = logBackend({ path: ${JSON.stringify(path)}, maxSizeMb: 0 });
    const event = ${JSON.stringify(event)};
    const step = (i) => {
      for (let j = 0; j < 100; j++, i++) log.process([{ ...event, auditID: String(i) }]);
      process.stdout.write(i + '\\n');
      setImmediate(step, i);
    };
    step(0);`;
  const child = spawn(process.execPath, ['--conditions=@k/source', '--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: new URL('..', import.meta.url).pathname,
  });
  let said = '';
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.split('\n').length > 20) child.kill('SIGKILL');
  });
  await exited;
  const accepted = Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  expect(lines.length).toBeGreaterThanOrEqual(accepted);
  lines.forEach((line, i) => {
    expect((JSON.parse(line) as AuditEvent).auditID).toBe(String(i));
  });
}, 20_000);
