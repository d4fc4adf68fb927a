import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packageBuild } from '../../tools/package-build.mjs';
import { readDescriptions } from './src/openapi/read-descriptions.js';

export default packageBuild(import.meta.dirname, {
  // The texts of `kubectl explain` are read from development dependencies and travel with the package.
  async onSuccess() {
    const table = JSON.stringify(await readDescriptions());
    await writeFile(join(import.meta.dirname, 'dist/openapi/field-descriptions.json.gz'), gzipSync(table, { level: 9 }));
  },
});
