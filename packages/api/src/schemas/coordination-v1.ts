import type { SchemaTable } from './notation.js';

/** Shapes of `coordination.v1`, release 1.36, in the notation of `notation.ts`. */
export const coordinationV1Schemas = (): SchemaTable => ({
  Lease: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'LeaseSpec default({})',
  },
  LeaseList: {
    apiVersion: 'string',
    items: '[]Lease required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  LeaseSpec: {
    acquireTime: 'micro-time',
    holderIdentity: 'string',
    leaseDurationSeconds: 'int32',
    leaseTransitions: 'int32',
    preferredHolder: 'string',
    renewTime: 'micro-time',
    strategy: 'string',
  },
});
