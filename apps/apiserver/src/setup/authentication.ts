/** Who is recognised, as the flags say: certificates, static tokens, service accounts. */
import type { KeyObject } from 'node:crypto';
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
import { serviceAccountKeys } from '../service-account-keys.js';

const DEFAULT_ISSUER = 'https://kubernetes.default.svc.cluster.local';

/** What the server recognises callers by. */
export interface AuthenticationSetup {
  authenticators: readonly Authenticator[];
  /** PEM of every CA whose client certificates are asked for. */
  clientCa: string;
  serviceAccounts: { issuer: ServiceAccountIssuer; keys: readonly KeyObject[]; issuers: readonly string[] };
}

/**
 * @param options.ca - PEM of the server's own CA, which signed the administrator's certificate.
 * @param options.certDir - Where the server's own service account key lies.
 * @throws {@link FlagError} naming the flag whose file cannot be used.
 */
export function setUpAuthentication(flags: Flags, options: { ca: string; certDir: string }): AuthenticationSetup {
  const givenCa = readFlagFile(flags, 'client-ca-file');
  if (givenCa !== undefined) forFlag('client-ca-file', () => createClientCertificateAuthenticator({ clientCa: givenCa }));
  const clientCa = givenCa === undefined ? options.ca : `${options.ca.trim()}\n${givenCa}`;
  const tokens = readFlagFile(flags, 'token-auth-file');
  const authenticators: Authenticator[] = [createClientCertificateAuthenticator({ clientCa })];
  if (tokens !== undefined) authenticators.push(forFlag('token-auth-file', () => createTokenFileAuthenticator(tokens)));
  const issuers = flags.list('service-account-issuer').length > 0 ? flags.list('service-account-issuer') : [DEFAULT_ISSUER];
  for (const issuer of issuers) checkIssuer(issuer);
  const signingKeyFile = flags.optional('service-account-signing-key-file');
  let keys: ReturnType<typeof serviceAccountKeys>;
  try {
    keys = serviceAccountKeys({
      dir: options.certDir,
      keyFiles: flags.list('service-account-key-file'),
      ...(signingKeyFile === undefined ? {} : { signingKeyFile }),
    });
  } catch (error) {
    throw new FlagError((error as Error).message);
  }
  const [issuer] = issuers as [string, ...string[]];
  const audiences = flags.list('api-audiences').length > 0 ? flags.list('api-audiences') : [issuer];
  return {
    authenticators,
    clientCa,
    serviceAccounts: {
      issuer: createServiceAccountIssuer({ issuer, audiences, signingKey: keys.signing }),
      keys: keys.verification,
      issuers,
    },
  };
}

/** An issuer with a colon has to be a URL: clients look its keys up there. */
function checkIssuer(issuer: string): void {
  if (issuer === '') throw new FlagError('--service-account-issuer must not be empty');
  if (issuer.includes(':') && !URL.canParse(issuer)) {
    throw new FlagError(`--service-account-issuer: ${JSON.stringify(issuer)} contains a ':' but is not a valid URL`);
  }
}
