import type { SchemaTable } from './notation.js';

/** Shapes of `authorization.v1`, release 1.36, in the notation of `notation.ts`. */
export const authorizationV1Schemas = (): SchemaTable => ({
  FieldSelectorAttributes: {
    rawSelector: 'string',
    requirements: '[]meta.v1/FieldSelectorRequirement atomic',
  },
  LabelSelectorAttributes: {
    rawSelector: 'string',
    requirements: '[]meta.v1/LabelSelectorRequirement atomic',
  },
  LocalSubjectAccessReview: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'SubjectAccessReviewSpec required default({})',
    status: 'SubjectAccessReviewStatus default({})',
  },
  NonResourceAttributes: {
    path: 'string',
    verb: 'string',
  },
  NonResourceRule: {
    nonResourceURLs: '[]string atomic',
    verbs: '[]string required atomic',
  },
  ResourceAttributes: {
    fieldSelector: 'FieldSelectorAttributes',
    group: 'string',
    labelSelector: 'LabelSelectorAttributes',
    name: 'string',
    namespace: 'string',
    resource: 'string',
    subresource: 'string',
    verb: 'string',
    version: 'string',
  },
  ResourceRule: {
    apiGroups: '[]string atomic',
    resourceNames: '[]string atomic',
    resources: '[]string atomic',
    verbs: '[]string required atomic',
  },
  SelfSubjectAccessReview: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'SelfSubjectAccessReviewSpec required default({})',
    status: 'SubjectAccessReviewStatus default({})',
  },
  SelfSubjectAccessReviewSpec: {
    nonResourceAttributes: 'NonResourceAttributes',
    resourceAttributes: 'ResourceAttributes',
  },
  SelfSubjectRulesReview: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'SelfSubjectRulesReviewSpec required default({})',
    status: 'SubjectRulesReviewStatus default({})',
  },
  SelfSubjectRulesReviewSpec: {
    namespace: 'string',
  },
  SubjectAccessReview: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'SubjectAccessReviewSpec required default({})',
    status: 'SubjectAccessReviewStatus default({})',
  },
  SubjectAccessReviewSpec: {
    extra: '{}[]string',
    groups: '[]string atomic',
    nonResourceAttributes: 'NonResourceAttributes',
    resourceAttributes: 'ResourceAttributes',
    uid: 'string',
    user: 'string',
  },
  SubjectAccessReviewStatus: {
    allowed: 'bool required default(false)',
    denied: 'bool',
    evaluationError: 'string',
    reason: 'string',
  },
  SubjectRulesReviewStatus: {
    '@required': 'resourceRules,nonResourceRules,incomplete',
    evaluationError: 'string',
    incomplete: 'bool required default(false)',
    nonResourceRules: '[]NonResourceRule required atomic',
    resourceRules: '[]ResourceRule required atomic',
  },
});
