import type { FieldErrors } from './field-errors.js';
import { isLabelValue, isQualifiedName } from './names.js';

/** A selector of labels as clients send it; operators are not trusted. */
export interface Selector {
  matchLabels?: Record<string, string>;
  matchExpressions?: SelectorTerm[];
}

/** One condition of a selector. */
export interface SelectorTerm {
  key?: string;
  operator?: string;
  values?: string[];
}

/** A map of labels. */
export function validateLabels(labels: Record<string, string> | undefined, at: string, errors: FieldErrors): void {
  for (const key in labels) {
    errors.invalidEach(at, key, isQualifiedName(key));
    const value = labels[key] as string;
    errors.invalidEach(at, value, isLabelValue(value));
  }
}

/** A `metav1.LabelSelector`. */
export function validateSelector(selector: Selector | undefined, at: string, errors: FieldErrors): void {
  if (selector === undefined) return;
  validateLabels(selector.matchLabels, `${at}.matchLabels`, errors);
  selector.matchExpressions?.forEach((term, i) => {
    validateTerm(term, `${at}.matchExpressions[${i}]`, errors);
  });
}

function validateTerm({ key = '', operator = '', values = [] }: SelectorTerm, at: string, errors: FieldErrors): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) errors.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else errors.invalid(`${at}.operator`, operator, 'not a valid selector operator');
  errors.invalidEach(`${at}.key`, key, isQualifiedName(key));
  values.forEach((value, i) => {
    errors.invalidEach(`${at}.values[${i}]`, value, isLabelValue(value));
  });
}

/** Whether the selector has no condition at all. */
export function isEmptySelector(selector: Selector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0;
}

/** Whether a valid selector selects these labels; an absent one selects nothing. */
export function selects(selector: Selector | undefined, labels: Record<string, string>): boolean {
  if (selector === undefined) return false;
  for (const key in selector.matchLabels) {
    if (!Object.hasOwn(labels, key) || labels[key] !== selector.matchLabels[key]) return false;
  }
  return (selector.matchExpressions ?? []).every(({ key = '', operator, values = [] }) => {
    const has = Object.hasOwn(labels, key);
    if (operator === 'Exists') return has;
    if (operator === 'DoesNotExist') return !has;
    const listed = has && values.includes(labels[key] as string);
    return operator === 'In' ? listed : !listed;
  });
}
