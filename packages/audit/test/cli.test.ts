import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditProgram } from '../src/cli/program.js';

const POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    users: [system:kube-proxy]
  - level: Metadata
    resources: [{group: "", resources: [secrets]}]
  - level: Request
    verbs: [create]
`;
const event = (more: object): string =>
  `${JSON.stringify({ kind: 'Event', level: 'Metadata', auditID: 'a', stage: 'ResponseComplete', requestURI: '/x', verb: 'get', user: { username: 'alice' }, responseStatus: { code: 200 }, requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z', stageTimestamp: '2026-01-01T00:00:00.000000Z', ...more })}\n`;

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'k-audit-'));
  writeFileSync(join(dir, 'policy.yaml'), POLICY);
  writeFileSync(
    join(dir, 'audit.log'),
    event({ verb: 'create', objectRef: { resource: 'secrets', namespace: 'shop', name: 's' } }) +
      event({
        verb: 'list',
        objectRef: { resource: 'pods' },
        user: { username: 'bob' },
        responseStatus: { code: 403 },
        stageTimestamp: '2026-01-03T00:00:00.000000Z',
      }) +
      'no event\n',
  );
});
afterAll(() => rmSync(dir, { recursive: true }));

/** What follows a file ends with the first line that it prints. */
async function run(...args: string[]): Promise<{ lines: string[]; remarks: string[]; code: number }> {
  const ended = new AbortController();
  const lines: string[] = [];
  const remarks: string[] = [];
  let code = 0;
  const output = {
    print: (line: string) => {
      lines.push(line.replaceAll(dir, '.'));
      if (args.includes('-f')) ended.abort();
    },
    remark: (message: string) => void remarks.push(message.replaceAll(dir, '.')),
    color: false,
    signal: ended.signal,
    exit: (given: number) => {
      code = given;
    },
  };
  await auditProgram(output, '1.2.3').parseAsync(args, { from: 'user' });
  return { lines, remarks, code };
}
const file = (name: string): string => join(dir, name);

it('explain says why', async () => {
  const { lines } = await run('explain', '--policy', file('policy.yaml'), '--verb', 'create', '--resource', 'secrets', '--user', 'alice');
  expect(lines).toEqual([
    'rules[0] (None): users has system:kube-proxy; the request has alice',
    'rules[1] (Metadata): matches',
    'level Metadata',
    'omitted stages: RequestReceived',
  ]);
});

it('lint finds faults with their places', async () => {
  writeFileSync(
    file('bad.yaml'),
    'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n  - level: RequestResponse\n    user: [alice]\n  - level: None\n    verbs: [get]\n',
  );
  expect(await run('lint', file('bad.yaml'))).toEqual({
    code: 1,
    remarks: [],
    lines: [
      './bad.yaml:5:5: error: unknown field "rules[0].user"',
      './bad.yaml:4:12: warning: rules[0] logs the bodies of secrets (RequestResponse)',
      './bad.yaml:4:12: warning: rules[0] logs the bodies of configmaps (RequestResponse)',
      './bad.yaml:4:12: warning: rules[0] logs the bodies of serviceaccounts/token (RequestResponse)',
      './bad.yaml:4:12: warning: rules[0] logs the bodies of tokenreviews (RequestResponse)',
      './bad.yaml:6:5: warning: rules[1] is never reached: rules[0] matches all that it would',
    ],
  });
});

it('replay counts what a policy would have kept', async () => {
  const { lines, remarks } = await run('replay', '--policy', file('policy.yaml'), file('audit.log'));
  expect(lines[0]).toMatch(/^1 of 2 events, (\d+) bytes, \d+ bytes per day$/);
  expect(lines.slice(1)).toEqual(['  None 1', '  Metadata 1', '  Request 0', '  RequestResponse 0']);
  expect(remarks).toEqual(['./audit.log:3: this line is no event in JSON']);
});

it('stats count users, actions and refusals', async () => {
  const { lines } = await run('stats', file('audit.log'));
  expect(lines).toEqual([
    '2 requests',
    'users',
    '  1 alice',
    '  1 bob',
    'actions',
    '  1 create secrets',
    '  1 list pods',
    'denied',
    '  1 bob list pods 403',
  ]);
});

it('tail filters, and follows', async () => {
  const expected = ['2026-01-03T00:00:00.000000Z 403 bob list pods'];
  expect((await run('tail', '--failed', file('audit.log'))).lines).toEqual(expected);
  expect((await run('tail', '-f', '--user', 'bob', file('audit.log'))).lines).toEqual(expected);
});

it('tail shows only what fits', async () => {
  const matching = ['--user', 'alice', '--verb', 'create', '--resource', 'secrets', '-n', 'shop'];
  expect((await run('tail', ...matching, file('audit.log'))).lines).toEqual([
    '2026-01-01T00:00:00.000000Z 200 alice create shop/secrets/s',
  ]);
  for (const other of [['--user', 'bob'], ['--verb', 'get'], ['--resource', 'pods'], ['-n', 'default'], ['--failed']]) {
    expect((await run('tail', ...matching, ...other, file('audit.log'))).lines, other.join(' ')).toEqual([]);
  }
});
