import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The server's command line as users run it. */
    main: string;
  }
}

/** Builds the server once for all tests, as it is published: what works from the sources alone would be no use. */
export default function setup(project: TestProject): () => void {
  const app = join(import.meta.dirname, '..');
  // Inside the package, so that LMDB's binary is found.
  const dir = mkdtempSync(join(app, 'node_modules', '.k-test-'));
  const tsup = createRequire(import.meta.url).resolve('tsup/dist/cli-default.js');
  execFileSync(process.execPath, [tsup, '--silent'], { cwd: app, env: { ...process.env, K_BUILD: 'js', K_OUT: dir }, stdio: 'inherit' });
  project.provide('main', join(dir, 'main.js'));
  return () => rmSync(dir, { recursive: true, force: true });
}
