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
 * Servers that share a file add to the same counts; those with files of their own count their own writes only.
 *
 * @throws Error naming the file when it exists and cannot be read or does not hold counts.
 */
export function openWriteCounts({ file, warn = () => {} }: WriteCountsOptions): WriteCounts {
  const reserved = new Map<string, number>();
  const counters: WriteCounters = new WriteCounters({
    warn,
    written: read(file),
    reserve: (fingerprint, writes) => {
      const before = reserved.get(fingerprint) ?? counters.snapshot()[fingerprint] ?? 0;
      reserved.set(fingerprint, writes);
      change((counts) => {
        // Another process may have reserved since: what is added counts, not the sum.
        counts[fingerprint] = (counts[fingerprint] ?? 0) + (writes - before);
      });
    },
  });
  const change = (edit: (counts: Record<string, number>) => void): void => {
    try {
      const counts = read(file);
      edit(counts);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.new`, `${JSON.stringify(counts)}\n`, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (error) {
      warn(`the counts of writes could not be kept: ${(error as Error).message}`);
    }
  };
  return {
    counters,
    close() {
      if (reserved.size === 0) return;
      const written = counters.snapshot();
      change((counts) => {
        for (const [fingerprint, upTo] of reserved)
          counts[fingerprint] = (counts[fingerprint] ?? upTo) - (upTo - (written[fingerprint] ?? upTo));
      });
      reserved.clear();
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
