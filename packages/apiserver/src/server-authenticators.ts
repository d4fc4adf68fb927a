import { type Authenticator, createServiceAccountAuthenticator } from '@k/auth';
import type { BootstrapSecret } from '@k/auth/bootstrap-token';
import type { InformerSet } from './informer-set.js';
import type { ServerOptions } from './server.js';
import { boundObjectCheck } from './service-account-check.js';

/** Everybody who knows callers, in the order in which they are asked. */
export async function serverAuthenticators(options: ServerOptions, informers: InformerSet): Promise<readonly Authenticator[]> {
  const { authenticators, serviceAccounts, bootstrapTokens = false, lastAuthenticators = [] } = options;
  return [
    ...authenticators,
    ...(serviceAccounts === undefined ? [] : [serviceAccountAuthenticator(serviceAccounts, informers)]),
    ...(bootstrapTokens ? [await bootstrapTokenAuthenticator(options, informers)] : []),
    ...lastAuthenticators,
  ];
}

function serviceAccountAuthenticator(
  { issuer, issuers, keys }: NonNullable<ServerOptions['serviceAccounts']>,
  informers: InformerSet,
): Authenticator {
  const { audiences } = issuer;
  return createServiceAccountAuthenticator({ issuers, audiences, keys, checkBound: boundObjectCheck(informers) });
}

async function bootstrapTokenAuthenticator({ log }: ServerOptions, informers: InformerSet): Promise<Authenticator> {
  const { createBootstrapTokenAuthenticator } = await import('@k/auth/bootstrap-token');
  return createBootstrapTokenAuthenticator({
    secret: async (name) => (await informers.getCached('', 'secrets', 'kube-system', name)) as BootstrapSecret | undefined,
    onRefused: (message) => log.debug(message),
  });
}
