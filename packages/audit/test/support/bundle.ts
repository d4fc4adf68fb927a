import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');
const OPTIONS: BuildOptions = {
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  conditions: ['@k/source'],
  logLevel: 'error',
};

/** Not ours: stays where it is installed. */
const EXTERNAL = ['express', 'fastify', 'prom-client', 'sonic-boom', 'undici', 'yaml'];

function folder(): string {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  // Inside the package, so that its dependencies are found.
  return mkdtempSync(join(root, 'node_modules', '.test-'));
}

/** The package as files that plain Node runs, made from the sources: a process costs little more than Node itself. */
export async function bundlePackage(): Promise<{ dir: string; index: string; metrics: string; cli: string }> {
  const dir = folder();
  const sources = (...names: string[]): string[] => names.map((name) => join(root, 'src', `${name}.ts`));
  await Promise.all([
    build({ ...OPTIONS, outdir: dir, entryPoints: sources('index', 'metrics'), splitting: true, external: EXTERNAL }),
    // With all that it needs: reading a hundred small files is what starting it costs most.
    build({
      ...OPTIONS,
      outdir: dir,
      entryPoints: sources('cli'),
      banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
    }),
  ]);
  return { dir, index: join(dir, 'index.mjs'), metrics: join(dir, 'metrics.mjs'), cli: join(dir, 'cli.mjs') };
}

/** The examples as files that plain Node runs. */
export async function bundleExamples(names: readonly string[]): Promise<string> {
  const dir = folder();
  const entryPoints = names.map((name) => join(root, 'examples', name));
  await build({ ...OPTIONS, outdir: dir, entryPoints, external: EXTERNAL });
  return dir;
}
