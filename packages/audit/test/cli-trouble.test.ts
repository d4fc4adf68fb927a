/** What the command makes of input that is unusable, odd, huge or not there any more. */
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LineSplitter } from '../src/cli/log-lines.js';
import { bundlePackage } from './support/bundle.js';
import { type CliResult, startCli } from './support/cli.js';

const POLICY = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n  - level: Metadata\n';
const REQUEST = {
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'RequestResponse',
  auditID: 'a',
  stage: 'ResponseComplete',
  requestURI: '/x',
  verb: 'get',
  user: { username: 'alice' },
  responseStatus: { metadata: {}, code: 200 },
  requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
  stageTimestamp: '2026-01-01T00:00:00.000000Z',
};
const line = (more: object = {}): string => `${JSON.stringify({ ...REQUEST, ...more })}\n`;
const SHOWN = '2026-01-01T00:00:00.000000Z 200 alice get /x\n';

let bundle: Awaited<ReturnType<typeof bundlePackage>>;
let dir = '';
const file = (name: string): string => join(dir, name);
const start = (...args: string[]) => startCli({ cli: bundle.cli, dir }, args);
async function run(args: string[], input: string | Buffer = ''): Promise<CliResult> {
  const { child, ended } = start(...args);
  child.stdin?.end(input);
  return ended;
}

beforeAll(async () => {
  bundle = await bundlePackage();
  dir = mkdtempSync(join(tmpdir(), 'k-audit-'));
  writeFileSync(file('policy.yaml'), POLICY);
  writeFileSync(file('broken.yaml'), 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n  - level: [\n');
  writeFileSync(file('wrong.yaml'), `${POLICY}    users: alice\n`);
  writeFileSync(file('faulty.yaml'), 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n  - level: All\n    omitStages: [Never]\n');
  writeFileSync(file('doubtful.yaml'), `${POLICY}    user: [alice]\n`);
  writeFileSync(file('audit.log'), line());
  writeFileSync(file('empty.log'), '');
  writeFileSync(file('cut.log.gz'), gzipSync(line().repeat(1000)).subarray(0, 60));
});
afterAll(() => {
  rmSync(dir, { recursive: true });
  rmSync(bundle.dir, { recursive: true });
});

const ask = ['explain', '--policy', 'policy.yaml', '--verb', 'get'];

describe('what cannot be used is named', () => {
  it.each([
    [ask, 'give either --resource or --path'],
    [[...ask, '--resource', 'pods', '--path', '/x'], 'give either --resource or --path'],
    [[...ask, '--resource', 'a/b/c'], '--resource must be RESOURCE or RESOURCE/SUBRESOURCE, got "a/b/c"'],
    [[...ask, '--resource', ''], '--resource must be RESOURCE or RESOURCE/SUBRESOURCE, got ""'],
    [[...ask, '--path', 'healthz'], '--path must begin with a slash, got "healthz"'],
    [[...ask, '--path', '/x', '-n', 'shop'], '--namespace goes with --resource, not with --path'],
    [[...ask, '--path', '/x', '--group', 'ops'], '--group needs --user'],
    [
      ['explain', '--policy', 'wrong.yaml', '--verb', 'get', '--path', '/'],
      'wrong.yaml: failed decoding: rules[0].users must be a list of strings, got "alice"',
    ],
    [['replay', '--policy', 'broken.yaml', 'audit.log'], 'broken.yaml: failed decoding: yaml: line 5: did not find expected node content'],
    [['replay', '--policy', 'nowhere.yaml', 'audit.log'], 'nowhere.yaml: no such file or directory'],
    [['lint', 'policy.yaml', 'nowhere.yaml'], 'nowhere.yaml: no such file or directory'],
    [['stats', '--top', '0', 'audit.log'], '--top must be a positive number, got "0"'],
    [['stats', 'nowhere.log'], 'nowhere.log: no such file or directory'],
    [['stats', 'nowhere.log.gz'], 'nowhere.log.gz: no such file or directory'],
    [['stats', 'cut.log.gz'], 'cut.log.gz: unexpected end of file'],
    [['stats', '.'], '.: illegal operation on a directory'],
    [['tail', '-f', 'nowhere.log'], 'nowhere.log: no such file or directory'],
    [['tail', '-f', '.'], '.: illegal operation on a directory'],
    [['tail', '-f', 'audit.log.gz'], '--follow is for logs that grow, audit.log.gz is compressed'],
  ])('%j', async (args, message) => {
    expect(await run(args)).toEqual({ code: 2, out: '', err: `k-audit: ${message}\n` });
  });

  it.each([
    [['stats', '--bogus', 'audit.log'], "error: unknown option '--bogus'"],
    [['lint'], "error: missing required argument 'file'"],
  ])('%j', async (args, message) => {
    const { code, out, err } = await run(args);
    expect([code, out, err.split('\n')[0]]).toEqual([2, '', message]);
  });

  it('each fault at its place', async () => {
    expect(await run(['lint', 'faulty.yaml'])).toEqual({
      code: 1,
      out: `faulty.yaml:4:12: error: rules[0].level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse"
faulty.yaml:5:18: error: rules[0].omitStages[0]: Invalid value: "Never": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic
`,
      err: '',
    });
  });

  it('fields that are passed over', async () => {
    const { code, err } = await run(['explain', '--policy', 'doubtful.yaml', '--verb', 'get', '--path', '/']);
    expect([code, err]).toEqual([
      0,
      'k-audit: doubtful.yaml: Audit policy contains errors, falling back to lenient decoding: unknown field "rules[0].user"\n',
    ]);
  });
});

describe('odd logs', () => {
  it('are empty', async () => {
    expect(await run(['stats', 'empty.log'])).toEqual({ code: 0, out: '0 requests\nusers\nactions\ndenied\n', err: '' });
    expect((await run(['tail', 'empty.log'])).out).toBe('');
    expect((await run(['replay', '--policy', 'policy.yaml', '-'])).out.split('\n')[0]).toBe('0 of 0 events, 0 bytes, 0 bytes per day');
  });

  it.each(['stats', 'tail'])('hold lines that are no events: %s', async (command) => {
    const odd = ['null', '[]', '"text"', 'text', '{"kind":"Event","verb":"get"}', line({ user: null }), line({ objectRef: null })];
    const { code, err } = await run([command, '-'], `\r\n${line()}\n${odd.map((text) => text.trim()).join('\n')}`);
    expect([code, err]).toEqual([0, 'k-audit: standard input:4: this line is no event in JSON, nor are 6 other lines\n']);
  });

  it('are gzipped, whatever their name', async () => {
    expect(await run(['tail', '-'], gzipSync(line()))).toEqual({ code: 0, out: SHOWN, err: '' });
  });

  it('tell as whom a user acted', async () => {
    const log = line({ impersonatedUser: { username: 'bob' }, responseStatus: { code: 403 } });
    expect((await run(['tail', '-'], log)).out).toBe(SHOWN.replace('200 alice', '403 alice as bob'));
    expect((await run(['stats', '-'], log)).out).toBe(
      '1 requests\nusers\n  1 alice as bob\nactions\n  1 get /x\ndenied\n  1 alice as bob get /x 403\n',
    );
  });

  it('hold text that would steer the terminal', async () => {
    const hostile = line({ user: { username: 'a\u001b[2J\u009b\u202eb\\' }, requestURI: '/x\u0007', verb: 'get\n' });
    const shown = 'a\\u001b[2J\\u009b\\u202eb\\\\';
    expect((await run(['tail', '-'], hostile)).out).toBe(`2026-01-01T00:00:00.000000Z 200 ${shown} get\\u000a /x\\u0007\n`);
    expect((await run(['stats', '-'], hostile)).out).toBe(`1 requests\nusers\n  1 ${shown}\nactions\n  1 get\\u000a /x\\u0007\ndenied\n`);
  });

  it('hold one giant line', async () => {
    // More than a JavaScript string can hold.
    const { child, ended } = start('stats', '-');
    const piece = Buffer.alloc(32 * 1024 * 1024, 'x');
    for (let i = 0; i < 18; i++) await new Promise((resolve) => child.stdin?.write(piece, resolve));
    child.stdin?.end(`\n${line()}`);
    expect(await ended).toEqual({
      code: 0,
      out: '1 requests\nusers\n  1 alice\nactions\n  1 get /x\ndenied\n',
      err: 'k-audit: standard input:1: this line is no event in JSON\n',
    });
  }, 60_000);

  it('are cut into lines wherever their pieces end', () => {
    const bytes = Buffer.from('é\n\nüber\nß');
    for (let size = 1; size <= bytes.length; size++) {
      const lines = new LineSplitter();
      const out: (string | null)[] = [];
      for (let at = 0; at < bytes.length; at += size) out.push(...lines.add(bytes.subarray(at, at + size)));
      expect([...out, ...lines.rest()], `pieces of ${size}`).toEqual(['é', '', 'über', 'ß']);
    }
  });
});

it('a reader that stops early is no error', async () => {
  writeFileSync(file('long.log'), line().repeat(20_000));
  const { child, ended } = start('tail', 'long.log');
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  child.stdout?.destroy();
  const { code, err } = await ended;
  expect([code, err]).toEqual([0, '']);
});

it('SIGINT ends a command that waits', async () => {
  const { child, result, ended } = start('tail', '-');
  child.stdin?.write(line());
  await expect.poll(() => result.out, { timeout: 20_000 }).toBe(SHOWN);
  child.kill('SIGINT');
  expect(await ended).toEqual({ code: 130, out: SHOWN, err: '' });
});

it('tail -f shows the last lines of a file that was put aside, and none twice', async () => {
  const path = file('rotating.log');
  const of = (name: string): string => line({ user: { username: name } });
  writeFileSync(path, of('one'));
  const { child, result, ended } = start('tail', '-f', path);
  const users = (): string[] => [...result.out.matchAll(/200 (\S+)/g)].map(([, name = '']) => name);
  await expect.poll(users, { timeout: 20_000 }).toEqual(['one']);
  // Between two looks at the file.
  appendFileSync(path, of('two'));
  renameSync(path, `${path}.1`);
  writeFileSync(path, of('three'));
  appendFileSync(`${path}.1`, of('late'));
  await expect.poll(users, { timeout: 20_000 }).toEqual(['one', 'two', 'late', 'three']);
  // Emptied in place (copytruncate).
  writeFileSync(path, of('x'));
  await expect.poll(users, { timeout: 20_000 }).toEqual(['one', 'two', 'late', 'three', 'x']);
  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
});

it('replay counts the bytes that the policy would write', async () => {
  writeFileSync(file('lean.yaml'), `${POLICY.replace('Metadata', 'RequestResponse')}    omitManagedFields: true\n`);
  const managed = { metadata: { name: 'a<b', managedFields: [{ manager: 'm' }] } };
  const bare = { metadata: { name: 'a<b' } };
  const given = { requestObject: managed, responseObject: { items: [managed] } };
  const bytes = (event: string): number => Buffer.byteLength(event.replaceAll('<', '\\u003c'));
  const update = bytes(line({ verb: 'update', requestObject: bare, responseObject: { items: [bare] } }));
  const patch = bytes(line({ verb: 'patch', requestObject: managed, responseObject: { items: [bare] } }));
  const { out } = await run(
    ['replay', '--policy', 'lean.yaml', '-'],
    line({ verb: 'update', ...given }) + line({ verb: 'patch', ...given }),
  );
  expect(out.split('\n')[0]).toBe(`2 of 2 events, ${update + patch} bytes, ${update + patch} bytes per day`);
});
