import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `rbac.v1`, release 1.36, in the notation of `notation.ts`. */
export const rbacV1Fields: FieldNumbers = {
  AggregationRule: 'clusterRoleSelectors',
  ClusterRole: 'metadata rules aggregationRule',
  ClusterRoleBinding: 'metadata subjects roleRef',
  ClusterRoleBindingList: 'metadata items',
  ClusterRoleList: 'metadata items',
  PolicyRule: 'verbs apiGroups resources resourceNames nonResourceURLs',
  Role: 'metadata rules',
  RoleBinding: 'metadata subjects roleRef',
  RoleBindingList: 'metadata items',
  RoleList: 'metadata items',
  RoleRef: 'apiGroup kind name',
  Subject: 'kind apiGroup name namespace',
};
