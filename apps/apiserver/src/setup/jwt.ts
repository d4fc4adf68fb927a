import type { ServerMetrics } from '@k/apiserver';
import type { Authenticator } from '@k/auth';
import type { Logger } from 'pino';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { OIDC_FLAGS } from '../flags/oidc-flags.js';
import { forFlag, readFlagFile } from '../flags/read-file.js';
import { issuersOf } from './authentication.js';

/** Issuers of tokens other than this server. */
export interface JwtSetup {
  authenticator: Authenticator;
  /** Whether requests without credentials are taken; paths = those alone. Undefined = flags say so. */
  anonymous?: boolean | ReadonlySet<string> | undefined;
  /** Looks at the file that they come from, if any. */
  reload?(): void;
  /** Ends their connections. */
  close(): Promise<void>;
}

/**
 * The issuers of `--authentication-config`, or the one of the `--oidc-*` flags; undefined when there is neither. They may be found
 * later: the server is ready without them.
 *
 * @throws {@link FlagError} for flags that do not fit together or cannot be used.
 */
export async function setUpJwt(flags: Flags, log: Logger, metrics: ServerMetrics): Promise<JwtSetup | undefined> {
  const hasOidcFlags = OIDC_FLAGS.some(({ name }) => flags.isGiven(name));
  const text = readFlagFile(flags, 'authentication-config');
  if (text !== undefined) {
    if (hasOidcFlags) throw new FlagError('authentication-config file and oidc-* flags are mutually exclusive');
    return fromConfiguration(flags, text, log, metrics);
  }
  if (!hasOidcFlags) return undefined;
  if (flags.optional('oidc-issuer-url') === undefined || flags.optional('oidc-client-id') === undefined) {
    throw new FlagError('oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set');
  }
  const { openOidc } = await import('./oidc.js');
  return openOidc(flags, log, metrics);
}

async function fromConfiguration(flags: Flags, text: string, log: Logger, metrics: ServerMetrics): Promise<JwtSetup> {
  const flag = 'authentication-config';
  const { AuthenticationFile } = await import('./authentication-file.js');
  const options = { file: flags.text(flag), text, log, metrics, disallowedIssuers: issuersOf(flags) };
  const file = forFlag(flag, () => new AuthenticationFile(options));
  if (file.anonymous !== undefined && flags.isGiven('anonymous-auth')) {
    await file.close();
    throw new FlagError(
      'anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file',
    );
  }
  return file;
}
