import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The server's command line as one file, made from the sources. */
    main: string;
  }
}

/** Bundles the server once for all tests, so that starting it does not compile it each time. */
export default async function setup(project: TestProject): Promise<() => void> {
  const app = join(import.meta.dirname, '..');
  // Inside the package, so that its dependencies are found.
  const dir = mkdtempSync(join(app, 'node_modules', '.k-test-'));
  const main = join(dir, 'main.mjs');
  await build({
    entryPoints: [join(app, 'src', 'main.ts')],
    outdir: dir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@k/source'],
    plugins: [
      {
        name: 'external-dependencies',
        setup(plugin) {
          // Ours is bundled; everything else stays where the package that asks for it finds it.
          plugin.onResolve({ filter: /^[^.#/]/ }, async (args) => {
            if (args.kind === 'entry-point' || args.path.startsWith('@k/') || args.path.startsWith('node:')) return undefined;
            if (args.pluginData === 'again') return undefined;
            const found = await plugin.resolve(args.path, { resolveDir: args.resolveDir, kind: args.kind, pluginData: 'again' });
            return found.errors.length > 0 || found.external ? found : { path: found.path, external: true };
          });
        },
      },
    ],
  });
  project.provide('main', main);
  return () => rmSync(dir, { recursive: true, force: true });
}
