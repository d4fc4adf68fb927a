import type { Authenticator } from '@k/auth';
import type { Logger } from 'pino';
import type { Flags } from '../flags/command-line.js';
import { forFlag } from '../flags/read-file.js';
import { apiAudiences } from './authentication.js';

/** A service that is asked about tokens. */
export interface TokenWebhook {
  authenticator: Authenticator;
  /** Ends its connections. */
  close(): Promise<void>;
}

/**
 * The service of `--authentication-token-webhook-config-file`; undefined when there is none.
 *
 * @throws FlagError when the file cannot be used.
 */
export async function setUpTokenWebhook(flags: Flags, log: Logger): Promise<TokenWebhook | undefined> {
  const flag = 'authentication-token-webhook-config-file';
  const file = flags.optional(flag);
  if (file === undefined) return undefined;
  const [{ createWebhookTokenAuthenticator, ReviewClient }, { readWebhookKubeconfig }] = await Promise.all([
    import('@k/auth/webhook'),
    import('@k/audit'),
  ]);
  const client = forFlag(flag, () => new ReviewClient({ target: readWebhookKubeconfig(file) }));
  const authenticator = createWebhookTokenAuthenticator({
    client,
    version: flags.text('authentication-token-webhook-version') as 'v1' | 'v1beta1',
    audiences: apiAudiences(flags),
    cacheTtlMs: flags.number('authentication-token-webhook-cache-ttl'),
    onError: (error) => log.error({ err: error }, 'authentication webhook failed'),
  });
  return { authenticator, close: () => client.close() };
}
