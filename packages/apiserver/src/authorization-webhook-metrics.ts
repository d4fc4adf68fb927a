/** kube-apiserver's metrics of authorization webhooks. */
import type { WebhookAuthorizerObserver } from '@k/auth/webhook';
import { Counter, Histogram, type Registry } from 'prom-client';

/** Upper bounds in seconds: expressions are quick. */
const CONDITION_BUCKETS_SECONDS: number[] = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25];

/**
 * Registers the metrics.
 *
 * @returns What makes the observer of the webhook with a name.
 */
export function createAuthorizationWebhookMetrics(registry: Registry): (name: string) => WebhookAuthorizerObserver {
  const registers = [registry];
  const prefix = 'apiserver_authorization';
  const tries = new Counter({
    name: `${prefix}_webhook_evaluations_total`,
    help: 'Round trips to authorization webhooks.',
    labelNames: ['name', 'result'],
    registers,
  });
  const durations = new Histogram({
    name: `${prefix}_webhook_duration_seconds`,
    help: 'Time in seconds of a round trip to an authorization webhook.',
    labelNames: ['name', 'result'],
    registers,
  });
  const failOpen = new Counter({
    name: `${prefix}_webhook_evaluations_fail_open_total`,
    help: 'Failures of authorization webhooks that let the next authorizer decide.',
    labelNames: ['name', 'result'],
    registers,
  });
  const errors = new Counter({
    name: `${prefix}_match_condition_evaluation_errors_total`,
    help: 'Requests for which the match conditions of an authorization webhook failed.',
    labelNames: ['type', 'name'],
    registers,
  });
  const exclusions = new Counter({
    name: `${prefix}_match_condition_exclusions_total`,
    help: 'Requests that the match conditions of an authorization webhook kept from it.',
    labelNames: ['type', 'name'],
    registers,
  });
  const conditionSeconds = new Histogram({
    name: `${prefix}_match_condition_evaluation_seconds`,
    help: 'Time in seconds that the match conditions of an authorization webhook took for a request.',
    labelNames: ['type', 'name'],
    buckets: CONDITION_BUCKETS_SECONDS,
    registers,
  });
  return (name) => ({
    onTry({ result, seconds }) {
      tries.inc({ name, result });
      durations.observe({ name, result }, seconds);
    },
    onFailOpen: (result) => failOpen.inc({ name, result }),
    onConditions(outcome, seconds) {
      const labels = { type: 'Webhook', name };
      conditionSeconds.observe(labels, seconds);
      if (outcome === 'failed') errors.inc(labels);
      if (outcome === 'excluded') exclusions.inc(labels);
    },
  });
}
