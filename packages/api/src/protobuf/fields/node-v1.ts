import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `node.v1`, release 1.36, in the notation of `notation.ts`. */
export const nodeV1Fields: FieldNumbers = {
  Overhead: 'podFixed',
  RuntimeClass: 'metadata handler overhead scheduling',
  RuntimeClassList: 'metadata items',
  Scheduling: 'nodeSelector tolerations',
};
