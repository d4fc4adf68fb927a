import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `scheduling.v1`, release 1.36, in the notation of `notation.ts`. */
export const schedulingV1Fields: FieldNumbers = {
  PriorityClass: 'metadata value~ globalDefault~ description preemptionPolicy',
  PriorityClassList: 'metadata items',
};
