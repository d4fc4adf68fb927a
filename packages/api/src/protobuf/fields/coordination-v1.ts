import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `coordination.v1`, release 1.36, in the notation of `notation.ts`. */
export const coordinationV1Fields: FieldNumbers = {
  Lease: 'metadata spec',
  LeaseList: 'metadata items',
  LeaseSpec: 'holderIdentity leaseDurationSeconds acquireTime renewTime leaseTransitions strategy preferredHolder',
};
