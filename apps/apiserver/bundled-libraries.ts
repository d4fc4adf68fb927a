/**
 * What the build changes in two libraries that it takes in, so that a start does not pay for what is never used. Of a
 * library that looks otherwise than expected nothing is changed: only time is lost then.
 */
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** ANTLR's runtime reads the tables of its XPath, which nothing here asks for, when it is loaded. */
export const lazyXPath: Plugin = {
  name: 'lazy-xpath',
  setup(build) {
    build.onLoad({ filter: /antlr4ng[\\/]dist[\\/]index\.mjs$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const eager = /static decisionsToDFA = (_?XPathLexer\._ATN\.decisionToState\.map\(\(ds, index\) => \{\s*return [^}]*?\}\));/;
      return { contents: text.replace(eager, 'static get decisionsToDFA() { return $1; }'), loader: 'js' };
    });
  },
};

/**
 * LMDB's binary lies in a package for each platform. The library finds it by way of a dozen modules; this looks where it is,
 * and leaves the search to the library where it is not.
 */
const FIND_BINARY = `
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export default function load() {
  const fromLmdb = createRequire(createRequire(__filename).resolve('lmdb'));
  try {
    const { arch, platform, versions } = process;
    const folder = dirname(fromLmdb.resolve('@lmdb/lmdb-' + platform + '-' + arch));
    const isMusl = platform === 'linux' && readdirSync('/lib').some((name) => name.startsWith('ld-musl-'));
    const libc = platform === 'linux' ? (isMusl ? '.musl' : '.glibc') : '';
    const names = ['node.abi' + versions.modules + libc + '.node', 'node.napi' + libc + '.node'];
    const file = names.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (file !== undefined) return fromLmdb(file);
  } catch {
    // Built from source, or a platform that is laid out in another way.
  }
  return fromLmdb('node-gyp-build-optional-packages')(dirname(dirname(fromLmdb.resolve('lmdb'))));
}
`;

/** Takes LMDB in without its search for the binary. */
export const directLmdbBinary: Plugin = {
  name: 'direct-lmdb-binary',
  setup(build) {
    build.onResolve({ filter: /^node-gyp-build-optional-packages$/ }, ({ importer }) =>
      /[\\/]lmdb[\\/][^\\/]+\.js$/.test(importer) ? { path: 'lmdb-binary', namespace: 'direct-lmdb-binary' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'direct-lmdb-binary' }, () => ({ contents: FIND_BINARY, loader: 'js' }));
  },
};
