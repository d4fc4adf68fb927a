import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'tsup';

/**
 * How every package is built: ESM for Node 20, with declarations unless `K_BUILD=js` (what only runs needs none).
 *
 * @param {string} packageDir - Absolute path of the package.
 * @param {import('tsup').Options} [more] - What one package needs beyond that.
 */
export function packageBuild(packageDir, more = {}) {
  return defineConfig({
    entry: entriesFromExports(packageDir),
    format: 'esm',
    target: 'node20',
    dts: process.env.K_BUILD !== 'js',
    clean: true,
    splitting: true,
    ...more,
  });
}

/**
 * The source files that a package's `exports` and `bin` name, so that the build and the public surface cannot differ.
 *
 * @param {string} packageDir - Absolute path of the package.
 * @returns {string[]} Paths relative to the package, e.g. `src/index.ts`.
 */
function entriesFromExports(packageDir) {
  const manifest = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8'));
  const entries = new Set();
  for (const target of Object.values(manifest.exports ?? {})) {
    if (typeof target === 'object' && target['@k/source']) entries.add(target['@k/source'].slice(2));
  }
  for (const file of Object.values(manifest.bin ?? {})) entries.add(file.replace('./dist/', 'src/').replace(/\.js$/, '.ts'));
  return [...entries].filter((file) => existsSync(join(packageDir, file)));
}
