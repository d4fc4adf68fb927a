import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aesGcmTransformer, GCM_WRITES_MAX, WRITES_RESERVED } from '../src/index.js';
import { openWriteCounts, type WriteCounts } from '../src/reload.js';

const KEY = new Uint8Array(32).fill(7);

describe('openWriteCounts', () => {
  let dir: string;
  let file: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'k-write-counts-'));
    file = join(dir, 'writes.json');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const write = async ({ counters }: WriteCounts, times: number): Promise<void> => {
    const transformer = aesGcmTransformer(KEY, { keyName: 'k', counter: counters.of(KEY) });
    for (let i = 0; i < times; i++) await transformer.encrypt(new Uint8Array(1), new Uint8Array(1));
  };
  const kept = (): number[] => Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>);

  it('goes on counting where a process that ended left off', async () => {
    for (const [times, sum] of [
      [3, 3],
      [4, 7],
    ] as const) {
      const counts = openWriteCounts({ file });
      await write(counts, times);
      counts.close();
      expect(kept()).toEqual([sum]);
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain(Buffer.from(KEY).toString('base64').slice(0, 20));
  });

  it('holds no less than was written when a process is killed', async () => {
    await write(openWriteCounts({ file }), 3);
    expect(kept()).toEqual([WRITES_RESERVED]);
    await write(openWriteCounts({ file }), WRITES_RESERVED + 1);
    expect(kept()).toEqual([3 * WRITES_RESERVED]);
  });

  it('adds up what servers beside each other write', async () => {
    const [first, second] = [openWriteCounts({ file }), openWriteCounts({ file })];
    await write(first, 5);
    await write(second, 6);
    expect(kept()).toEqual([2 * WRITES_RESERVED]);
    first.close();
    second.close();
    expect(kept()).toEqual([11]);
  });

  it('refuses a key at its bound after a restart', async () => {
    const before = openWriteCounts({ file });
    await write(before, 1);
    before.close();
    writeFileSync(file, readFileSync(file, 'utf8').replace(':1', `:${GCM_WRITES_MAX - 1}`));
    const after = openWriteCounts({ file });
    await write(after, 1);
    await expect(write(after, 1)).rejects.toThrow('key "k" has encrypted 4294967296 values and must be rotated: put a new key before it');
  });

  it('writes nothing when nothing was encrypted, and says what it cannot read', () => {
    openWriteCounts({ file }).close();
    expect(() => statSync(file)).toThrow('ENOENT');
    for (const text of ['{', '[]', '{"a":-1}', '{"a":"1"}']) {
      writeFileSync(file, text);
      expect(() => openWriteCounts({ file })).toThrow(
        `counts of writes: ${file} does not hold counts by fingerprint; move it away to begin at 0`,
      );
    }
  });

  it('warns when the file cannot be written, and encrypts', async () => {
    const warnings: string[] = [];
    mkdirSync(`${file}.new`);
    const counts = openWriteCounts({ file, warn: (message) => warnings.push(message) });
    await write(counts, 2);
    expect(warnings).toEqual([expect.stringMatching(/^the counts of writes could not be kept: EISDIR/)]);
    // What could not be kept then is kept later.
    rmdirSync(`${file}.new`);
    await write(counts, WRITES_RESERVED);
    expect(kept()).toEqual([2 * WRITES_RESERVED]);
    counts.close();
    expect(kept()).toEqual([WRITES_RESERVED + 2]);
  });
});
