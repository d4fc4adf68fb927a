import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `meta.v1beta1`, release 1.36, in the notation of `notation.ts`. */
export const metaV1beta1Fields: FieldNumbers = {
  PartialObjectMetadataList: 'items metadata',
};
