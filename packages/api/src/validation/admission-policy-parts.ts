/** What validating and mutating admission policies and their bindings have in common. */
import type { LabelSelectorObject } from '@k/apimachinery';
import type { FieldErrors } from './field-errors.js';
import { isDns1035Label, isDns1123Subdomain, isPathSegment, isQualifiedName } from './names.js';
import { validateSelector } from './selectors.js';
import { validateWebhookRule, type WebhookRule } from './webhook-rules.js';

/** `matchConstraints`, `matchResources`. */
export interface MatchResources {
  matchPolicy?: string;
  namespaceSelector?: LabelSelectorObject;
  objectSelector?: LabelSelectorObject;
  resourceRules?: NamedRule[];
  excludeResourceRules?: NamedRule[];
}

/** A rule that may be about some names only. */
export interface NamedRule extends WebhookRule {
  resourceNames?: string[];
}

export interface ParamKind {
  apiVersion?: string;
  kind?: string;
}

export interface ParamRef {
  name?: string;
  namespace?: string;
  selector?: LabelSelectorObject;
  parameterNotFoundAction?: string;
}

const RESERVED: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

/** Whether expressions can use the name. */
export function isCelIdentifier(name: string): boolean {
  return /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) && !RESERVED.has(name);
}

export function validateParamKind({ apiVersion = '', kind = '' }: ParamKind, at: string, errors: FieldErrors): void {
  const parts = apiVersion.split('/');
  const [group, version] = parts.length === 1 ? ['', apiVersion] : [parts[0] as string, parts[1] as string];
  if (apiVersion === '') errors.required(`${at}.apiVersion`);
  else if (parts.length > 2) errors.invalid(`${at}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
  else {
    const groupFaults = group === '' ? [] : isDns1123Subdomain(group);
    if (groupFaults.length > 0) errors.invalid(`${at}.apiVersion`, group, groupFaults.join(','));
    const versionFaults = version === '' ? [] : isDns1035Label(version);
    if (version === '') errors.invalid(`${at}.apiVersion`, apiVersion, 'version must be specified');
    else if (versionFaults.length > 0) errors.invalid(`${at}.apiVersion`, version, versionFaults.join(','));
  }
  const kindFaults = isDns1035Label(kind.toLowerCase());
  if (kind === '') errors.required(`${at}.kind`);
  else if (kindFaults.length > 0) {
    errors.invalid(`${at}.kind`, kind, `may have mixed case, but should otherwise match: ${kindFaults.join(',')}`);
  }
}

export function validateMatchResources(match: MatchResources, at: string, errors: FieldErrors): void {
  if (match.matchPolicy === undefined) errors.required(`${at}.matchPolicy`);
  else errors.oneOf(`${at}.matchPolicy`, match.matchPolicy, ['Equivalent', 'Exact']);
  if (match.namespaceSelector === undefined) errors.required(`${at}.namespaceSelector`);
  else validateSelector(match.namespaceSelector as never, `${at}.namespaceSelector`, errors);
  if (match.objectSelector === undefined) errors.required(`${at}.objectSelector`);
  // Upstream calls it so here; clients see the path as it is.
  else validateSelector(match.objectSelector as never, `${at}.labelSelector`, errors);
  match.resourceRules?.forEach((rule, i) => {
    validateNamedRule(rule, `${at}.resourceRules[${i}]`, errors);
  });
  match.excludeResourceRules?.forEach((rule, i) => {
    validateNamedRule(rule, `${at}.excludeResourceRules[${i}]`, errors);
  });
}

function validateNamedRule(rule: NamedRule, at: string, errors: FieldErrors): void {
  const seen = new Set<string>();
  for (const [i, name] of (rule.resourceNames ?? []).entries()) {
    errors.invalidEach(`${at}.resourceNames[${i}]`, name, isPathSegment(name));
    if (seen.has(name)) errors.duplicate(`${at}.resourceNames[${i}]`, name);
    seen.add(name);
  }
  validateWebhookRule(rule, at, errors);
}

export function validateParamRef(ref: ParamRef, at: string, errors: FieldErrors): void {
  const { name = '', selector, parameterNotFoundAction = '' } = ref;
  const exclusive = 'name and selector are mutually exclusive';
  if (name !== '') {
    errors.invalidEach(`${at}.name`, name, isPathSegment(name));
    if (selector !== undefined) errors.forbidden(`${at}.name`, exclusive);
  }
  if (selector !== undefined) {
    validateSelector(selector as never, `${at}.selector`, errors);
    if (name !== '') errors.forbidden(`${at}.selector`, exclusive);
  }
  if (name === '' && selector === undefined) errors.required(at, 'one of name or selector must be specified');
  if (parameterNotFoundAction === '') errors.required(`${at}.parameterNotFoundAction`);
  else errors.oneOf(`${at}.parameterNotFoundAction`, parameterNotFoundAction, ['Deny', 'Allow']);
}

/** Entries of `matchConditions` but for their expressions. */
export function validateConditionName(name: string, at: string, errors: FieldErrors): void {
  if (name === '') errors.required(at);
  else errors.invalidEach(at, name, isQualifiedName(name));
}
