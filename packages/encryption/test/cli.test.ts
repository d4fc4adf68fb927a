import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { createRateLimit } from '../src/cli/rate-limit.js';
import { checkpointFile, lint, pathOfResource, progressBar, resourceOfPath } from '../src/cli-commands.js';
import { bundle } from './bundle.js';
import { cli } from './cli-io.js';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'cli-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

describe('k-encryption', () => {
  it.each([
    [['status'], 2, 'Error: give one of --etcd and --snapshot\n'],
    [['rewrap', '--etcd', 'http://127.0.0.1:1'], 2, "error: required option '--config <file>' not specified\n(see k-encryption --help)\n"],
    [['status', '--etcd', 'nonsense'], 1, 'Error: etcd endpoint "nonsense" is no URL such as http://127.0.0.1:2379\n'],
    [['status', '--etcd', 'ftp://a'], 1, 'Error: etcd endpoint "ftp://a" is neither http nor https\n'],
    [['status', '--snapshot', '/nowhere/db'], 1, "Error: ENOENT: no such file or directory, open '/nowhere/db'\n"],
    [['generate-key', '--bytes', '31'], 2, 'Error: "bytes" expected 16, 24, 32, got 31\n'],
    [['generate-key', '--provider', 'kms'], 2, 'Error: "provider" expected aesgcm, aescbc or secretbox, got "kms"\n'],
    [['status', '--etcd', 'http://127.0.0.1:1', '--output', 'xml'], 2, 'Error: --output expected text or json, got "xml"\n'],
    [['status', '--etcd', 'http://127.0.0.1:1', '--fail-on-stale'], 2, 'Error: --fail-on-stale needs --config\n'],
    [
      ['verify', '--config', '/nowhere/config', '--etcd', 'http://127.0.0.1:1'],
      1,
      'Error: error while parsing file: error while loading file: error reading encryption provider configuration file "/nowhere/config": open /nowhere/config: no such file or directory\n',
    ],
    [['lint', '/nowhere'], 1, "Error: ENOENT: no such file or directory, open '/nowhere'\n"],
    [['lint', '/'], 1, "Error: EISDIR: illegal operation on a directory, read '/'\n"],
    [
      ['status', '--etcd', 'https://127.0.0.1:1', '--etcd-cacert', '/proc'],
      1,
      "Error: EISDIR: illegal operation on a directory, read '/proc'\n",
    ],
    [['kms-plugin', '--socket', '/tmp/s'], 2, 'Error: give one of --key-file and --aws-key-id\n'],
  ])('%j', async (args, code, stderr) => {
    expect(await cli(args)).toEqual({ code, stdout: '', stderr });
  });

  it('tells its version', async () => {
    expect(await cli(['--version'])).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' });
    await bundle("import './src/cli.ts';", join(dir, 'cli.mjs'));
    const child = spawn(process.execPath, [join(dir, 'cli.mjs'), '--version']);
    expect(await text(child.stdout)).toBe(`${manifest.version}\n`);
  });

  it('does not mind a reader that stops early', async () => {
    await bundle("import './src/cli.ts';", join(dir, 'cli.mjs'));
    const child = spawn(process.execPath, [join(dir, 'cli.mjs'), '--help']);
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    expect([await new Promise((resolve) => child.once('close', resolve)), stderr]).toEqual([0, '']);
  });

  it('refuses files that are no database', async () => {
    const file = join(dir, 'text');
    writeFileSync(file, 'x'.repeat(5000));
    expect((await cli(['status', '--snapshot', file])).stderr).toBe(`Error: "${file}" is damaged or no bbolt file: no valid meta page\n`);
  });

  it('generates keys', async () => {
    const { code, stdout } = await cli(['generate-key']);
    expect(code).toBe(0);
    expect(Buffer.from(stdout.trim(), 'base64')).toHaveLength(32);
    expect((await cli(['generate-key'])).stdout).not.toBe(stdout);
    const entry = await cli(['generate-key', '--provider', 'secretbox', '--name', 'k9']);
    expect(entry.stdout).toMatch(/^- secretbox:\n {4}keys:\n {6}- name: "k9"\n {8}secret: [A-Za-z0-9+/]{43}=\n$/);
  });
});

describe('lint', () => {
  const random = 'q9aB+P1x7Yg5tZ0mVw3RkLhN2cJd8eFsUoIyQAbXnKE=';
  const of = (providers: string, resources = '[secrets]'): string =>
    `{apiVersion: apiserver.config.k8s.io/v1, kind: EncryptionConfiguration, resources: [{resources: ${resources}, providers: ${providers}}]}`;
  const keys = (provider: string, secret = random, name = 'k'): string => `{${provider}: {keys: [{name: ${name}, secret: ${secret}}]}}`;

  it.each([
    [of(`[${keys('aesgcm')}, {identity: {}}]`), []],
    [
      of(`[{identity: {}}, ${keys('aesgcm')}]`),
      [
        'warning: resources[0].providers[0]: identity is first: new values are stored in clear text (right only while turning encryption off)',
      ],
    ],
    [
      of(`[${keys('secretbox')}]`),
      ['warning: resources[0].providers: without identity at the end, values that were stored in clear text before cannot be read'],
    ],
    [
      of(`[${keys('aescbc')}, {identity: {}}]`),
      [
        'warning: resources[0].providers[0].aescbc: nothing authenticates these values, whoever can write to the store can change them: prefer aesgcm, secretbox or kms',
      ],
    ],
    [
      of(`[${keys('aesgcm', Buffer.from('0123456789abcdef0123456789abcdef').toString('base64'))}, {identity: {}}]`),
      [
        'warning: resources[0].providers[0].aesgcm.keys[0].secret: the key looks like a text or a pattern, not like random bytes: make one with "k-encryption generate-key"',
      ],
    ],
    [
      of(`[${keys('aesgcm')}, ${keys('secretbox')}, {identity: {}}]`),
      [
        'warning: resources[0].providers[1].secretbox.keys[0].secret: the same key is used by another cipher at resources[0].providers[0].aesgcm.keys[0]: give every cipher its own',
      ],
    ],
    [
      of(`[{kms: {name: v, endpoint: unix:///s}}, {identity: {}}]`),
      ['warning: resources[0].providers[0].kms.apiVersion: v1 (the default) is deprecated and turned off in servers: say v2'],
    ],
    [of(`[${keys('aesgcm')}, {identity: {}}]`, '[configmaps]'), ['warning: no rule is for secrets: they are stored in clear text']],
    [of('[]'), ['error: resources[0].providers: Required value: at least one resources[0].providers is required']],
    [of('[{identity: {}}]', "['*.*', secrets]"), [expect.stringContaining('error: resources[0].resources: Invalid value')]],
  ])('%s', async (source, expected) => {
    expect((await lint(source)).map(({ severity, message }) => `${severity}: ${message}`)).toEqual(expected);
  });

  it('is a command, with the permissions of the file', async () => {
    const file = join(dir, 'config.yaml');
    writeFileSync(file, of(`[${keys('aesgcm')}, {identity: {}}]`), { mode: 0o644 });
    expect(await cli(['lint', file])).toEqual({
      code: 0,
      stdout: 'warning: the file has mode 644: others may read its keys, make it 600\n',
      stderr: '',
    });
    expect((await cli(['lint', file, '--strict'])).code).toBe(1);
    const bad = await cli(['lint', '-'], { stdin: Buffer.from(of('[{}]')) });
    expect(bad).toEqual({
      code: 1,
      stdout:
        'error: resources[0].providers[0]: Invalid value: {"AESGCM":null,"AESCBC":null,"Secretbox":null,"Identity":null,"KMS":null}: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity\n',
      stderr: '',
    });
    expect((await cli(['lint', '-'], { stdin: Buffer.from(of(`[${keys('aesgcm')}, {identity: {}}]`)) })).stdout).toBe('no problems\n');
  });
});

describe('where resources lie', () => {
  it.each([
    ['secrets/default/a', 'secrets', 'secrets'],
    ['deployments/default/a', 'deployments.apps', 'deployments'],
    ['services/specs/default/a', 'services', 'services/specs'],
    ['services/endpoints/default/a', 'endpoints', 'services/endpoints'],
    ['minions/node', 'nodes', 'minions'],
    ['controllers/default/a', 'replicationcontrollers', 'controllers'],
    ['ingress/default/a', 'ingresses.networking.k8s.io', 'ingress'],
    ['events/default/a', 'events', 'events'],
    ['leases/kube-system/a', 'leases.coordination.k8s.io', 'leases'],
    ['apiregistration.k8s.io/apiservices/v1.', 'apiservices.apiregistration.k8s.io', 'apiregistration.k8s.io/apiservices'],
    ['example.com/widgets/default/w', 'widgets.example.com', 'example.com/widgets'],
  ])('%s', (path, resource, place) => {
    expect(resourceOfPath(path)).toBe(resource);
    expect(pathOfResource(resource)).toBe(place);
  });

  it.each(['ranges/serviceips', 'masterleases/10.0.0.1', 'lonely', ''])('%s is no resource', (path) => {
    expect(resourceOfPath(path)).toBeNull();
  });
});

describe('the parts of a scan', () => {
  it('draws a bar ten times a second at most', () => {
    let nowMs = 0;
    let text = '';
    const bar = progressBar('reading', { isTTY: true, write: (part) => (text += part) }, () => nowMs);
    bar.start(200);
    nowMs = 50;
    bar.advance(10);
    nowMs = 1000;
    bar.advance(90);
    bar.end();
    expect(text).toBe(
      '\r\x1b[Kreading [..............................] 0% 0/200 (0/s)\r\x1b[Kreading [###############...............] 50% 100/200 (100/s)\r\x1b[K',
    );
  });

  it('spreads writes evenly', async () => {
    const limit = createRateLimit(200);
    const startedMs = performance.now();
    for (let i = 0; i < 6; i++) await limit.take(2);
    expect(performance.now() - startedMs).toBeGreaterThan(48);
  });

  it('keeps checkpoints apart from other work and other files', () => {
    const path = join(dir, 'checkpoint');
    const file = checkpointFile(path);
    expect(file.read('a')).toBeNull();
    const checkpoint = { format: 1 as const, work: 'a', prefixIndex: 0, after: '/x', scanned: 3, rewritten: 2, faults: [] };
    file.write(checkpoint);
    expect(file.read('a')).toEqual(checkpoint);
    expect(file.read('b')).toBeNull();
    file.remove();
    expect(file.read('a')).toBeNull();
    writeFileSync(path, 'something else');
    expect(() => file.read('a')).toThrow(`"${path}" is no checkpoint of a rewrap`);
  });
});
