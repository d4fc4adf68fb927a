import type { SchemaTable } from './notation.js';

/** Shapes of `node.v1`, release 1.36, in the notation of `notation.ts`. */
export const nodeV1Schemas = (): SchemaTable => ({
  Overhead: {
    podFixed: '{}quantity',
  },
  RuntimeClass: {
    apiVersion: 'string',
    handler: 'string required default("")',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    overhead: 'Overhead',
    scheduling: 'Scheduling',
  },
  RuntimeClassList: {
    apiVersion: 'string',
    items: '[]RuntimeClass required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  Scheduling: {
    nodeSelector: '{}string atomic',
    tolerations: '[]core.v1/Toleration atomic',
  },
});
