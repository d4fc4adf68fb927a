import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readDescriptions } from '../../packages/api/src/openapi/read-descriptions.js';
import { packageBuild } from '../../tools/package-build.mjs';

export default packageBuild(import.meta.dirname, {
  // A start reads a handful of files instead of hundreds: the packages, from their sources, and all libraries are built
  // in, in parts that are loaded when they are needed. LMDB stays outside: it loads a binary beside its own files.
  noExternal: [/^(?!lmdb$)/],
  external: ['lmdb'],
  treeshake: false,
  esbuildOptions(options) {
    options.conditions = ['@k/source'];
    options.minifySyntax = true;
    options.minifyWhitespace = true;
    options.legalComments = 'linked';
  },
  // Libraries in CommonJS ask for Node's modules by `require`.
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  async onSuccess() {
    const table = JSON.stringify(await readDescriptions());
    await writeFile(join(import.meta.dirname, 'dist/field-descriptions.json.gz'), gzipSync(table, { level: 9 }));
  },
});
