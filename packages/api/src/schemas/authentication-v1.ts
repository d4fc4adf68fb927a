import type { SchemaTable } from './notation.js';

/** Shapes of `authentication.v1`, release 1.36, in the notation of `notation.ts`. */
export const authenticationV1Schemas = (): SchemaTable => ({
  BoundObjectReference: {
    apiVersion: 'string',
    kind: 'string',
    name: 'string',
    uid: 'string',
  },
  SelfSubjectReview: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    status: 'SelfSubjectReviewStatus default({})',
  },
  SelfSubjectReviewStatus: {
    userInfo: 'UserInfo default({})',
  },
  TokenRequest: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'TokenRequestSpec default({})',
    status: 'TokenRequestStatus default({})',
  },
  TokenRequestSpec: {
    audiences: '[]string atomic',
    boundObjectRef: 'BoundObjectReference',
    expirationSeconds: 'int64',
  },
  TokenRequestStatus: {
    expirationTimestamp: 'time',
    token: 'string default("")',
  },
  TokenReview: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'TokenReviewSpec required default({})',
    status: 'TokenReviewStatus default({})',
  },
  TokenReviewSpec: {
    audiences: '[]string atomic',
    token: 'string required',
  },
  TokenReviewStatus: {
    audiences: '[]string atomic',
    authenticated: 'bool',
    error: 'string',
    user: 'UserInfo default({})',
  },
  UserInfo: {
    extra: '{}[]string',
    groups: '[]string atomic',
    uid: 'string',
    username: 'string',
  },
});
