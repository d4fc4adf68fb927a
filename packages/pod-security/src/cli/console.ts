/** What a command line reads and writes; tests hand in their own. */
export interface Console {
  /** The whole standard input. */
  readInput(): Promise<string>;
  writeOutput(text: string): void;
  writeError(text: string): void;
  /** Standard output is a terminal. */
  isTerminal: boolean;
  environment: Readonly<Record<string, string | undefined>>;
}

/** Exit codes: all pass, something fails, the question could not be answered. */
export const EXIT = { passed: 0, failed: 1, error: 2 } as const;

/** Something that a user can put right: a file, a flag. Shown without a stack. */
export class InputError extends Error {
  override readonly name = 'InputError';
}
