import type { FieldErrors } from '../validation/field-errors.js';
import type { JsonSchemaProps, ValidationRule } from './json-schema.js';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const LINE_BREAK = /[\r\n]/;

/** A rule as Go prints its struct. */
export function printedRule(rule: ValidationRule): object {
  return {
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  };
}

/** What can be wrong with validation rules without reading them as expressions. */
export function validateRuleTexts(schema: JsonSchemaProps, at: string, errors: FieldErrors): void {
  schema['x-kubernetes-validations']?.forEach((rule, i) => {
    const path = `${at}.x-kubernetes-validations[${i}]`;
    const text = (rule.rule ?? '').trim();
    const message = (rule.message ?? '').trim();
    if (text === '') errors.required(`${path}.rule`, 'rule is not specified');
    if ((rule.message ?? '') !== '' && message === '') {
      errors.invalid(`${path}.message`, rule.message, 'message must be non-empty if specified');
    } else if (LINE_BREAK.test(message)) errors.invalid(`${path}.message`, rule.message, 'message must not contain line breaks');
    else if (LINE_BREAK.test(text) && message === '') {
      errors.required(`${path}.message`, 'message must be specified if rule contains line breaks');
    }
    if ((rule.messageExpression ?? '') !== '' && (rule.messageExpression ?? '').trim() === '') {
      errors.required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified');
    }
    if (rule.reason !== undefined) errors.oneOf(`${path}.reason`, rule.reason, REASONS);
  });
}
