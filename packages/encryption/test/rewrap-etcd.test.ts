import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectEtcd } from '../src/cli/sources/etcd-source.js';
import type { KeyValueSource } from '../src/cli/sources/key-value-source.js';
import { rewrap, status } from '../src/cli-commands.js';
import { EncryptionTransformer, parseEncryptionConfiguration } from '../src/index.js';
import { bundle } from './bundle.js';
import { EtcdServer, hasEtcd } from './etcd-server.js';

const SECRETS = 10_000;
const keyOf = (i: number): string => `/registry/secrets/ns-${i % 7}/secret-${String(i).padStart(5, '0')}`;
const textOf = (i: number): string => JSON.stringify({ kind: 'Secret', data: { password: `hunter${i}` } });
const named = (name: string, fill: number): object => ({ name, secret: Buffer.alloc(32, fill).toString('base64') });
const OLD = named('old', 1);
const NEW = named('new', 2);

const configuration = (keys: object[]): string =>
  JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{ resources: ['secrets'], providers: [{ aesgcm: { keys } }, { identity: {} }] }],
  });
const encryptionOf = (keys: object[]): Promise<EncryptionTransformer> =>
  EncryptionTransformer.fromConfig(parseEncryptionConfiguration(configuration(keys)));

/** Everything that 10,000 values should be, decrypted and compared. */
async function readAll(source: KeyValueSource, encryption: EncryptionTransformer): Promise<Map<string, { text: string; stale: boolean }>> {
  const found = new Map<string, { text: string; stale: boolean }>();
  for (let after = ''; ; ) {
    const page = await source.list('/registry/secrets/', { after, limit: 1000 });
    for (const { key, value } of page) {
      const { data, stale } = await encryption.decryptForResource('secrets', value, key);
      found.set(key, { text: Buffer.from(data).toString('utf8'), stale });
    }
    const last = page.at(-1);
    if (last === undefined) return found;
    after = last.key;
  }
}

// Most of the time is etcd's, and a busy machine multiplies it.
describe.runIf(hasEtcd())('status and rewrap on 10,000 secrets in etcd', { timeout: 120_000 }, () => {
  let etcd: EtcdServer;
  let source: KeyValueSource;
  let dir = '';
  let old: EncryptionTransformer;
  let rotated: EncryptionTransformer;

  const cli = (...args: string[]): ChildProcess =>
    spawn(process.execPath, [join(dir, 'cli.mjs'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const finished = async (child: ChildProcess): Promise<{ code: number | null; stdout: string }> => {
    let stdout = '';
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
    });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, stdout };
  };

  beforeAll(async () => {
    etcd = await EtcdServer.start();
    source = await connectEtcd({ endpoints: [etcd.endpoint] });
    dir = mkdtempSync(join(tmpdir(), 'rewrap-'));
    await bundle("import './src/cli.ts';", join(dir, 'cli.mjs'));
    writeFileSync(join(dir, 'config.yaml'), configuration([NEW, OLD]), { mode: 0o600 });
    [old, rotated] = [await encryptionOf([OLD]), await encryptionOf([NEW, OLD])];
  });
  afterAll(async () => {
    await source?.close();
    await etcd?.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const seed = async (count: number): Promise<void> => {
    const entries: [string, Uint8Array][] = [];
    for (let i = 0; i < count; i++) entries.push([keyOf(i), await old.encryptForResource('secrets', Buffer.from(textOf(i)), keyOf(i))]);
    // Neighbours that are not ours to touch.
    entries.push(['/registry/secretsstores.example.com/things/a', Buffer.from('{}')], ['/registry/pods/ns-1/p', Buffer.from('{}')]);
    await etcd.putAll(entries);
  };

  it('survives kill -9 in the middle, goes on where it was, and ends with nothing stale', async () => {
    await seed(SECRETS);
    const checkpoint = join(dir, 'checkpoint');
    const args = ['rewrap', '--config', join(dir, 'config.yaml'), '--etcd', etcd.endpoint, '--checkpoint', checkpoint, '-o', 'json'];
    const killed = cli(...args, '--rate', '1500');
    const ended = finished(killed);
    while (!existsSync(checkpoint) || (JSON.parse(readFileSync(checkpoint, 'utf8')) as { scanned: number }).scanned < 1000) await sleep(10);
    killed.kill('SIGKILL');
    await ended;
    const half = await status({ source, encryption: rotated });
    expect(half.rows.map(({ keyName, staleCount }) => [keyName, staleCount === 0])).toEqual([
      ['new', true],
      ['old', false],
    ]);
    expect(half.valueCount).toBe(SECRETS);

    const { code, stdout } = await finished(cli(...args));
    const report = JSON.parse(stdout) as { scannedCount: number; rewrittenCount: number; resumedAfter: string };
    expect(code).toBe(0);
    expect(report).toMatchObject({ scannedCount: SECRETS, conflictCount: 0, faults: [], isComplete: true });
    expect(report.resumedAfter).toMatch(/^\/registry\/secrets\/ns-\d\/secret-\d{5}$/);
    expect(existsSync(checkpoint)).toBe(false);

    const all = await readAll(source, rotated);
    expect(all.size).toBe(SECRETS);
    for (let i = 0; i < SECRETS; i++) expect(all.get(keyOf(i))).toEqual({ text: textOf(i), stale: false });
    expect(await status({ source, encryption: rotated })).toEqual({
      rows: [{ resource: 'secrets', provider: 'aesgcm', keyName: 'new', keyIdHash: '', valueCount: SECRETS, staleCount: 0 }],
      valueCount: SECRETS,
      staleCount: 0,
    });
  });

  it('loses no write of anybody who writes meanwhile', async () => {
    const count = 2000;
    etcd.ctl('del', '--prefix', '/registry/secrets/');
    await seed(count);
    const writer = await connectEtcd({ endpoints: [etcd.endpoint] });
    const written = new Map<string, string>();
    let isDone = false;
    // As a server that still has the old configuration would: reads, changes, writes under the old key.
    const write = async (seed: number): Promise<void> => {
      for (let n = 0; !isDone; n++) {
        const key = keyOf((seed * 7919 + n * 104_729) % count);
        const entry = await writer.get(key);
        if (entry === null) throw new Error(`${key} is gone`);
        const { data } = await rotated.decryptForResource('secrets', entry.value, key);
        const text = JSON.stringify({ ...JSON.parse(Buffer.from(data).toString('utf8')), changed: `${seed}.${n}` });
        const stored = await old.encryptForResource('secrets', Buffer.from(text), key);
        if (await writer.replace?.(key, stored, entry.revision)) written.set(key, text);
        await sleep(2);
      }
    };
    const writers = [1, 2, 3, 4].map(write);
    const first = await rewrap({ source, encryption: rotated }, { perSecond: 1000 });
    isDone = true;
    await Promise.all(writers);
    await writer.close();
    expect(first.faults).toEqual([]);
    expect(first.conflictCount).toBeGreaterThan(0);
    expect(written.size).toBeGreaterThan(50);
    // What was written behind the scan is stale again: a second run finds exactly that.
    const stale = (await status({ source, encryption: rotated })).staleCount;
    const second = await rewrap({ source, encryption: rotated });
    expect(second).toMatchObject({ scannedCount: count, rewrittenCount: stale, faults: [], conflictCount: 0 });
    const all = await readAll(source, rotated);
    expect(all.size).toBe(count);
    for (let i = 0; i < count; i++) {
      expect(all.get(keyOf(i))).toEqual({ text: written.get(keyOf(i)) ?? textOf(i), stale: false });
    }
  });
});
