/** Calls to webhooks of any kind, for other callers than admission. */
export { WebhookCallError, WebhookClient } from './client.js';
export type { WebhookUser, WebhookUsers } from './credentials.js';
export {
  hasReadyEndpoint,
  resolveClusterAddress,
  resolveService,
  type ServiceAddress,
  type ServicePortReference,
} from './service-endpoint.js';
export type { WebhookClientConfig } from './types.js';
