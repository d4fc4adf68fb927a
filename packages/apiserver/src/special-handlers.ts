/** Resources and subresources with a handler of their own; all others share the generic ones. */
import type { Authenticator, ServiceAccountIssuer } from '@k/auth';
import type { SpecialHandlers } from './rest/dispatch.js';
import {
  handleLocalSubjectAccessReview,
  handleSelfSubjectAccessReview,
  handleSelfSubjectRulesReview,
  handleSubjectAccessReview,
} from './reviews/access-reviews.js';
import { handleSelfSubjectReview, tokenReviewHandler } from './reviews/authentication-reviews.js';
import type { ResourceHandler } from './server-context.js';
import { handleBinding, handlePodBinding } from './subresources/binding.js';
import { handleEviction } from './subresources/eviction.js';
import { tokenHandler } from './subresources/token.js';

/** @param issuer - Absent: the server issues no service account tokens. */
export function specialHandlers(
  authenticators: readonly Authenticator[],
  audiences: readonly string[],
  issuer: ServiceAccountIssuer | undefined,
): SpecialHandlers {
  return new Map<string, Readonly<Record<string, ResourceHandler>>>([
    ['selfsubjectreviews.authentication.k8s.io', { create: handleSelfSubjectReview }],
    ['tokenreviews.authentication.k8s.io', { create: tokenReviewHandler(authenticators, audiences) }],
    ['selfsubjectaccessreviews.authorization.k8s.io', { create: handleSelfSubjectAccessReview }],
    ['subjectaccessreviews.authorization.k8s.io', { create: handleSubjectAccessReview }],
    ['localsubjectaccessreviews.authorization.k8s.io', { create: handleLocalSubjectAccessReview }],
    ['selfsubjectrulesreviews.authorization.k8s.io', { create: handleSelfSubjectRulesReview }],
    ['bindings.', { create: handleBinding }],
    ['pods./binding', { create: handlePodBinding }],
    ['pods./eviction', { create: handleEviction }],
    ...(issuer === undefined ? [] : ([['serviceaccounts./token', { create: tokenHandler(issuer) }]] as const)),
  ]);
}
