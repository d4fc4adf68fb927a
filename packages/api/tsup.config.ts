import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig } from 'tsup';
import { entriesFromExports } from '../../tools/tsup-entries.mjs';
import { readDescriptions } from './src/openapi/read-descriptions.js';

export default defineConfig({
  entry: entriesFromExports(import.meta.dirname),
  format: 'esm',
  target: 'node20',
  dts: true,
  clean: true,
  splitting: true,
  // The texts of `kubectl explain` are read from development dependencies and travel with the package.
  async onSuccess() {
    const table = JSON.stringify(await readDescriptions());
    await writeFile(join(import.meta.dirname, 'dist/openapi/field-descriptions.json.gz'), gzipSync(table, { level: 9 }));
  },
});
