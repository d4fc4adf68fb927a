import { type FieldError, invalid, type KubeObject, newInvalid } from '@k/apimachinery';
import { AdmissionExpressions } from '../cel/admission-expressions.js';
import { CelCompileError } from '../cel/errors.js';
import type { AdmissionRequest } from '../interface.js';
import type { WebhookConfiguration } from './types.js';

const KINDS: Readonly<Record<string, string>> = {
  validatingwebhookconfigurations: 'ValidatingWebhookConfiguration',
  mutatingwebhookconfigurations: 'MutatingWebhookConfiguration',
};

const expressionsOf = (object: KubeObject | null): string[] =>
  ((object as WebhookConfiguration | null)?.webhooks ?? []).flatMap((webhook) =>
    (webhook.matchConditions ?? []).map(({ expression }) => expression),
  );

/**
 * Refuses a webhook configuration with a match condition that does not compile. Expressions that are stored already may
 * stay: another version of the server has accepted them.
 *
 * @throws StatusError 422 naming the expressions.
 */
export function checkMatchConditions(request: AdmissionRequest, expressions?: AdmissionExpressions): void {
  const kind = KINDS[request.resource.resource];
  if (kind === undefined || request.object === null || request.subresource !== '') return;
  const stored = new Set(expressionsOf(request.oldObject));
  const errors: FieldError[] = [];
  let compiler = expressions;
  for (const [i, { matchConditions }] of ((request.object as WebhookConfiguration).webhooks ?? []).entries()) {
    for (const [j, { expression }] of (matchConditions ?? []).entries()) {
      if (stored.has(expression)) continue;
      compiler ??= new AdmissionExpressions();
      const fault = faultOf(compiler, expression);
      if (fault === null) continue;
      errors.push(invalid(`webhooks[${i}].matchConditions[${j}].expression`, expression, fault));
    }
  }
  if (errors.length > 0) throw newInvalid({ group: request.kind.group, kind }, request.name, errors);
}

function faultOf(expressions: AdmissionExpressions, expression: string): string | null {
  try {
    expressions.compile(expression, { hasParams: false, hasAuthorizer: true }, ['bool']);
    return null;
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    return error.message;
  }
}
