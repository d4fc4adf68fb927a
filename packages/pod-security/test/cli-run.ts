/** Runs the command line in this process, with what it reads and writes in memory. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runCommandLine } from '../src/cli/program.js';

export interface Run {
  code: number;
  output: string;
  errors: string;
}

export interface RunOptions {
  input?: string;
  isTerminal?: boolean;
  environment?: Record<string, string>;
}

export async function run(args: readonly string[], { input = '', isTerminal = false, environment = {} }: RunOptions = {}): Promise<Run> {
  let output = '';
  let errors = '';
  const code = await runCommandLine(args, '1.2.3', {
    readInput: () => Promise.resolve(input),
    writeOutput: (text) => {
      output += text;
    },
    writeError: (text) => {
      errors += text;
    },
    isTerminal,
    environment,
  });
  return { code, output, errors };
}

/** A folder with files in it, gone after the test. */
export function folder(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'pod-security-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}
