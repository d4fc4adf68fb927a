/** The issuer of the `--oidc-*` flags. */
import { aggregateFieldErrors, type FieldError, required } from '@k/apimachinery';
import type { ServerMetrics } from '@k/apiserver';
import { createJwtMetrics } from '@k/apiserver/jwt-metrics';
import { JwtAuthenticator, type JwtIssuerOptions, type JwtObserver, openJwtIssuers, SIGNING_ALGORITHMS } from '@k/auth/oidc';
import type { Logger } from 'pino';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { readFlagFile } from '../flags/read-file.js';
import { issuersOf } from './authentication.js';
import type { JwtSetup } from './jwt.js';
import { authorityFaults, issuerUrlFaults } from './jwt-issuer.js';

/**
 * Begins to look for the issuer.
 *
 * @throws {@link FlagError} for flags that cannot be used.
 */
export function openOidc(flags: Flags, log: Logger, metrics: ServerMetrics): JwtSetup {
  const issuer = issuerOf(flags);
  const observer = jwtObserver(log, metrics);
  const issuers = openJwtIssuers([issuer], observer);
  return { authenticator: new JwtAuthenticator(issuers, observer), close: () => issuers.close() };
}

/** Counts tokens, and says in the log what is wrong with them and with issuers. */
export function jwtObserver(log: Logger, { registry }: ServerMetrics): JwtObserver {
  const count = createJwtMetrics(registry);
  return {
    onToken(outcome) {
      count(outcome);
      if (outcome.error !== undefined) log.info({ reason: outcome.error.message }, 'Unable to authenticate the request');
    },
    onIssuerError: (error) => log.error({ err: error }, 'oidc authenticator: initializing plugin'),
  };
}

function issuerOf(flags: Flags): JwtIssuerOptions {
  const url = flags.text('oidc-issuer-url');
  const certificateAuthority = readFlagFile(flags, 'oidc-ca-file');
  const claim = flags.text('oidc-username-claim');
  const groups = flags.text('oidc-groups-claim');
  const faults: FieldError[] = [
    ...issuerUrlFaults(url, '--oidc-issuer-url', issuersOf(flags)),
    ...(certificateAuthority === undefined ? [] : authorityFaults(certificateAuthority, '--oidc-ca-file')),
    ...(claim === '' ? [required('--oidc-username-claim', 'claim or expression is required')] : []),
  ];
  if (faults.length > 0) throw new FlagError(aggregateFieldErrors(faults));
  const requiredClaims = requiredClaimsOf(flags);
  const signingAlgorithms = flags.list('oidc-signing-algs');
  const unknown = signingAlgorithms.find((algorithm) => !SIGNING_ALGORITHMS.includes(algorithm));
  if (unknown !== undefined) throw new FlagError(`--oidc-signing-algs: oidc: unsupported signing alg: ${JSON.stringify(unknown)}`);
  return {
    url,
    audiences: [flags.text('oidc-client-id')],
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    ...(signingAlgorithms.length === 0 ? {} : { signingAlgorithms }),
    username: { claim, prefix: usernamePrefix(flags.text('oidc-username-prefix'), claim, url) },
    ...(groups === '' ? {} : { groups: { claim: groups, prefix: flags.text('oidc-groups-prefix') } }),
    requiredClaims,
  };
}

/** Names of users of an issuer are told apart from those of others, unless they are addresses or a flag says otherwise. */
function usernamePrefix(given: string, claim: string, url: string): string {
  if (given === '-') return '';
  return given === '' && claim !== 'email' ? `${url}#` : given;
}

function requiredClaimsOf(flags: Flags): { claim: string; value: string }[] {
  const flag = 'oidc-required-claim';
  const values = new Map<string, string>();
  for (const pair of flags.list(flag)) {
    const at = pair.indexOf('=');
    if (at < 0) throw new FlagError(`invalid argument ${JSON.stringify(pair)} for "--${flag}" flag: malformed pair, expect string=string`);
    values.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
  return [...values].map(([claim, value]) => ({ claim, value }));
}
