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

/** A file of a library, and what in it is done when it is loaded but can wait until somebody asks for it. */
interface Postponed {
  file: RegExp;
  replace: [eager: RegExp, later: string][];
}

const POSTPONED: readonly Postponed[] = [
  // The tables of ANTLR's XPath.
  {
    file: /antlr4ng[\\/]dist[\\/]index\.mjs$/,
    replace: [
      [
        /static decisionsToDFA = (_?XPathLexer\._ATN\.decisionToState\.map\(\(ds, index\) => \{\s*return [^}]*?\}\));/,
        'static get decisionsToDFA() { return $1; }',
      ],
    ],
  },
  // What encodes values that are no bytes.
  {
    file: /lmdb[\\/]index\.js$/,
    replace: [
      [
        /import \{ Encoder as MsgpackrEncoder \} from 'msgpackr';/,
        "class MsgpackrEncoder { constructor(...args) { return new (require('msgpackr').Encoder)(...args); } }",
      ],
    ],
  },
  // Commands that are programs of their own.
  {
    file: /commander[\\/]lib[\\/]command\.js$/,
    replace: [
      [/const childProcess = require\('node:child_process'\);/, ''],
      [/\bchildProcess\.spawn\(/g, "require('node:child_process').spawn("],
    ],
  },
  // The process's own metrics, which begin when the server is ready, and kinds of metrics that it has none of.
  {
    file: /prom-client[\\/]index\.js$/,
    replace: [
      [
        /exports\.(Summary|Pushgateway|collectDefaultMetrics|AggregatorRegistry) = (require\('[^']+'\));/g,
        "Object.defineProperty(exports, '$1', { enumerable: true, get: () => $2 });",
      ],
    ],
  },
];

/** What libraries do when they are loaded, when it is used. */
export const postponed: Plugin = {
  name: 'postponed',
  setup(build) {
    for (const { file, replace } of POSTPONED) {
      build.onLoad({ filter: file }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        return { contents: replace.reduce((done, [eager, later]) => done.replace(eager, later), text), loader: 'js' };
      });
    }
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
