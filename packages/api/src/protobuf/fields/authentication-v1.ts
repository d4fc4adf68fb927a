import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `authentication.v1`, release 1.36, in the notation of `notation.ts`. */
export const authenticationV1Fields: FieldNumbers = {
  BoundObjectReference: 'kind apiVersion name uid',
  SelfSubjectReview: 'metadata status',
  SelfSubjectReviewStatus: 'userInfo',
  TokenRequest: 'metadata spec status',
  TokenRequestSpec: 'audiences boundObjectRef=3 expirationSeconds',
  TokenRequestStatus: 'token expirationTimestamp',
  TokenReview: 'metadata spec status',
  TokenReviewSpec: 'token audiences',
  TokenReviewStatus: 'authenticated~ user error audiences',
  UserInfo: 'username uid groups extra',
};
