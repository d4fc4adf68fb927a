import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EncryptedMap } from '../examples/encrypted-map.js';
import { EncryptedLmdb } from '../examples/lmdb-values.js';
import { quickStart } from '../examples/quick-start.js';
import { Patients } from '../examples/sqlite-rows.js';
import { EncryptionTransformer, parseEncryptionConfiguration } from '../src/index.js';

const keyed = (name: string, fill: number): object => ({ name, secret: Buffer.alloc(32, fill).toString('base64') });
const encryptionOf = (...keys: object[]): Promise<EncryptionTransformer> =>
  EncryptionTransformer.fromConfig(
    parseEncryptionConfiguration({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{ resources: ['sessions', 'patients'], providers: [{ aesgcm: { keys } }] }],
    }),
  );

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'examples-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

describe('the examples', () => {
  it('quick start', async () => {
    const { stored, ...rest } = await quickStart(Buffer.alloc(32, 1).toString('base64'));
    expect(rest).toEqual({ text: 's3cret', stale: false });
    expect(Buffer.from(stored).toString('latin1').slice(0, 23)).toBe('k8s:enc:aesgcm:v1:key1:');
  });

  it('a Redis-like map renews values as they are read', async () => {
    const map = new Map<string, string>();
    const store = { get: async (key: string) => map.get(key) ?? null, set: async (key: string, value: string) => map.set(key, value) };
    const old = new EncryptedMap(store, await encryptionOf(keyed('k1', 1)), 'sessions');
    await old.set('session:1', 'alice');
    expect(Buffer.from(map.get('session:1') ?? '', 'base64').toString('latin1')).toMatch(/^k8s:enc:aesgcm:v1:k1:/);
    const rotated = new EncryptedMap(store, await encryptionOf(keyed('k2', 2), keyed('k1', 1)), 'sessions');
    expect(await rotated.get('session:1')).toBe('alice');
    expect(Buffer.from(map.get('session:1') ?? '', 'base64').toString('latin1')).toMatch(/^k8s:enc:aesgcm:v1:k2:/);
    expect(await rotated.get('session:2')).toBeNull();
  });

  it('SQLite rows: nothing readable in the file, no value moves to another row, rotation in place', async () => {
    const path = join(dir, 'patients.db');
    const database = new Database(path);
    const patients = new Patients(database, await encryptionOf(keyed('k1', 1)));
    await patients.add(1, 'Alice', 'measles and a cough');
    await patients.add(2, 'Bob', 'nothing at all');
    const rotated = new Patients(database, await encryptionOf(keyed('k2', 2), keyed('k1', 1)));
    expect(await rotated.rotate()).toBe(2);
    expect(await rotated.rotate()).toBe(0);
    expect(await new Patients(database, await encryptionOf(keyed('k2', 2))).diagnosisOf(1)).toBe('measles and a cough');
    expect(await rotated.diagnosisOf(3)).toBeNull();
    database.exec('UPDATE patients SET diagnosis = (SELECT diagnosis FROM patients WHERE id = 2) WHERE id = 1');
    await expect(rotated.diagnosisOf(1)).rejects.toThrow('cipher: message authentication failed');
    database.close();
    const file = readFileSync(path);
    expect(file.includes('Alice')).toBe(true);
    expect(file.includes('measles')).toBe(false);
  });

  it('LMDB values', async () => {
    const key = Buffer.alloc(32, 5);
    const first = new EncryptedLmdb(join(dir, 'lmdb'), key);
    await first.put('a', Buffer.from('value of a'));
    await first.close();
    const second = new EncryptedLmdb(join(dir, 'lmdb'), key);
    expect(Buffer.from(second.get('a') ?? [])).toEqual(Buffer.from('value of a'));
    expect(second.get('b')).toBeNull();
    await second.close();
    const stranger = new EncryptedLmdb(join(dir, 'lmdb'), Buffer.alloc(32, 6));
    expect(() => stranger.get('a')).toThrow('cipher: message authentication failed');
    await stranger.close();
  });
});
