/**
 * What the build does to the libraries that it takes in, so that a start does not pay for what is never used. Of a
 * library that looks otherwise than expected nothing is changed: only time is lost then.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Metafile, Plugin } from 'esbuild';

/** Modules that are loaded, with what only they need, when something of theirs is used for the first time. */
export const LAZY_MODULES = {
  'lazy-cel': '../../packages/admission/node_modules/@marcbachmann/cel-js',
  'lazy-cel-syntax': '../../packages/admission/src/cel/syntax/parse.ts',
  'lazy-kubeconfig': 'src/kubeconfig-text.ts',
  'lazy-patch': '../../packages/apimachinery/src/patch.ts',
  'lazy-protobuf': '../../packages/api/src/protobuf/index.ts',
  'lazy-re2': '../../packages/admission/node_modules/re2js',
  'lazy-validation': '../../packages/api/src/validation/index.ts',
  'lazy-yaml': '../../packages/apimachinery/src/yaml.ts',
  'lazy-yaml-body': '../../packages/apiserver/src/http/yaml-body.ts',
};

/** What modules that are loaded later have in common with a start: parts of their own, or it would lie in those. */
export const SHARED_MODULES = {
  'shared-flow': '../../packages/api/src/mandatory-flow.ts',
  'shared-kinds': '../../packages/api/src/kinds/index.ts',
};

/** @returns File names of the parts of a build that the modules lie in; `modules` are among its entries. */
export function partsOf(modules: Record<string, string>, { outputs }: Pick<Metafile, 'outputs'>): string[] {
  return Object.keys(modules).map((name) => {
    const source = Object.entries(outputs).find(([path]) => basename(path) === `${name}.js`)?.[1].entryPoint;
    const part = Object.entries(outputs).find(([, { inputs }]) => source !== undefined && source in inputs)?.[0];
    if (part === undefined) throw new Error(`the build has no part with ${name}`);
    return basename(part);
  });
}

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
 * Of a library that is no ES module and is loaded later, a build would give the default export alone, where Node gives its
 * names as well.
 */
export const namesOfLaterLibraries: Plugin = {
  name: 'names-of-later-libraries',
  setup(build) {
    const [namespace, again] = ['names-of-later-libraries', 'again'];
    build.onResolve({ filter: /^undici$/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (kind !== 'dynamic-import' || pluginData === again) return undefined;
      const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: again });
      return found.errors.length > 0 ? found : { path: found.path, namespace };
    });
    build.onLoad({ filter: /.*/, namespace }, async ({ path }) => {
      const names = Object.keys(await import(pathToFileURL(path).href)).filter((name) => name !== 'default' && /^\w+$/.test(name));
      return { contents: `export { ${names.join(', ')} } from ${JSON.stringify(path)};`, resolveDir: dirname(path), loader: 'js' };
    });
  },
};

/**
 * LMDB's binary lies in a package for each platform. The library finds it by way of a dozen modules; this looks where it is,
 * and leaves the search to the library where it is not.
 */
const FIND_BINARY = `
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/* Where Node would find the library, without its way through the resolver of ES modules. */
function lmdbFolder() {
  for (let at = __dirname; ; at = dirname(at)) {
    const folder = join(at, 'node_modules/lmdb');
    if (existsSync(folder)) return realpathSync(folder);
    if (at === dirname(at)) return undefined;
  }
}

export default function load() {
  const { arch, platform, versions } = process;
  const isMusl = platform === 'linux' && readdirSync('/lib').some((name) => name.startsWith('ld-musl-'));
  const libc = platform === 'linux' ? (isMusl ? '.musl' : '.glibc') : '';
  const found = lmdbFolder();
  const folder = found === undefined ? undefined : join(found, '../@lmdb/lmdb-' + platform + '-' + arch);
  const names = ['node.abi' + versions.modules + libc + '.node', 'node.napi' + libc + '.node'];
  const file = folder === undefined ? undefined : names.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (file !== undefined) return require(file);
  // Built from source, or laid out in another way.
  const fromLmdb = createRequire(createRequire(__filename).resolve('lmdb'));
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
