/** Who is recognised, as the flags say: certificates, static tokens, service accounts. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  type Authenticator,
  createClientCertificateAuthenticator,
  createServiceAccountIssuer,
  createTokenFileAuthenticator,
  type ServiceAccountIssuer,
} from '@k/auth';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { forFlag, readFlagFile } from '../flags/read-file.js';
import { ownSigningKey, readServiceAccountKeys } from '../service-account-keys.js';

const DEFAULT_ISSUER = 'https://kubernetes.default.svc.cluster.local';

/** What the server recognises callers by. */
export interface AuthenticationSetup {
  authenticators: readonly Authenticator[];
  /** PEM of every CA whose client certificates are asked for. */
  clientCa: string;
  serviceAccounts: { issuer: ServiceAccountIssuer; keys: readonly KeyObject[]; issuers: readonly string[] };
}

/** What makes the authenticators once the server's own certificates are there. */
export type MakeAuthentication = (options: {
  /** PEM of the server's own CA, which signed the administrator's certificate. */
  ca: Promise<string>;
  /** Where the server's own service account key lies. */
  certDir: string;
  /** The key, while it is being made; undefined = it is there. */
  newKey: Promise<KeyObject> | undefined;
}) => Promise<AuthenticationSetup>;

/**
 * Checks the flags and reads the files that they name.
 *
 * @throws {@link FlagError} naming the flag whose file cannot be used.
 */
export function setUpAuthentication(flags: Flags): MakeAuthentication {
  const givenCa = readFlagFile(flags, 'client-ca-file');
  if (givenCa !== undefined) forFlag('client-ca-file', () => createClientCertificateAuthenticator({ clientCa: givenCa }));
  const tokens = readFlagFile(flags, 'token-auth-file');
  const tokenFile = tokens === undefined ? [] : [forFlag('token-auth-file', () => createTokenFileAuthenticator(tokens))];
  const issuers = issuersOf(flags);
  for (const issuer of issuers) checkIssuer(issuer);
  const [issuer] = issuers as [string, ...string[]];
  const audiences = apiAudiences(flags);
  const given = readServiceAccountKeys(flags);
  return async ({ ca, certDir, newKey }) => {
    const [ownCa, signing] = await Promise.all([ca, given.signing ?? ownSigningKey(certDir, newKey)]);
    const clientCa = givenCa === undefined ? ownCa : `${ownCa.trim()}\n${givenCa}`;
    return {
      authenticators: [createClientCertificateAuthenticator({ clientCa }), ...tokenFile],
      clientCa,
      serviceAccounts: {
        issuer: createServiceAccountIssuer({ issuer, audiences, signingKey: signing }),
        keys: [createPublicKey(signing), ...given.verification],
        issuers,
      },
    };
  };
}

/** Whom tokens of service accounts are of. */
export function issuersOf(flags: Flags): readonly string[] {
  const given = flags.list('service-account-issuer');
  return given.length > 0 ? given : [DEFAULT_ISSUER];
}

/** What tokens have to be meant for. */
export function apiAudiences(flags: Flags): readonly string[] {
  const given = flags.list('api-audiences');
  return given.length > 0 ? given : issuersOf(flags).slice(0, 1);
}

/** An issuer with a colon has to be a URL: clients look its keys up there. */
function checkIssuer(issuer: string): void {
  if (issuer === '') throw new FlagError('--service-account-issuer must not be empty');
  if (issuer.includes(':') && !URL.canParse(issuer)) {
    throw new FlagError(`--service-account-issuer: ${JSON.stringify(issuer)} contains a ':' but is not a valid URL`);
  }
}
