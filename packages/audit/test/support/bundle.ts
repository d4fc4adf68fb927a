import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** The package as files that plain Node runs, made from the sources: a process costs little more than Node itself. */
export async function bundlePackage(): Promise<{ dir: string; index: string; metrics: string; cli: string }> {
  const root = join(import.meta.dirname, '..', '..');
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  // Inside the package, so that its dependencies are found.
  const dir = mkdtempSync(join(root, 'node_modules', '.test-'));
  await build({
    entryPoints: ['index', 'metrics', 'cli'].map((name) => join(root, 'src', `${name}.ts`)),
    outdir: dir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  return { dir, index: join(dir, 'index.mjs'), metrics: join(dir, 'metrics.mjs'), cli: join(dir, 'cli.mjs') };
}
