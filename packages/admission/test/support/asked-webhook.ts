/** One webhook "h.example.com" of a chain, asked about a config map. */
import type { AdmissionOutcome } from '../../src/index.js';
import { type CertificateAuthority, createAuthority } from './certificate-authority.js';
import { createWebhookChain } from './webhook-chain.js';
import { startWebhook, type WebhookServer } from './webhook-server.js';

export const failed = (reason: string): string => `Internal error occurred: failed calling webhook "h.example.com": ${reason}`;

/** The Status of a refusal. */
export function refusal(outcome: AdmissionOutcome): Extract<AdmissionOutcome, { allowed: false }>['error']['status'] | null {
  return outcome.allowed ? null : outcome.error.status;
}

/** Asks a chain with this webhook alone. */
export async function ask(kind: 'mutating' | 'validating', webhook: object, request: object = {}): Promise<AdmissionOutcome> {
  const chain = createWebhookChain();
  chain.configure(kind, 'cfg', [{ name: 'h.example.com', ...webhook }]);
  return chain.run(request);
}

/** A webhook server whose authority the configurations trust. */
export interface AskedServer {
  readonly server: WebhookServer;
  readonly authority: CertificateAuthority;
  readonly caBundle: string;
  /** The configuration of the webhook at a path. */
  at(path: string): { clientConfig: { url: string; caBundle: string } };
  /** What is said of a call that brought no answer. */
  posted(path: string, reason: string, seconds?: number): string;
}

/** @param routes - By path. */
export async function startAskedServer(routes: Parameters<typeof startWebhook>[1]): Promise<AskedServer> {
  const authority = await createAuthority();
  const { caBundle } = authority;
  const server = await startWebhook(await authority.issue(['127.0.0.1', 'localhost', 'hook.ns.svc']), routes);
  return {
    server,
    authority,
    caBundle,
    at: (path) => ({ clientConfig: { url: `${server.url}${path}`, caBundle } }),
    posted: (path, reason, seconds = 10) => failed(`failed to call webhook: Post "${server.url}${path}?timeout=${seconds}s": ${reason}`),
  };
}
