import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

/** One use, or one change, of a key. */
export interface KeyUse {
  operation: 'encrypt' | 'decrypt' | 'rotate';
  /** The caller's id of the operation, for correlation with its log; '' for what the plugin does itself. */
  uid: string;
  /** `sha256:<hex>`; '' when no key was reached. Ids of keys may be confidential. */
  keyIdHash: string;
  outcome: 'ok' | 'error';
  error?: string;
  /** Milliseconds, to the microsecond. */
  durationMs?: number;
}

/** Where uses of keys are recorded. */
export interface KeyUseTrail {
  record(use: KeyUse): void;
  close(): void;
}

/**
 * Appends one JSON line per use to a file of mode 0600: `{"time":…,"operation":"decrypt","uid":…,…}`. A line is in the
 * file before the answer is sent, so that no key is used unseen.
 *
 * @param now - Milliseconds since the epoch. Default `Date.now`.
 */
export function openKeyUseTrail(file: string, now: () => number = Date.now): KeyUseTrail {
  const descriptor = openSync(file, 'a', 0o600);
  return {
    record(use) {
      writeSync(descriptor, `${JSON.stringify({ time: new Date(now()).toISOString(), ...use })}\n`);
    },
    close() {
      fsyncSync(descriptor);
      closeSync(descriptor);
    },
  };
}
