export { JwtAuthenticator, type JwtIssuerSet, type JwtObserver, openJwtIssuers } from './oidc/authenticator.js';
export { SIGNING_ALGORITHMS } from './oidc/id-token.js';
export type { JwtIssuerOptions } from './oidc/issuer.js';
export type { ClaimExpression, ClaimMapping, ClaimRule, UserMapping } from './oidc/user-mapping.js';
