export type { AccessReviewSpec, ReviewRequirement } from './webhook/access-review.js';
export { createWebhookAuthorizer, type WebhookAuthorizerOptions } from './webhook/authorizer.js';
export { ReviewClient, type ReviewClientOptions, type ReviewFields, type ReviewTarget } from './webhook/review-client.js';
export { createWebhookTokenAuthenticator, type WebhookTokenAuthenticatorOptions } from './webhook/token-authenticator.js';
