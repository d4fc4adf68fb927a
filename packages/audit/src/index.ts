// For users.

// To build backends and adapters from.
export type { AuditBackend, AuditErrorHandler } from './backends/backend.js';
export { type BufferOptions, bufferedBackend } from './backends/buffered.js';
export { failureText } from './backends/failure-text.js';
export { legacyLine } from './backends/legacy-format.js';
export { FileAuditBackend, type LogBackend, type LogOptions, logBackend } from './backends/log.js';
export { truncateBackend } from './backends/truncate.js';
export { ignoreErrors, unionBackend } from './backends/union.js';
export { type WebhookOptions, webhookBackend } from './backends/webhook.js';
export { AuditWebhookError, type AuditWebhookErrorCode } from './backends/webhook-error.js';
export { type KubeconfigUser, readKubeconfigUsers, readWebhookKubeconfig, type WebhookTarget } from './backends/webhook-kubeconfig.js';
export * from './event.js';
export { createMicroTime, formatEvent, microTime } from './format-event.js';
export { type KubernetesAttributes, kubernetesAttributes } from './kubernetes-attributes.js';
export { AuditLogger, type LoggedRequest, type LoggedResponse } from './logger.js';
export { createPolicyEvaluator, type PolicyEvaluator, type RulePart } from './policy/evaluator.js';
export type { FlatPolicy } from './policy/flat-policy.js';
export { parsePolicy, policyFaults } from './policy/parse-policy.js';
export type * from './policy/policy.js';
export { AuditPolicyError } from './policy/policy-error.js';
export { type AuditCounters, type AuditRequest, nowMicros, RequestAuditor } from './request-auditor.js';
export { type RequestHeaders, sourceIps } from './source-ips.js';
