import { type Authorizer, alwaysAllowAuthorizer, alwaysDenyAuthorizer } from '@k/auth';
import type { WebhookAuthorizerOptions } from '@k/auth/webhook';
import type { Logger } from 'pino';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { forFlag, readFlagFile } from '../flags/read-file.js';

/** Who decides, in order. */
export interface AuthorizationSetup {
  authorizers: readonly ('RBAC' | 'Node' | Authorizer)[];
  /** Ends connections to webhooks. */
  close(): Promise<void>;
}

/** What stands in the place of `--authorization-config`. */
const OLDER_FLAGS = [
  'authorization-mode',
  'authorization-webhook-config-file',
  'authorization-webhook-version',
  'authorization-webhook-cache-authorized-ttl',
  'authorization-webhook-cache-unauthorized-ttl',
];

const PLAIN: Readonly<Record<string, 'RBAC' | 'Node' | Authorizer>> = {
  AlwaysAllow: alwaysAllowAuthorizer,
  AlwaysDeny: alwaysDenyAuthorizer,
  Node: 'Node',
  RBAC: 'RBAC',
};

/**
 * The authorizers of `--authorization-mode`, or of the file of `--authorization-config`.
 *
 * @throws {@link FlagError} for a mode that is named twice or lacks its file, none at all, or a file that cannot be used.
 */
export async function setUpAuthorization(flags: Flags, log: Logger): Promise<AuthorizationSetup> {
  const text = readFlagFile(flags, 'authorization-config');
  if (text !== undefined) return fromConfiguration(flags, text, log);
  const modes = flags.list('authorization-mode');
  if (modes.length === 0) throw new FlagError('at least one authorization-mode must be passed');
  const twice = modes.find((mode, i) => modes.indexOf(mode) !== i);
  if (twice !== undefined) throw new FlagError(`authorization-mode ${JSON.stringify(modes)} has mode specified more than once`);
  const file = flags.optional('authorization-webhook-config-file');
  if (!modes.includes('Webhook')) {
    if (file !== undefined) throw new FlagError('cannot specify --authorization-webhook-config-file without mode Webhook');
    return { authorizers: modes.map((mode) => PLAIN[mode] as Authorizer), close: async () => {} };
  }
  if (file === undefined) throw new FlagError("authorization-mode Webhook's authorization config file not passed");
  const webhooks = await openWebhooks(log);
  const options = {
    name: 'webhook',
    version: flags.text('authorization-webhook-version') as 'v1' | 'v1beta1',
    authorizedTtlMs: flags.number('authorization-webhook-cache-authorized-ttl'),
    unauthorizedTtlMs: flags.number('authorization-webhook-cache-unauthorized-ttl'),
  };
  const webhook = forFlag('authorization-webhook-config-file', () => webhooks.open(file, options));
  return { authorizers: modes.map((mode) => PLAIN[mode] ?? webhook), close: webhooks.close };
}

async function fromConfiguration(flags: Flags, text: string, log: Logger): Promise<AuthorizationSetup> {
  if (OLDER_FLAGS.some((name) => flags.isGiven(name))) {
    throw new FlagError(
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    );
  }
  const { parseAuthorizationConfiguration } = await import('./authorization-configuration.js');
  const webhooks = await openWebhooks(log);
  return forFlag('authorization-config', () => {
    const authorizers = parseAuthorizationConfiguration(text).map(({ type, name, webhook }) => {
      if (webhook === undefined) return PLAIN[type] as Authorizer;
      const { kubeConfigFile, conditions, timeoutMs, ...rest } = webhook;
      return webhooks.open(kubeConfigFile, {
        name,
        timeoutMs,
        ...rest,
        ...(conditions === undefined ? {} : { matches: conditions.matches }),
      });
    });
    return { authorizers, close: webhooks.close };
  });
}

type WebhookOptions = Omit<WebhookAuthorizerOptions, 'client' | 'onError'> & { name: string; timeoutMs?: number };

/** Makes authorizers of kubeconfig files; what that takes is loaded only when there is a webhook. */
async function openWebhooks(log: Logger): Promise<{ open(file: string, options: WebhookOptions): Authorizer; close(): Promise<void> }> {
  const [{ createWebhookAuthorizer, ReviewClient }, { readWebhookKubeconfig }] = await Promise.all([
    import('@k/auth/webhook'),
    import('@k/audit'),
  ]);
  const clients: { close(): Promise<void> }[] = [];
  return {
    open(file, { timeoutMs = 30_000, ...options }) {
      const client = new ReviewClient({ target: readWebhookKubeconfig(file), timeoutMs });
      clients.push(client);
      const onError = (error: Error): void => log.error({ authorizer: options.name, err: error }, 'authorization webhook failed');
      return createWebhookAuthorizer({ ...options, client, onError });
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}
