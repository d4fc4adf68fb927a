/** Authorizers that ask services, made of kubeconfig files. */
import type { ServerMetrics } from '@k/apiserver';
import { createAuthorizationWebhookMetrics } from '@k/apiserver/authorization-webhook-metrics';
import { readWebhookKubeconfig } from '@k/audit';
import type { Authorizer } from '@k/auth';
import { createWebhookAuthorizer, ReviewClient, type WebhookAuthorizerOptions } from '@k/auth/webhook';
import type { Logger } from 'pino';

/** What an authorizer is made with beside its file. */
export type WebhookOptions = Omit<WebhookAuthorizerOptions, 'client' | 'onError' | 'observer'> & { name: string; timeoutMs?: number };

/** Webhooks that came from one configuration and go together. */
export interface Webhooks {
  /** @throws {Error} when the kubeconfig file cannot be used. */
  open(file: string, options: WebhookOptions): Authorizer;
  /** Ends their connections once the calls under way are done. */
  retire(): Promise<void>;
  /** Ends their connections; calls under way fail. */
  close(): Promise<void>;
}

/** Makes sets of webhooks that are counted together. */
export function webhookSets(log: Logger, { registry }: ServerMetrics): () => Webhooks {
  const observerOf = createAuthorizationWebhookMetrics(registry);
  return () => {
    const clients: ReviewClient[] = [];
    return {
      open(file, { timeoutMs = 30_000, ...options }) {
        const client = new ReviewClient({ target: readWebhookKubeconfig(file), timeoutMs });
        clients.push(client);
        const onError = (error: Error): void => log.error({ authorizer: options.name, err: error }, 'authorization webhook failed');
        return createWebhookAuthorizer({ ...options, client, onError, observer: observerOf(options.name) });
      },
      async retire() {
        await Promise.all(clients.map((client) => client.retire()));
      },
      async close() {
        await Promise.all(clients.map((client) => client.close()));
      },
    };
  };
}
