/** Mutating- and ValidatingWebhookConfiguration, but for the expressions of match conditions, which admission compiles. */
import type { KubeObject, LabelSelectorObject } from '@k/apimachinery';
import type { FieldErrors } from './field-errors.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1035Label, isDns1123Subdomain, isPortNumber, isQualifiedName } from './names.js';
import { validateSelector } from './selectors.js';
import { validateWebhookRule, type WebhookRule } from './webhook-rules.js';

interface Webhook {
  name?: string;
  clientConfig?: { url?: string; service?: { name?: string; namespace?: string; path?: string; port?: number } };
  rules?: WebhookRule[];
  failurePolicy?: string;
  matchPolicy?: string;
  namespaceSelector?: LabelSelectorObject;
  objectSelector?: LabelSelectorObject;
  sideEffects?: string;
  timeoutSeconds?: number;
  admissionReviewVersions?: string[];
  reinvocationPolicy?: string;
  matchConditions?: { name?: string; expression?: string }[];
}

const REVIEW_VERSIONS: readonly string[] = ['v1', 'v1beta1'];
const SIDE_EFFECTS: readonly string[] = ['None', 'NoneOnDryRun'];
const LEGACY_SIDE_EFFECTS: readonly string[] = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];
const MATCH_CONDITIONS_MAX = 64;
const URL_FORM = '; desired format: https://host[/path]';

const webhooksOf = (object: KubeObject): Webhook[] => (object['webhooks'] as Webhook[] | undefined) ?? [];

/** Both kinds. What was wrong before an update may stay, where upstream once accepted it. */
export const webhookConfigurationValidation: KindValidation = {
  create: (object, errors) => validate(webhooksOf(object), null, errors),
  update: (object, old, errors) => validate(webhooksOf(object), webhooksOf(old), errors),
};

function validate(webhooks: readonly Webhook[], before: readonly Webhook[] | null, errors: FieldErrors): void {
  const known = (webhook: Webhook): boolean => webhook.admissionReviewVersions?.some((item) => REVIEW_VERSIONS.includes(item)) ?? false;
  const isUnique = (list: readonly Webhook[]): boolean => new Set(list.map(({ name }) => name)).size === list.length;
  const needsKnownVersion = before?.every(known) ?? true;
  const needsUniqueNames = before === null || isUnique(before);
  const needsNoSideEffects = before?.every(({ sideEffects }) => SIDE_EFFECTS.includes(sideEffects ?? '')) ?? true;
  const names = new Set<string>();
  for (const [i, webhook] of webhooks.entries()) {
    const at = `webhooks[${i}]`;
    validateWebhook(webhook, at, needsNoSideEffects ? SIDE_EFFECTS : LEGACY_SIDE_EFFECTS, errors);
    validateReviewVersions(webhook.admissionReviewVersions ?? [], `${at}.admissionReviewVersions`, needsKnownVersion, errors);
    const { name = '' } = webhook;
    if (needsUniqueNames && name !== '') {
      if (names.has(name)) errors.duplicate(`${at}.name`, name);
      names.add(name);
    }
  }
}

function validateWebhook(webhook: Webhook, at: string, sideEffects: readonly string[], errors: FieldErrors): void {
  validateName(webhook.name ?? '', `${at}.name`, errors);
  for (const [i, rule] of (webhook.rules ?? []).entries()) validateWebhookRule(rule, `${at}.rules[${i}]`, errors);
  errors.oneOf(`${at}.failurePolicy`, webhook.failurePolicy, ['Fail', 'Ignore']);
  errors.oneOf(`${at}.matchPolicy`, webhook.matchPolicy, ['Equivalent', 'Exact']);
  if (webhook.sideEffects === undefined) errors.required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun');
  else errors.oneOf(`${at}.sideEffects`, webhook.sideEffects, sideEffects);
  const { timeoutSeconds } = webhook;
  if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > 30)) {
    errors.invalid(`${at}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds');
  }
  validateSelector(webhook.namespaceSelector as never, `${at}.namespaceSelector`, errors);
  validateSelector(webhook.objectSelector as never, `${at}.objectSelector`, errors);
  const { reinvocationPolicy } = webhook;
  if (reinvocationPolicy !== undefined) errors.oneOf(`${at}.reinvocationPolicy`, reinvocationPolicy, ['IfNeeded', 'Never']);
  validateClientConfig(webhook.clientConfig, `${at}.clientConfig`, errors);
  validateMatchConditions(webhook.matchConditions ?? [], `${at}.matchConditions`, errors);
}

function validateName(name: string, at: string, errors: FieldErrors): void {
  if (name === '') {
    errors.required(at);
    return;
  }
  const faults = isDns1123Subdomain(name);
  if (faults.length > 0) errors.invalid(at, name, faults.join(','));
  else if (name.split('.').length < 3) errors.invalid(at, name, 'should be a domain with at least three segments separated by dots');
}

function validateReviewVersions(versions: readonly string[], at: string, needsKnown: boolean, errors: FieldErrors): void {
  if (versions.length === 0) {
    errors.required(at, `must specify one of ${REVIEW_VERSIONS.join(', ')}`);
    return;
  }
  const seen = new Set<string>();
  for (const [i, version] of versions.entries()) {
    if (seen.has(version)) {
      errors.invalid(`${at}[${i}]`, version, 'duplicate version');
      continue;
    }
    seen.add(version);
    errors.invalidEach(`${at}[${i}]`, version, isDns1035Label(version));
  }
  if (needsKnown && !versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    errors.invalid(at, [...versions], `must include at least one of ${REVIEW_VERSIONS.join(', ')}`);
  }
}

function validateClientConfig(config: Webhook['clientConfig'], at: string, errors: FieldErrors): void {
  const { url, service } = config ?? {};
  if ((url === undefined) === (service === undefined)) errors.required(at, 'exactly one of url or service is required');
  else if (url !== undefined) validateUrl(url, `${at}.url`, errors);
  else if (service !== undefined) validateService(service, `${at}.service`, errors);
}

function validateUrl(url: string, at: string, errors: FieldErrors): void {
  const [, scheme = '', authority = '', query = '', fragment = ''] =
    /^(?:([a-z][a-z\d+.-]*):)?(?:\/\/([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/i.exec(url) ?? [];
  const user = authority.includes('@') ? authority.slice(0, authority.lastIndexOf('@')) : null;
  const host = user === null ? authority : authority.slice(user.length + 1);
  if (scheme.toLowerCase() !== 'https') errors.invalid(at, scheme.toLowerCase(), `'https' is the only allowed URL scheme${URL_FORM}`);
  if (host === '') errors.invalid(at, host, `host must be specified${URL_FORM}`);
  if (user !== null) errors.invalid(at, user.replace(/:.*/, ':xxxxx'), 'user information is not permitted in the URL');
  if (fragment !== '') errors.invalid(at, fragment, 'fragments are not permitted in the URL');
  if (query !== '') errors.invalid(at, query, 'query parameters are not permitted in the URL');
}

type Service = NonNullable<NonNullable<Webhook['clientConfig']>['service']>;

function validateService({ name, namespace, path, port = 443 }: Service, at: string, errors: FieldErrors): void {
  // Upstream takes the two for each other; clients see the paths as they are here.
  if ((name ?? '') === '') errors.required(`${at}.namespace`);
  if ((namespace ?? '') === '') errors.required(`${at}.name`);
  if (isPortNumber(port).length > 0) errors.invalid(`${at}.port`, port, `port is not valid: ${isPortNumber(port).join(', ')}`);
  if (path === undefined || path === '/') return;
  if (!path.startsWith('/')) {
    errors.invalid(`${at}.path`, path, "must start with a '/'");
    return;
  }
  const segments = path.slice(1).split('/');
  // A slash at the end is no segment of its own.
  const last = segments.at(-1) === '' ? segments.length - 1 : segments.length;
  for (const [i, segment] of segments.slice(0, last).entries()) {
    if (segment === '') errors.invalid(`${at}.path`, path, `segment[${i}] may not be empty`);
    else for (const text of isDns1123Subdomain(segment)) errors.invalid(`${at}.path`, path, `segment[${i}]: ${text}`);
  }
}

function validateMatchConditions(conditions: NonNullable<Webhook['matchConditions']>, at: string, errors: FieldErrors): void {
  if (conditions.length > MATCH_CONDITIONS_MAX) errors.tooMany(at, conditions.length, MATCH_CONDITIONS_MAX);
  const names = new Set<string>();
  for (const [i, { name = '', expression = '' }] of conditions.entries()) {
    if (expression.trim() === '') errors.required(`${at}[${i}].expression`);
    if (name === '') errors.required(`${at}[${i}].name`);
    else {
      errors.invalidEach(`${at}[${i}].name`, name, isQualifiedName(name));
      if (names.has(name)) errors.duplicate(`${at}[${i}].name`, name);
      names.add(name);
    }
  }
}
