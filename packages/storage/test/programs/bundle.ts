import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Compiles a test program once, so that starting it a hundred times costs a process each and little more: CommonJS, for
 * which lmdb is one file instead of a dozen.
 */
export async function bundleProgram(name: string): Promise<string> {
  const dir = join(import.meta.dirname, '..', '..', 'node_modules', '.test-programs');
  mkdirSync(dir, { recursive: true });
  const outfile = join(dir, `${name}.cjs`);
  await build({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    conditions: ['@k/source'],
    external: ['lmdb'],
    logLevel: 'error',
  });
  return outfile;
}
