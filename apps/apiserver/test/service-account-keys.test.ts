import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ownSigningKey } from '../src/service-account-keys.js';

let dir: string;
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'k-keys-')), 'certs');
});
afterEach(() => rmSync(join(dir, '..'), { recursive: true }));

const newKey = async (): Promise<KeyObject> => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

it('keeps the signing key that a first start makes, readable by its owner only', async () => {
  const made = newKey();
  expect((await ownSigningKey(dir, made)).equals(await made)).toBe(true);
  expect(readdirSync(dir)).toEqual(['sa.key']);
  expect(statSync(join(dir, 'sa.key')).mode & 0o777).toBe(0o600);
  expect((await ownSigningKey(dir, undefined)).equals(await made)).toBe(true);
});

it('gives servers that share the folder and start side by side one key', async () => {
  const [one, other] = await Promise.all([ownSigningKey(dir, newKey()), ownSigningKey(dir, newKey())]);
  expect(one.equals(other)).toBe(true);
  expect(readdirSync(dir)).toEqual(['sa.key']);
});
