import type { AuthorizerChoice, ServerMetrics } from '@k/apiserver';
import { alwaysAllowAuthorizer, alwaysDenyAuthorizer } from '@k/auth';
import type { Logger } from 'pino';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { forFlag, readFlagFile } from '../flags/read-file.js';

/** Who decides, in order. */
export interface AuthorizationSetup {
  authorizers: readonly AuthorizerChoice[];
  /** Begins to follow the file that they come from, if any; `choose` puts others in force. */
  follow(choose: (choices: readonly AuthorizerChoice[]) => void): void;
  /** Looks at that file now. */
  reload(): void;
  /** Stops following; ends connections to webhooks. */
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

/** Modes that need nothing but their name. */
export const PLAIN_AUTHORIZERS: Readonly<Record<string, AuthorizerChoice>> = {
  AlwaysAllow: alwaysAllowAuthorizer,
  AlwaysDeny: alwaysDenyAuthorizer,
  Node: 'Node',
  RBAC: 'RBAC',
};

/** Flags do not change while the server runs. */
const FIXED = { follow: () => {}, reload: () => {} };

/**
 * The authorizers of `--authorization-mode`, or of the file of `--authorization-config`.
 *
 * @throws {@link FlagError} for a mode that is named twice or lacks its file, none at all, or a file that cannot be used.
 */
export async function setUpAuthorization(flags: Flags, log: Logger, metrics: ServerMetrics): Promise<AuthorizationSetup> {
  const text = readFlagFile(flags, 'authorization-config');
  if (text !== undefined) return fromConfiguration(flags, text, log, metrics);
  const modes = flags.list('authorization-mode');
  if (modes.length === 0) throw new FlagError('at least one authorization-mode must be passed');
  const twice = modes.find((mode, i) => modes.indexOf(mode) !== i);
  if (twice !== undefined) throw new FlagError(`authorization-mode ${JSON.stringify(modes)} has mode specified more than once`);
  const file = flags.optional('authorization-webhook-config-file');
  if (!modes.includes('Webhook')) {
    if (file !== undefined) throw new FlagError('cannot specify --authorization-webhook-config-file without mode Webhook');
    return { ...FIXED, authorizers: modes.map((mode) => PLAIN_AUTHORIZERS[mode] as AuthorizerChoice), close: async () => {} };
  }
  if (file === undefined) throw new FlagError("authorization-mode Webhook's authorization config file not passed");
  const { webhookSets } = await import('./authorization-webhooks.js');
  const webhooks = webhookSets(log, metrics)();
  const options = {
    name: 'webhook',
    version: flags.text('authorization-webhook-version') as 'v1' | 'v1beta1',
    authorizedTtlMs: flags.number('authorization-webhook-cache-authorized-ttl'),
    unauthorizedTtlMs: flags.number('authorization-webhook-cache-unauthorized-ttl'),
  };
  const webhook = forFlag('authorization-webhook-config-file', () => webhooks.open(file, options));
  return { ...FIXED, authorizers: modes.map((mode) => PLAIN_AUTHORIZERS[mode] ?? webhook), close: () => webhooks.close() };
}

async function fromConfiguration(flags: Flags, text: string, log: Logger, metrics: ServerMetrics): Promise<AuthorizationSetup> {
  if (OLDER_FLAGS.some((name) => flags.isGiven(name))) {
    throw new FlagError(
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    );
  }
  const { AuthorizationFile } = await import('./authorization-file.js');
  const options = { file: flags.text('authorization-config'), text, log, metrics };
  const file = forFlag('authorization-config', () => new AuthorizationFile(options));
  return {
    authorizers: file.authorizers,
    follow: (choose) => file.follow(choose),
    reload: () => file.look(),
    close: () => file.close(),
  };
}
