/** The command as people run it: a process with arguments, output, an exit code. */
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { logBackend } from '../src/index.js';
import { bundlePackage } from './support/bundle.js';
import { type CliResult, startCli } from './support/cli.js';
import { event } from './support/events.js';

const POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    users: [system:kube-proxy]
  - level: Metadata
    resources: [{group: "", resources: [secrets]}]
  - level: RequestResponse
`;
let bundle: Awaited<ReturnType<typeof bundlePackage>>;
let dir = '';
const atMicros = (day: number): number => Date.parse(`2026-01-0${day}T00:00:00Z`) * 1000;
const secret = { resource: 'secrets', namespace: 'shop', name: 's' };
const shown = (day: number, rest: string): string => `2026-01-0${day}T00:00:00.000000Z ${rest}`;

beforeAll(async () => {
  bundle = await bundlePackage();
  dir = mkdtempSync(join(tmpdir(), 'k-audit-'));
  writeFileSync(join(dir, 'policy.yaml'), POLICY);
  writeFileSync(join(dir, 'doubtful.yaml'), `${POLICY}  - level: None\n    verb: [get]\n`);
  const log = logBackend({ path: join(dir, 'audit.log') });
  const of = (day: number, code: number, verb: string, username: string, objectRef: object | undefined) =>
    event(day, {
      level: 'Metadata',
      verb,
      user: { username },
      objectRef,
      stageMicros: atMicros(day),
      responseStatus: { metadata: {}, code },
    });
  log.process([
    of(1, 201, 'create', 'alice', secret),
    of(2, 403, 'list', 'bob', { resource: 'pods' }),
    of(3, 500, 'get', 'bob', undefined),
    of(4, 200, 'watch', 'system:kube-proxy', { resource: 'services' }),
  ]);
  await log.close();
  writeFileSync(join(dir, 'audit.log.gz'), gzipSync(readFileSync(join(dir, 'audit.log'))));
});
afterAll(() => {
  rmSync(dir, { recursive: true });
  rmSync(bundle.dir, { recursive: true });
});

const start = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => startCli({ cli: bundle.cli, dir }, args, env);
async function run(args: readonly string[], { input = '', color = false } = {}): Promise<CliResult> {
  const { child, ended } = start(args, color ? { FORCE_COLOR: '1' } : {});
  child.stdin?.end(input);
  return ended;
}
const explain = ['explain', '--policy', 'policy.yaml', '--verb', 'create', '--resource', 'secrets', '--user', 'alice'];
const EXPLAINED = [
  'rules[0] (None): users has system:kube-proxy; the request has alice',
  'rules[1] (Metadata): matches',
  'level Metadata',
  'omitted stages: RequestReceived',
];
const FINDINGS = [
  'doubtful.yaml:11:5: error: unknown field "rules[3].verb"',
  'doubtful.yaml:9:12: warning: rules[2] logs the bodies of configmaps (RequestResponse)',
  'doubtful.yaml:9:12: warning: rules[2] logs the bodies of serviceaccounts/token (RequestResponse)',
  'doubtful.yaml:9:12: warning: rules[2] logs the bodies of tokenreviews (RequestResponse)',
  'doubtful.yaml:10:5: warning: rules[3] is never reached: rules[2] matches all that it would',
];
const STATS = [
  '4 requests',
  'users',
  '  2 bob',
  '  1 alice',
  '  1 system:kube-proxy',
  'actions',
  '  1 create secrets',
  '  1 get /',
  '  1 list pods',
  '  1 watch services',
  'denied',
  '  1 bob list pods 403',
];
const TAIL = [
  shown(1, '201 alice create shop/secrets/s'),
  shown(2, '403 bob list pods'),
  shown(3, '500 bob get /'),
  shown(4, '200 system:kube-proxy watch services'),
];

describe('a command in a pipe', () => {
  it.each([
    ['explain', explain, 0, EXPLAINED],
    ['lint', ['lint', 'doubtful.yaml'], 1, FINDINGS],
    ['stats', ['stats', 'audit.log'], 0, STATS],
    [
      'stats of a gzipped log, cut',
      ['stats', '--top', '1', '--user', 'bob', 'audit.log.gz'],
      0,
      ['2 requests', 'users', '  2 bob', 'actions', '  1 get /', 'denied', '  1 bob list pods 403'],
    ],
    ['tail', ['tail', 'audit.log'], 0, TAIL],
    ['tail with filters', ['tail', '--user', 'bob', '--failed', 'audit.log'], 0, TAIL.slice(1, 3)],
  ] as [string, string[], number, string[]][])('%s', async (_name, args, code, lines) => {
    expect(await run(args)).toEqual({ code, out: lines.map((line) => `${line}\n`).join(''), err: '' });
  });

  it('tells its version', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, out: `${manifest.version}\n`, err: '' });
  });

  it('replay, from standard input too', async () => {
    const { out, ...rest } = await run(['replay', '--policy', 'policy.yaml', '-'], {
      input: `${readFileSync(join(dir, 'audit.log'), 'utf8')}nonsense\n`,
    });
    expect(rest).toEqual({ code: 0, err: 'k-audit: standard input:5: this line is no event in JSON\n' });
    const [first = '', ...others] = out.trimEnd().split('\n');
    expect(first).toBe('3 of 4 events, 1062 bytes, 354 bytes per day');
    expect(others).toEqual([
      '  None 1',
      '  Metadata 1',
      '  Request 0',
      '  RequestResponse 2',
      '2 events would have bodies that this log lacks: expect more bytes',
    ]);
  });

  it('tail -f goes on through rotation, and ends on SIGTERM', async () => {
    const path = join(dir, 'growing.log');
    const [first = '', second = ''] = readFileSync(join(dir, 'audit.log'), 'utf8').split('\n');
    writeFileSync(path, `${first}\n`);
    const { child, result, ended } = start(['tail', '-f', path]);
    await expect.poll(() => result.out, { timeout: 20_000 }).toBe(`${TAIL[0]}\n`);
    appendFileSync(path, second.slice(0, 40));
    appendFileSync(path, `${second.slice(40)}\n`);
    await expect.poll(() => result.out, { timeout: 20_000 }).toBe(`${TAIL[0]}\n${TAIL[1]}\n`);
    renameSync(path, `${path}.1`);
    writeFileSync(path, `${first}\n`);
    await expect.poll(() => result.out, { timeout: 20_000 }).toBe(`${TAIL[0]}\n${TAIL[1]}\n${TAIL[0]}\n`);
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  });

  it('shows its commands', async () => {
    const { code, out } = await run(['--help']);
    expect([code, [...out.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name)]).toEqual([
      0,
      ['explain', 'lint', 'replay', 'stats', 'tail', 'help'],
    ]);
    expect(await run(['nonsense'])).toMatchObject({ code: 2, err: expect.stringContaining("unknown command 'nonsense'") });
  });
});

it.each([
  [
    'explain',
    explain,
    EXPLAINED.join('\n').replace(
      'rules[1] (Metadata): matches\nlevel Metadata',
      '\u001b[32mrules[1] (Metadata): matches\u001b[0m\n\u001b[32mlevel Metadata\u001b[0m',
    ),
  ],
  [
    'lint',
    ['lint', 'doubtful.yaml'],
    FINDINGS.join('\n').replaceAll('warning', '\u001b[33mwarning\u001b[0m').replaceAll('error', '\u001b[31merror\u001b[0m'),
  ],
  [
    'stats',
    ['stats', 'audit.log'],
    STATS.map((line) =>
      /^[a-z]+$/.test(line) ? `\u001b[1m${line}\u001b[0m` : line.endsWith('403') ? `\u001b[31m${line}\u001b[0m` : line,
    ).join('\n'),
  ],
  [
    'tail',
    ['tail', '--failed', 'audit.log'],
    `${shown(2, '\u001b[33m403\u001b[0m bob \u001b[36mlist\u001b[0m pods')}\n${shown(3, '\u001b[31m500\u001b[0m bob \u001b[36mget\u001b[0m /')}`,
  ],
])('%s on a terminal is coloured', async (_name, args, expected) => {
  expect((await run(args, { color: true })).out).toBe(`${expected}\n`);
});
