import { defineConfig } from 'tsup';
import { entriesFromExports } from '../../tools/tsup-entries.mjs';

export default defineConfig({
  entry: entriesFromExports(import.meta.dirname),
  format: 'esm',
  target: 'node20',
  dts: true,
  clean: true,
  splitting: true,
  // Node and browsers get different ciphers: the choice is the importer's, not the build's.
  external: ['#primitives'],
});
