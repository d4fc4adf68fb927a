import type { SchemaTable } from './notation.js';

/** Shapes of `rbac.v1`, release 1.36, in the notation of `notation.ts`. */
export const rbacV1Schemas = (): SchemaTable => ({
  AggregationRule: {
    clusterRoleSelectors: '[]meta.v1/LabelSelector atomic',
  },
  ClusterRole: {
    aggregationRule: 'AggregationRule',
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    rules: '[]PolicyRule atomic',
  },
  ClusterRoleBinding: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    roleRef: 'RoleRef required default({})',
    subjects: '[]Subject atomic',
  },
  ClusterRoleBindingList: {
    apiVersion: 'string',
    items: '[]ClusterRoleBinding required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  ClusterRoleList: {
    apiVersion: 'string',
    items: '[]ClusterRole required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  PolicyRule: {
    apiGroups: '[]string atomic',
    nonResourceURLs: '[]string atomic',
    resourceNames: '[]string atomic',
    resources: '[]string atomic',
    verbs: '[]string required atomic',
  },
  Role: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    rules: '[]PolicyRule atomic',
  },
  RoleBinding: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    roleRef: 'RoleRef required default({})',
    subjects: '[]Subject atomic',
  },
  RoleBindingList: {
    apiVersion: 'string',
    items: '[]RoleBinding required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  RoleList: {
    apiVersion: 'string',
    items: '[]Role required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  RoleRef: {
    '@map': 'atomic',
    apiGroup: 'string default("")',
    kind: 'string required default("")',
    name: 'string required default("")',
  },
  Subject: {
    '@map': 'atomic',
    apiGroup: 'string',
    kind: 'string required default("")',
    name: 'string required default("")',
    namespace: 'string',
  },
});
