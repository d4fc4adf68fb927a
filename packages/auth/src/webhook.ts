export type { AccessReviewSpec, ReviewRequirement } from './webhook/access-review.js';
export { createWebhookAuthorizer, type WebhookAuthorizerObserver, type WebhookAuthorizerOptions } from './webhook/authorizer.js';
export {
  type PostOptions,
  ReviewClient,
  type ReviewClientOptions,
  type ReviewFields,
  type ReviewTarget,
  type ReviewTry,
} from './webhook/review-client.js';
export { createWebhookTokenAuthenticator, type WebhookTokenAuthenticatorOptions } from './webhook/token-authenticator.js';
