import type { SchemaTable } from './notation.js';

/** Shapes of `policy.v1`, release 1.36, in the notation of `notation.ts`. */
export const policyV1Schemas = (): SchemaTable => ({
  Eviction: {
    apiVersion: 'string',
    deleteOptions: 'meta.v1/DeleteOptions',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
  },
  PodDisruptionBudget: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'PodDisruptionBudgetSpec default({})',
    status: 'PodDisruptionBudgetStatus default({})',
  },
  PodDisruptionBudgetList: {
    apiVersion: 'string',
    items: '[]PodDisruptionBudget required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  PodDisruptionBudgetSpec: {
    maxUnavailable: 'int-or-string',
    minAvailable: 'int-or-string',
    selector: 'meta.v1/LabelSelector patch(replace)',
    unhealthyPodEvictionPolicy: 'string enum(AlwaysAllow,IfHealthyBudget)',
  },
  PodDisruptionBudgetStatus: {
    conditions: '[]meta.v1/Condition map(type) patch(merge) key(type)',
    currentHealthy: 'int32 default(0)',
    desiredHealthy: 'int32 default(0)',
    disruptedPods: '{}time',
    disruptionsAllowed: 'int32 default(0)',
    expectedPods: 'int32 default(0)',
    observedGeneration: 'int64',
  },
});
