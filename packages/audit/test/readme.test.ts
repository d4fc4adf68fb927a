/** The README shows the examples, and nothing else; they do what it says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditProgram } from '../src/cli/program.js';
import * as audit from '../src/index.js';
import { bundleExamples } from './support/bundle.js';

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const examples = readdirSync(join(root, 'examples'));
let bundle = '';
let dir = '';

beforeAll(async () => {
  bundle = await bundleExamples(examples);
});
afterAll(() => rmSync(bundle, { recursive: true }));
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'audit-readme-'));
  return () => rmSync(dir, { recursive: true });
});

function start(
  name: string,
  env: NodeJS.ProcessEnv = {},
): { child: ChildProcess; ended: Promise<{ code: number | null; out: string; err: string }> } {
  const child = spawn(process.execPath, [join(bundle, `${name}.mjs`)], { cwd: dir, env: { ...process.env, ...env } });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, out, err })),
  );
  return { child, ended };
}
const logged = (): Record<string, unknown>[] =>
  readFileSync(join(dir, 'audit.log'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** Starts a server, asks it once, stops it with SIGTERM. */
async function ask(name: string, path: string, init: RequestInit = {}): Promise<{ text: string; events: Record<string, unknown>[] }> {
  const port = await freePort();
  const { child, ended } = start(name, { PORT: port });
  let answer: Response | null = null;
  for (const deadline = Date.now() + 20_000; answer === null; ) {
    answer = await fetch(`http://localhost:${port}${path}`, { ...init, headers: { connection: 'close', ...init.headers } }).catch(
      () => null,
    );
    if (answer === null && Date.now() > deadline) throw new Error(`${name} does not listen`);
    if (answer === null) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const text = await answer.text();
  await expect.poll(() => logged().length, { timeout: 20_000 }).toBe(2);
  child.kill('SIGTERM');
  expect(await ended).toEqual({ code: 0, out: '', err: '' });
  return { text, events: logged() };
}
const json = { method: 'POST', body: '{"item":"tea"}', headers: { 'content-type': 'application/json', 'x-user': 'alice' } };

describe('the examples', () => {
  it('node-http', async () => {
    const { text, events } = await ask('node-http', '/greeting?to=you');
    expect(text).toBe('hello\n');
    expect(events.map(({ stage, verb, requestURI }) => [stage, verb, requestURI])).toEqual([
      ['RequestReceived', 'get', '/greeting?to=you'],
      ['ResponseComplete', 'get', '/greeting?to=you'],
    ]);
  });

  it('express', async () => {
    const { text, events } = await ask('express', '/orders', json);
    expect(text).toBe('{"ordered":"tea"}');
    expect(events[1]).toMatchObject({
      level: 'RequestResponse',
      verb: 'order',
      objectRef: { resource: 'orders', apiGroup: 'shop' },
      requestObject: { item: 'tea' },
      responseObject: { ordered: 'tea' },
      responseStatus: { code: 201 },
    });
  });

  it('fastify', async () => {
    const { text, events } = await ask('fastify', '/orders/7', { ...json, method: 'PUT' });
    expect(text).toBe('{"id":"7"}');
    expect(events[1]).toMatchObject({
      user: { username: 'alice' },
      verb: 'put',
      requestObject: { item: 'tea' },
      responseStatus: { code: 200 },
    });
    expect(events[1]).not.toHaveProperty('responseObject');
  });

  it('policy', async () => {
    expect(await start('policy').ended).toEqual({ code: 0, out: '', err: '' });
    const [event = {}, ...more] = logged();
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      level: 'Metadata',
      stage: 'ResponseComplete',
      verb: 'create',
      user: { username: 'alice', groups: ['clerks'] },
      objectRef: { resource: 'secrets', namespace: 'shop', name: 'card', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 201 },
    });
    expect(JSON.stringify(event)).not.toContain('NDI=');
  });

  it('backends', async () => {
    const { code, out, err } = await start('backends').ended;
    expect([code, out]).toEqual([0, 'union[log,truncate<buffered<webhook>>]\n']);
    expect(err).toMatch(
      /^Error in audit plugin 'webhook' affecting 1 audit events: Post "https:\/\/127\.0\.0\.1:9\/events": .*\nImpacted events:\n.* AUDIT: id="/,
    );
    expect(logged().map(({ stage }) => stage)).toEqual(['ResponseComplete']);
  });
});

describe('the README', () => {
  it('shows the examples as they are', () => {
    const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text]) => text);
    expect(blocks.sort()).toEqual(examples.map((name) => readFileSync(join(root, 'examples', name), 'utf8')).sort());
  });

  it('names everything that the package exports', () => {
    for (const name of Object.keys(audit)) expect(readme, name).toContain(`\`${name}`);
  });

  it('shows what the command prints', async () => {
    const policy = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    writeFileSync(join(dir, 'policy.yaml'), policy);
    const [, shown = ''] = /```\n(\$ k-audit [\s\S]*?)```/.exec(readme) ?? [];
    const printed: string[] = [];
    for (const [, line = ''] of shown.matchAll(/^\$ k-audit (.*)$/gm)) {
      printed.push(`$ k-audit ${line}`);
      const print = (text: string): void => void printed.push(text.replaceAll(`${dir}/`, ''));
      const output = { print, remark: print, color: false, signal: new AbortController().signal, exit: () => {} };
      const args = line.split(' ').map((part) => (part === 'policy.yaml' ? join(dir, part) : part));
      await auditProgram(output, '1.2.3').parseAsync(args, { from: 'user' });
    }
    expect(printed.join('\n')).toBe(shown.trimEnd());
    expect(printed.length).toBeGreaterThan(10);
  });
});
