/** Counts of writes that outlive the process. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { WriteCounters } from '../providers/write-counters.js';

/** What {@link openWriteCounts} works with. */
export interface WriteCountsOptions {
  /** Made with mode 0600, its folder too, at the first write under an AES-GCM key. Holds counts by fingerprint, no keys. */
  file: string;
  /** Hears that a key should be rotated, and that the file could not be written. */
  warn?: (message: string) => void;
}

/** Made by {@link openWriteCounts}. */
export interface WriteCounts {
  readonly counters: WriteCounters;
  /** Writes the exact counts, if there was a write. */
  close(): void;
}

/**
 * Counts the writes of AES-GCM keys across restarts. While it runs, the file holds somewhat more than was written
 * (at most 65,536 writes a key), so that a process that was killed has not written more than its file says.
 *
 * Servers that share a file add to the same counts (not when two of them write it at the same moment: nothing locks it);
 * those with files of their own count their own writes only.
 *
 * @throws Error naming the file when it exists and cannot be read or does not hold counts.
 */
export function openWriteCounts({ file, warn = () => {} }: WriteCountsOptions): WriteCounts {
  const written = read(file);
  /** What the file holds of this process's writes and those before it. */
  const kept = new Map(Object.entries(written));
  const keep = (counts: Readonly<Record<string, number>>): void => {
    try {
      const now = read(file);
      // Another process may have added since: what is new counts, not the sum.
      for (const [fingerprint, writes] of Object.entries(counts)) {
        now[fingerprint] = Math.max(0, (now[fingerprint] ?? 0) + writes - (kept.get(fingerprint) ?? 0));
      }
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.new`, `${JSON.stringify(now)}\n`, { mode: 0o600 });
      renameSync(`${file}.new`, file);
      for (const [fingerprint, writes] of Object.entries(counts)) kept.set(fingerprint, writes);
    } catch (error) {
      warn(`the counts of writes could not be kept: ${(error as Error).message}`);
    }
  };
  const counters = new WriteCounters({ warn, written, reserve: (fingerprint, writes) => keep({ [fingerprint]: writes }) });
  return {
    counters,
    close() {
      const news = Object.entries(counters.snapshot()).filter(([fingerprint, writes]) => writes !== (kept.get(fingerprint) ?? 0));
      if (news.length > 0) keep(Object.fromEntries(news));
    },
  };
}

function read(file: string): Record<string, number> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`counts of writes: ${(error as Error).message}`);
  }
  let counts: unknown;
  try {
    counts = JSON.parse(text);
  } catch {
    counts = null;
  }
  const isRecord = typeof counts === 'object' && counts !== null && !Array.isArray(counts);
  if (!isRecord || !Object.values(counts as object).every((count) => Number.isSafeInteger(count) && (count as number) >= 0)) {
    throw new Error(`counts of writes: ${file} does not hold counts by fingerprint; move it away to begin at 0`);
  }
  return counts as Record<string, number>;
}
