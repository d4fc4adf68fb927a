import type { AdmissionMetrics, Operation } from '../interface.js';
import { HookCallError, HookRejection } from './call-hook.js';
import type { Hook } from './hooks.js';
import type { WebhookType } from './types.js';

/** Codes above are counted as this one: a webhook may not create metrics at will. */
const CODE_MAX = 600;

/** Counts one call: how long it took and how it ended. */
export function observeCall(
  metrics: AdmissionMetrics | undefined,
  call: { hook: Hook; type: WebhookType; operation: Operation; durationMs: number; error: unknown },
): void {
  if (metrics === undefined) return;
  const { hook, type, operation, error } = call;
  const isFailure = error instanceof HookCallError;
  const isFailOpen = isFailure && hook.spec.failurePolicy === 'Ignore';
  const isRejected = error !== undefined && !isFailOpen;
  const labels = { name: hook.spec.name, type, operation };
  const code = codeOf(error);
  metrics.observe(
    'apiserver_admission_webhook_admission_duration_seconds',
    { ...labels, rejected: String(isRejected) },
    call.durationMs / 1000,
  );
  metrics.increment('apiserver_admission_webhook_request_total', { ...labels, code, rejected: String(isRejected) });
  if (isFailOpen) metrics.increment('apiserver_admission_webhook_fail_open_count', { name: hook.spec.name, type });
  if (!isRejected) return;
  const errorType = isFailure ? 'calling_webhook_error' : error instanceof HookRejection ? 'no_error' : 'apiserver_internal_error';
  metrics.increment('apiserver_admission_webhook_rejection_count', { ...labels, error_type: errorType, rejection_code: code });
}

function codeOf(error: unknown): string {
  if (error === undefined) return '200';
  if (error instanceof HookCallError) return String(Math.min(error.code, CODE_MAX));
  if (error instanceof HookRejection) return String(Math.min(error.status.code, CODE_MAX));
  return '0';
}
