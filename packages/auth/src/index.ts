export { type ClientCertificateOptions, createClientCertificateAuthenticator } from './authenticators/client-certificate.js';
export { createRequestHeaderAuthenticator, type RequestHeaderOptions } from './authenticators/request-header.js';
export * from './authenticators/service-account.js';
export { bearerToken, createTokenFileAuthenticator } from './authenticators/token-file.js';
export { authenticateToken, authenticateWith } from './authenticators/union.js';
export { createRbacAuthorizer, ruleAllows } from './authorizers/rbac.js';
export { escalationMessage, ruleText, uncoveredRules } from './authorizers/rbac-escalation.js';
export {
  alwaysAllowAuthorizer,
  alwaysDenyAuthorizer,
  forbiddenMessage,
  privilegedGroupAuthorizer,
  unionAuthorizer,
} from './authorizers/union.js';
export * from './interface.js';
