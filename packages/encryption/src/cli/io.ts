import type { ProgressStream } from './progress.js';

/** What the command line talks to. */
export interface CliIo {
  stdout: { write(data: string | Uint8Array): unknown };
  /** Progress and messages. */
  stderr: ProgressStream;
  /** All of standard input. */
  readStdin(): Promise<Uint8Array>;
  /** Of the program. */
  version: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Aborts when the user wants to stop. */
  signal: AbortSignal;
}

/** What the user can mend: printed without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
