/** kube-apiserver's metrics of tokens of OpenID Connect issuers. */
import { createHash } from 'node:crypto';
import type { JwtObserver } from '@k/auth/oidc';
import { Histogram, type Registry } from 'prom-client';

/** Upper bounds in seconds. */
const LATENCY_BUCKETS_SECONDS: number[] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Registers the metrics.
 *
 * @returns What hears of every token that was looked into.
 */
export function createJwtMetrics(registry: Registry): NonNullable<JwtObserver['onToken']> {
  const latency = new Histogram({
    name: 'apiserver_authentication_jwt_authenticator_latency_seconds',
    help: 'Time in seconds of looking into a token, by its issuer; tokens that are still known from before do not count.',
    labelNames: ['result', 'jwt_issuer_hash'],
    buckets: LATENCY_BUCKETS_SECONDS,
    registers: [registry],
  });
  return ({ issuerUrl, seconds, error }) => {
    const jwt_issuer_hash = `sha256:${createHash('sha256').update(issuerUrl).digest('hex')}`;
    latency.observe({ result: error === undefined ? 'success' : 'failure', jwt_issuer_hash }, seconds);
  };
}
