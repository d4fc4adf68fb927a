import type { SchemaTable } from './notation.js';

/** Shapes of `runtime`, release 1.36, in the notation of `notation.ts`. */
export const runtimeSchemas = (): SchemaTable => ({
  RawExtension: {
    '@any': 'true',
  },
});
