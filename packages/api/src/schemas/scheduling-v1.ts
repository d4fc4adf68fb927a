import type { SchemaTable } from './notation.js';

/** Shapes of `scheduling.v1`, release 1.36, in the notation of `notation.ts`. */
export const schedulingV1Schemas = (): SchemaTable => ({
  PriorityClass: {
    apiVersion: 'string',
    description: 'string',
    globalDefault: 'bool',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    preemptionPolicy: 'string enum(Never,PreemptLowerPriority)',
    value: 'int32 default(0)',
  },
  PriorityClassList: {
    apiVersion: 'string',
    items: '[]PriorityClass required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
});
