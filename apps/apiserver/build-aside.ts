import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** A build beside the one that users get. */
export interface BuildAside {
  /** Path of the program. */
  main: string;
  remove(): void;
}

/** Builds the server into a folder of its own. `names`: with the names of the sources, which profiles show. */
export function buildAside({ names = false }: { names?: boolean } = {}): BuildAside {
  // Inside the package, so that LMDB's binary is found.
  const dir = mkdtempSync(join(import.meta.dirname, 'node_modules', '.k-build-'));
  const tsup = createRequire(import.meta.url).resolve('tsup/dist/cli-default.js');
  const env = { ...process.env, K_BUILD: 'js', K_OUT: dir, ...(names ? { K_NAMES: '1' } : {}) };
  execFileSync(process.execPath, [tsup, '--silent'], { cwd: import.meta.dirname, env, stdio: 'inherit' });
  return { main: join(dir, 'main.js'), remove: () => rmSync(dir, { recursive: true, force: true }) };
}
