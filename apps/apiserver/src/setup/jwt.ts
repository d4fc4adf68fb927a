import type { ServerMetrics } from '@k/apiserver';
import type { Authenticator } from '@k/auth';
import type { Logger } from 'pino';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { OIDC_FLAGS } from '../flags/oidc-flags.js';

/** Issuers of tokens other than this server. */
export interface JwtSetup {
  authenticator: Authenticator;
  /** Ends their connections. */
  close(): Promise<void>;
}

/**
 * The issuer of the `--oidc-*` flags; undefined when there is none. It may be found later: the server is ready without it.
 *
 * @throws {@link FlagError} for flags that do not fit together or cannot be used.
 */
export async function setUpJwt(flags: Flags, log: Logger, metrics: ServerMetrics): Promise<JwtSetup | undefined> {
  if (!OIDC_FLAGS.some(({ name }) => flags.isGiven(name))) return undefined;
  if (flags.optional('oidc-issuer-url') === undefined || flags.optional('oidc-client-id') === undefined) {
    throw new FlagError('oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set');
  }
  const { openOidc } = await import('./oidc.js');
  return openOidc(flags, log, metrics);
}
