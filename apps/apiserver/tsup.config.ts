import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';
import { readDescriptions } from '../../packages/api/src/openapi/read-descriptions.js';
import { packageBuild } from '../../tools/package-build.mjs';
import { directLmdbBinary, LAZY_MODULES, namesOfLaterLibraries, partsOf, postponed, SHARED_MODULES } from './bundled-libraries.js';

const FOLDER = resolve(import.meta.dirname, process.env['K_OUT'] ?? 'dist');
const START_TIMEOUT_MS = 60_000;
/** Short names of what is local: a start reads a third less. A build for profiles has those of the sources. */
const minifyIdentifiers = process.env['K_NAMES'] === undefined;

export default packageBuild(import.meta.dirname, {
  entry: { command: 'src/command.ts', ...LAZY_MODULES, ...SHARED_MODULES },
  metafile: true,
  outDir: FOLDER,
  // A start reads a handful of files instead of hundreds: the packages, from their sources, and all libraries are built
  // in, in parts that are loaded when they are needed. Of LMDB only the binary stays outside.
  noExternal: [/.*/],
  esbuildPlugins: [postponed, directLmdbBinary, namesOfLaterLibraries],
  treeshake: false,
  dts: false,
  esbuildOptions(options) {
    options.conditions = ['@k/source'];
    options.minifySyntax = true;
    options.minifyWhitespace = true;
    options.minifyIdentifiers = minifyIdentifiers;
    options.legalComments = 'linked';
  },
  async onSuccess() {
    const table = JSON.stringify(await readDescriptions());
    await writeFile(join(FOLDER, 'field-descriptions.json.gz'), gzipSync(table, { level: 9 }));
    await wrapModules();
    await buildLauncher();
    await makeCodeCache();
  },
});

/** Makes the modules functions of Node's CommonJS wrapper, in ASCII: what `src/launch.ts` loads. */
async function wrapModules(): Promise<void> {
  const metafile = join(FOLDER, 'metafile-esm.json');
  const lazyParts = partsOf(LAZY_MODULES, JSON.parse(await readFile(metafile, 'utf8')));
  await Promise.all(
    [metafile, ...Object.keys({ ...LAZY_MODULES, ...SHARED_MODULES }).map((name) => join(FOLDER, `${name}.js`))].map((file) => rm(file)),
  );
  for (const name of await readdir(FOLDER)) {
    if (!name.endsWith('.js')) continue;
    const { code } = await transform(withoutBareImports(await readFile(join(FOLDER, name), 'utf8')), {
      format: 'cjs',
      target: 'node20',
      supported: { 'dynamic-import': false },
      define: { 'import.meta.url': '__moduleUrl' },
      minifySyntax: true,
      minifyWhitespace: true,
      minifyIdentifiers,
      legalComments: 'none',
    });
    const url = code.includes('__moduleUrl') ? 'const __moduleUrl=require("node:url").pathToFileURL(__filename).href;' : '';
    const body = lazyParts.reduce(
      (text, part) =>
        text.replaceAll(new RegExp(`([\\w$]+)=require\\("./${part}"\\)`, 'g'), `$1=require.lazy("./${part}",part=>{$1=part})`),
      // Exports are read as they are: the copy would be for Node's own loader.
      code.replace(/module\.exports=[\w$]+\(([\w$]+)\)/, 'module.exports=Object.defineProperty($1,"__esModule",{value:true})'),
    );
    await writeFile(join(FOLDER, name), `(function(exports,require,module,__filename,__dirname){${url}${body}})`);
  }
}

/**
 * A bundle keeps the order in which its modules would have run, and so has a part load all that any of its modules names,
 * used or not. No module here does anything for others when it is loaded: each is loaded when something of it is used.
 */
function withoutBareImports(source: string): string {
  return source.replaceAll(/\bimport"\.\/chunk-\w+\.js";/g, '');
}

/** The program itself, a plain CommonJS module. */
async function buildLauncher(): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, 'src/launch.ts')],
    outfile: join(FOLDER, 'main.js'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    define: { 'import.meta.dirname': '__dirname' },
  });
  await writeFile(join(FOLDER, 'package.json'), '{"type":"commonjs"}\n');
}

/** Starts the server once, so that it leaves its compiled code for the starts to come. Not having it costs time only. */
async function makeCodeCache(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'k-build-'));
  const server = spawn(process.execPath, [join(FOLDER, 'main.js'), '--secure-port', '0', '--data-dir', dataDir], { stdio: 'ignore' });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  const isKept = (): boolean => readdirSync(FOLDER).some((name) => name.endsWith('.bin'));
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!isKept() && server.exitCode === null && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100));
  if (!isKept()) process.stderr.write('the build has no code cache: the first start will make it\n');
  server.kill('SIGTERM');
  await ended;
  await rm(dataDir, { recursive: true, force: true });
}
