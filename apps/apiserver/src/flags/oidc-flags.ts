import type { Flag } from './flag.js';

/** Names the file of issuers of tokens. */
export const AUTHENTICATION_CONFIG_FLAG: Flag = {
  name: 'authentication-config',
  kind: 'file',
  help: 'AuthenticationConfiguration: issuers of tokens, and who may be anonymous. In place of --oidc-*, and of --anonymous-auth.',
};

/** Flags of one OpenID Connect issuer. */
export const OIDC_FLAGS: readonly Flag[] = [
  { name: 'oidc-issuer-url', kind: 'string', help: 'URL of an OpenID Connect issuer whose tokens are accepted; https alone.' },
  { name: 'oidc-client-id', kind: 'string', help: 'Audience that its tokens must be meant for. Needed with --oidc-issuer-url.' },
  { name: 'oidc-ca-file', kind: 'file', help: 'CA that the certificate of the issuer is checked with. Default: those that Node knows.' },
  { name: 'oidc-username-claim', kind: 'string', default: 'sub', help: 'Claim with the name of the user.' },
  {
    name: 'oidc-username-prefix',
    kind: 'string',
    help: 'Put before names of users; - = nothing. Default: the URL of the issuer and a #, unless the claim is email.',
  },
  { name: 'oidc-groups-claim', kind: 'string', help: "Claim with the user's groups: a string or a list of strings." },
  { name: 'oidc-groups-prefix', kind: 'string', help: 'Put before names of groups.' },
  {
    name: 'oidc-signing-algs',
    kind: 'strings',
    default: ['RS256'],
    help: 'Algorithms of signatures: RS256, RS384, RS512, ES256, ES384, ES512, PS256, PS384, PS512.',
  },
  {
    name: 'oidc-required-claim',
    kind: 'strings',
    isWhole: true,
    help: 'Claim that tokens must have, as KEY=VALUE. May be given more than once.',
  },
];
