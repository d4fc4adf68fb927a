import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectEtcd, openSnapshot } from '../src/cli-commands.js';
import { EncryptionTransformer, parseEncryptionConfiguration } from '../src/index.js';
import { cli } from './cli-io.js';
import { EtcdServer, hasEtcd } from './etcd-server.js';

const secretOf = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const configuration = (newest: string): string => `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - aesgcm: {keys: [${newest}]}
      - identity: {}
  - resources: [widgets.example.com]
    providers:
      - secretbox: {keys: [{name: box, secret: ${secretOf(9)}}]}
`;
const OLD = `{name: k1, secret: ${secretOf(1)}}`;
const NEW = `{name: k2, secret: ${secretOf(2)}}, ${OLD}`;

describe.runIf(hasEtcd())('k-encryption over etcd', { timeout: 120_000 }, () => {
  let etcd: EtcdServer;
  let dir = '';
  const config = (): string => join(dir, 'new.yaml');

  beforeAll(async () => {
    etcd = await EtcdServer.start();
    dir = mkdtempSync(join(tmpdir(), 'cli-'));
    writeFileSync(config(), configuration(NEW));
    const [old, rotated] = await Promise.all(
      [OLD, NEW].map((keys) => EncryptionTransformer.fromConfig(parseEncryptionConfiguration(configuration(keys)))),
    );
    const entries: [string, Uint8Array][] = [];
    const put = async (by: EncryptionTransformer | undefined, resource: string, key: string, text: string): Promise<void> => {
      entries.push([key, by === undefined ? Buffer.from(text) : await by.encryptForResource(resource, Buffer.from(text), key)]);
    };
    for (let i = 0; i < 20; i++) await put(old, 'secrets', `/registry/secrets/a/old-${i}`, `old value ${i}`);
    for (let i = 0; i < 5; i++) await put(rotated, 'secrets', `/registry/secrets/b/new-${i}`, `new value ${i}`);
    await put(undefined, 'secrets', '/registry/secrets/b/clear', 'clear value');
    await put(old, 'widgets.example.com', '/registry/example.com/widgets/a/w', 'widget');
    await put(undefined, 'pods', '/registry/pods/a/p', '{}');
    await put(undefined, '', '/registry/ranges/serviceips', '{}');
    await etcd.putAll(entries);
  });
  afterAll(async () => {
    await etcd?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('status says which values lie under which key', async () => {
    const { code, stdout, stderr } = await cli(['status', '--etcd', etcd.endpoint, '--config', config()]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      [
        'RESOURCE              PROVIDER                KEY   VALUES   STALE',
        'secrets               aesgcm                  k1    20       20',
        'secrets               aesgcm                  k2    5        0',
        'secrets               identity (clear text)   -     1        1',
        'widgets.example.com   secretbox               box   1        0',
        '',
        '27 values, 21 stale',
        '',
      ].join('\n'),
    );
  });

  it('status needs no configuration, and can be a gate', async () => {
    const bare = await cli(['status', '--etcd', etcd.endpoint, '--resource', 'secrets', '-o', 'json']);
    expect(JSON.parse(bare.stdout)).toEqual({
      rows: [
        { resource: 'secrets', provider: 'aesgcm', keyName: 'k1', keyIdHash: '', valueCount: 20, staleCount: null },
        { resource: 'secrets', provider: 'aesgcm', keyName: 'k2', keyIdHash: '', valueCount: 5, staleCount: null },
        { resource: 'secrets', provider: 'identity', keyName: '', keyIdHash: '', valueCount: 1, staleCount: null },
      ],
      valueCount: 26,
      staleCount: null,
    });
    expect((await cli(['status', '--etcd', etcd.endpoint, '--config', config(), '--fail-on-stale'])).code).toBe(1);
    const all = await cli(['status', '--etcd', etcd.endpoint, '--all']);
    expect(all.stdout).toContain('pods                  identity (clear text)   -     1        -');
  });

  it('shows a bar on a terminal', async () => {
    const { stderr } = await cli(['status', '--etcd', etcd.endpoint], { tty: true });
    expect(stderr).toContain('reading [..............................] 0% 0/29 (0/s)');
  });

  it('verify names what cannot be read', async () => {
    expect(await cli(['verify', '--etcd', etcd.endpoint, '--config', config()])).toEqual({
      code: 0,
      stdout: '27 values can be read, 21 of them stale; 0 cannot\n',
      stderr: '',
    });
    const key = '/registry/secrets/a/moved';
    const { value } = (await (await connectEtcd({ endpoints: [etcd.endpoint] })).get('/registry/secrets/b/new-0')) ?? {
      value: Buffer.of(),
    };
    await etcd.putAll([[key, value]]);
    const { code, stdout } = await cli(['verify', '--etcd', etcd.endpoint, '--config', config()]);
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: `${key} (aesgcm k2): cipher: message authentication failed\n27 values can be read, 21 of them stale; 1 cannot\n`,
    });
    etcd.ctl('del', key);
  });

  it('decrypt prints one value', async () => {
    expect(await cli(['decrypt', '/registry/secrets/a/old-3', '--etcd', etcd.endpoint, '--config', config()])).toEqual({
      code: 0,
      stdout: 'old value 3',
      stderr: 'read with aesgcm k1, stale\n',
    });
    const stored = etcd.ctl('get', '-w', 'json', '/registry/secrets/b/new-1');
    const { kvs } = JSON.parse(stored.toString('utf8')) as { kvs: { value: string }[] };
    const options = ['--config', config(), '--file', '-', '--base64'];
    const stdin = Buffer.from(kvs[0]?.value ?? '');
    expect((await cli(['decrypt', '/registry/secrets/b/new-1', ...options], { stdin })).stdout).toBe('new value 1');
    expect(await cli(['decrypt', '/registry/secrets/b/other', ...options], { stdin })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Error: cipher: message authentication failed\n',
    });
    expect((await cli(['decrypt', '/registry/secrets/a/none', '--etcd', etcd.endpoint, '--config', config()])).stderr).toBe(
      'Error: there is no value under "/registry/secrets/a/none"\n',
    );
  });

  it('decrypts a snapshot, as it was when it was taken', async () => {
    const snapshot = join(dir, 'snapshot.db');
    await etcd.putAll([['/registry/secrets/a/deleted', Buffer.from('x')]]);
    etcd.ctl('del', '/registry/secrets/a/deleted');
    await etcd.putAll([['/registry/secrets/b/rewritten', Buffer.from('first')]]);
    await etcd.putAll([['/registry/secrets/b/rewritten', Buffer.from('second')]]);
    etcd.ctl('snapshot', 'save', snapshot);
    etcd.ctl('del', '/registry/secrets/b/rewritten');
    const flags = ['--snapshot', snapshot, '--config', config()];
    expect((await cli(['decrypt', '/registry/secrets/a/old-19', ...flags])).stdout).toBe('old value 19');
    expect((await cli(['decrypt', '/registry/secrets/b/rewritten', ...flags])).stdout).toBe('second');
    expect((await cli(['decrypt', '/registry/secrets/a/deleted', ...flags])).code).toBe(1);
    expect((await cli(['verify', ...flags])).stdout).toBe('28 values can be read, 22 of them stale; 0 cannot\n');
    expect((await cli(['status', ...flags, '--resource', 'widgets.example.com'])).stdout).toContain('1 values, 0 stale');
    const out = join(dir, 'clear');
    expect((await cli(['decrypt', '/registry/secrets/b/clear', ...flags, '--output-file', out])).stdout).toBe('');
    expect(readFileSync(out, 'utf8')).toBe('clear value');
    expect(statSync(out).mode & 0o777).toBe(0o600);
    // The database of the running server is the same format, without a hash at its end.
    expect(
      (await cli(['decrypt', '/registry/secrets/a/old-0', '--config', config(), '--snapshot', join(etcd.dir, 'data/member/snap/db')])).code,
    ).toBe(0);

    const bytes = readFileSync(snapshot);
    bytes[bytes.length - 5000] = (bytes[bytes.length - 5000] as number) ^ 1;
    writeFileSync(snapshot, bytes);
    expect((await cli(['decrypt', '/registry/secrets/a/old-0', ...flags])).stderr).toBe(
      `Error: snapshot "${snapshot}" is damaged: its hash does not fit its contents\n`,
    );
    expect((await cli(['decrypt', '/registry/secrets/a/old-0', ...flags, '--skip-hash-check'])).stdout).toBe('old value 0');
  });

  it('reads a larger database through its branch pages, and never hangs on a damaged one', async () => {
    const value = Buffer.alloc(1500, 'v');
    await etcd.putAll(Array.from({ length: 3000 }, (_, i): [string, Uint8Array] => [`/other/${String(i).padStart(6, '0')}`, value]));
    const snapshot = join(dir, 'large.db');
    etcd.ctl('snapshot', 'save', snapshot);
    const source = openSnapshot(snapshot);
    expect(await source.count('/other/')).toBe(3000);
    expect((await source.list('/other/', { after: '/other/002997', limit: 10 })).map(({ key }) => key)).toEqual([
      '/other/002998',
      '/other/002999',
    ]);
    expect(Buffer.from((await source.get('/other/001234'))?.value ?? [])).toEqual(value);
    await source.close();

    const good = readFileSync(snapshot);
    const broken = join(dir, 'broken.db');
    let random = 7;
    const next = (bound: number): number => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return (random >>> 4) % bound;
    };
    for (let i = 0; i < 40; i++) {
      const copy = Buffer.from(good.subarray(0, i % 2 === 0 ? good.length : next(good.length)));
      // Headers and elements of pages, where damage leads astray.
      for (let n = 0; n < 200; n++)
        copy[Math.min(next(Math.max(1, copy.length >> 12)) * 4096 + next(64), Math.max(0, copy.length - 1))] = next(256);
      writeFileSync(broken, copy);
      try {
        await openSnapshot(broken, { skipHashCheck: true }).close();
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  });

  it('rewrap keeps leases, tells what it did, and a dry run does nothing', async () => {
    const lease = etcd.ctl('lease', 'grant', '600').toString('utf8').split(' ')[1] as string;
    etcd.ctl('put', '--lease', lease, '/registry/secrets/b/leased', 'with a lease');
    const flags = ['--etcd', etcd.endpoint, '--config', config()];
    const dry = await cli(['rewrap', ...flags, '--dry-run']);
    expect(dry.stdout).toBe('28 values read, 22 would be written anew, 0 conflicts, 0 faults\n');
    expect((await cli(['rewrap', ...flags, '--rate', '1000'])).stdout).toBe('28 values read, 22 written anew, 0 conflicts, 0 faults\n');
    expect((await cli(['rewrap', ...flags])).stdout).toBe('28 values read, 0 written anew, 0 conflicts, 0 faults\n');
    expect((await cli(['decrypt', '/registry/secrets/b/leased', ...flags])).stdout).toBe('with a lease');
    expect(etcd.ctl('lease', 'timetolive', '--keys', lease).toString('utf8')).toContain('/registry/secrets/b/leased');
  });

  it('a stopped rewrap says so', async () => {
    const { code, stdout } = await cli(['rewrap', '--etcd', etcd.endpoint, '--config', config()], { signal: AbortSignal.abort() });
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: '0 values read, 0 written anew, 0 conflicts, 0 faults\ninterrupted: run the same command again to go on\n',
    });
  });
});
