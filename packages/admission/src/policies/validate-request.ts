/** What one validating policy says about a request, for one binding and parameter. */
import type { AdmissionRequest } from '../interface.js';
import type { CompiledPolicy, CompiledValidation } from './compiled-policy.js';
import { type Evaluation, OUT_OF_BUDGET, type Outcome, OutOfBudgetError } from './evaluation.js';

const MESSAGE_BYTES_MAX = 5 * 1024;

/** Kinds of errors in metrics. */
export type ErrorType = 'no_error' | 'compile_error' | 'invalid_error' | 'out_of_budget';

/** The outcome of one validation. */
export interface Decision {
  action: 'Admit' | 'Deny';
  message: string;
  /** '' = Invalid. */
  reason: string;
  errorType: ErrorType;
  /** The failure policy let an error pass. */
  isIgnoredError: boolean;
  elapsedMs: number;
}

/** A value for the audit event, or why there is none. */
export interface AuditAnnotation {
  key: string;
  value: string;
  error: string | null;
  elapsedMs: number;
}

/** Everything that a policy says. */
export interface PolicyResult {
  decisions: Decision[];
  annotations: AuditAnnotation[];
}

/** Evaluates match conditions, validations and audit annotations. */
export async function validateRequest(
  policy: CompiledPolicy,
  evaluation: Evaluation,
  operation: AdmissionRequest['operation'],
): Promise<PolicyResult> {
  if (!policy.conditions.isEmpty) {
    const matches = await policy.conditions.evaluate(operation, evaluation.conditionValues());
    if (typeof matches === 'string') return { decisions: [failure(policy, matches)], annotations: [] };
    if (!matches) return { decisions: [], annotations: [] };
  }
  try {
    const decisions: Decision[] = [];
    for (const validation of policy.validations) decisions.push(await decide(policy, validation, evaluation));
    const annotations: AuditAnnotation[] = [];
    for (const annotation of policy.auditAnnotations) {
      const started = performance.now();
      const outcome = await evaluation.evaluate(annotation);
      const found = annotationOf(annotation.key, annotation.text, outcome, performance.now() - started);
      if (found !== null && (found.error === null || policy.failurePolicy === 'Fail')) annotations.push(found);
    }
    return { decisions, annotations };
  } catch (error) {
    if (error instanceof OutOfBudgetError) return { decisions: [failure(policy, error.message)], annotations: [] };
    throw error;
  }
}

/** An error that the failure policy decides about. */
function failure(policy: CompiledPolicy, message: string, elapsedMs = 0, isCompileError = false): Decision {
  const isIgnored = policy.failurePolicy === 'Ignore';
  const isBudget = message === OUT_OF_BUDGET || message.endsWith('cost limit exceeded');
  const errorType = isCompileError ? 'compile_error' : isBudget ? 'out_of_budget' : 'invalid_error';
  return { action: isIgnored ? 'Admit' : 'Deny', message, reason: '', errorType, isIgnoredError: isIgnored, elapsedMs };
}

async function decide(policy: CompiledPolicy, validation: CompiledValidation, evaluation: Evaluation): Promise<Decision> {
  const started = performance.now();
  const pending = evaluation.evaluate(validation);
  const outcome = pending instanceof Promise ? await pending : pending;
  const elapsedMs = performance.now() - started;
  if ('error' in outcome) return failure(policy, outcome.error, elapsedMs, outcome.isCompileError);
  const decision = { message: '', reason: '', errorType: 'no_error', isIgnoredError: false, elapsedMs } as const;
  if (outcome.value === true) return { ...decision, action: 'Admit' };
  const told = await messageOf(validation, evaluation);
  if (told.error !== null) return failure(policy, `failed messageExpression: ${told.error}`, elapsedMs);
  return { ...decision, action: 'Deny', message: told.text, reason: validation.reason };
}

/** The text of a failed validation: of its expression if that gives a usable one, else the written one, else the validation. */
async function messageOf(validation: CompiledValidation, evaluation: Evaluation): Promise<{ text: string; error: string | null }> {
  const { message, messageExpression, text } = validation;
  if (messageExpression !== null) {
    let outcome: Outcome;
    try {
      outcome = await evaluation.evaluate(messageExpression);
    } catch (error) {
      if (!(error instanceof OutOfBudgetError)) throw error;
      return { text: '', error: error.message };
    }
    if ('value' in outcome && typeof outcome.value === 'string') {
      const said = outcome.value.trim();
      if (said !== '' && Buffer.byteLength(said) <= MESSAGE_BYTES_MAX && !said.includes('\n')) return { text: said, error: null };
    }
  }
  return { text: message.trim() === '' ? `failed expression: ${text.trim()}` : message.trim(), error: null };
}

function annotationOf(key: string, text: string, outcome: Outcome, elapsedMs: number): AuditAnnotation | null {
  if ('error' in outcome) return { key, value: '', error: outcome.error, elapsedMs };
  const { value } = outcome;
  if (value === null) return null;
  if (typeof value !== 'string') {
    const why = `valueExpression '${text}' resulted in unsupported return type: ${typeof value}. Return type must be either string or null.`;
    return { key, value: '', error: why, elapsedMs };
  }
  const trimmed = value.trim();
  return trimmed === '' ? null : { key, value: trimmed, error: null, elapsedMs };
}
