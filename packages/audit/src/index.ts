// For users.

// To build backends and adapters from.
export type { AuditBackend, AuditErrorHandler } from './backends/backend.js';
export { type BufferOptions, bufferedBackend } from './backends/buffered.js';
export { legacyLine } from './backends/legacy-format.js';
export { FileAuditBackend, type LogBackend, type LogOptions, logBackend } from './backends/log.js';
export { truncateBackend } from './backends/truncate.js';
export { ignoreErrors, unionBackend } from './backends/union.js';
export { readWebhookKubeconfig, type WebhookTarget, webhookBackend } from './backends/webhook.js';
export * from './event.js';
export { formatEvent, microTime } from './format-event.js';
export { type KubernetesAttributes, kubernetesAttributes } from './kubernetes-attributes.js';
export { AuditLogger, type LoggedRequest, type LoggedResponse } from './logger.js';
export { createPolicyEvaluator, type PolicyEvaluator, type RulePart } from './policy/evaluator.js';
export type { FlatPolicy } from './policy/flat-policy.js';
export { parsePolicy, policyFaults } from './policy/parse-policy.js';
export type * from './policy/policy.js';
export { AuditPolicyError } from './policy/policy-error.js';
export { type AuditCounters, type AuditRequest, nowMicros, RequestAuditor } from './request-auditor.js';
export { type RequestHeaders, sourceIps } from './source-ips.js';
