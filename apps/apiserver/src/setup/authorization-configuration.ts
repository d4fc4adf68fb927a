/** The file of `--authorization-config`: authorizers in order, several webhooks among them. */
import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { compileReviewConditions, type ReviewConditions } from '@k/admission/cel';
import { isDns1123Subdomain } from '@k/api';
import {
  aggregateFieldErrors,
  duplicate,
  type FieldError,
  formatDuration,
  invalid,
  notSupported,
  parseDuration,
  required,
  tooMany,
  typeInvalid,
} from '@k/apimachinery';
import { parseYaml } from '@k/apimachinery/yaml';
import { fieldsOf, listOf, textOf } from './configuration-fields.js';

/** A webhook of the configuration. Durations are milliseconds. */
export interface ConfiguredWebhook {
  timeoutMs: number;
  /** 0 = answers are not remembered. */
  authorizedTtlMs: number;
  unauthorizedTtlMs: number;
  version: 'v1' | 'v1beta1';
  failurePolicy: 'NoOpinion' | 'Deny';
  kubeConfigFile: string;
  /** Undefined = every request. */
  conditions: (ReviewConditions & { expressions: readonly string[] }) | undefined;
}

/** One authorizer of the configuration. */
export interface ConfiguredAuthorizer {
  type: (typeof TYPES)[number];
  name: string;
  /** Of type `Webhook`, and only of that. */
  webhook?: ConfiguredWebhook;
}

const TYPES = ['AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'] as const;
const API_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `apiserver.config.k8s.io/${version}`);
const AUTHORIZER_FIELDS = ['type', 'name', 'webhook'];
const WEBHOOK_FIELDS = [
  ...['authorizedTTL', 'cacheAuthorizedRequests', 'unauthorizedTTL', 'cacheUnauthorizedRequests', 'timeout', 'failurePolicy'],
  ...['subjectAccessReviewVersion', 'matchConditionSubjectAccessReviewVersion', 'connectionInfo', 'matchConditions'],
];
const TIMEOUT_MS_MAX = 30_000;
const CONDITIONS_MAX = 64;

/**
 * Reads the configuration.
 *
 * @param requiredTypes - Of authorizers that must be among them: those that cannot go while a server runs.
 * @throws {Error} with everything that is wrong, each with its field and value.
 */
export function parseAuthorizationConfiguration(text: string, requiredTypes: readonly string[] = []): ConfiguredAuthorizer[] {
  const errors: FieldError[] = [];
  const file = fieldsOf(parseYaml(text), '', errors, ['apiVersion', 'kind', 'authorizers']);
  if (!API_VERSIONS.includes(String(file['apiVersion']))) errors.push(notSupported('apiVersion', file['apiVersion'], API_VERSIONS));
  if (file['kind'] !== 'AuthorizationConfiguration') errors.push(notSupported('kind', file['kind'], ['AuthorizationConfiguration']));
  const list = listOf(file['authorizers'], 'authorizers', errors);
  if (list.length === 0) errors.push(required('authorizers', 'at least one authorization mode must be defined'));
  const seen = { types: new Set<string>(), names: new Set<string>() };
  const authorizers = list.flatMap((item, i) => authorizerOf(item, `authorizers[${i}]`, { errors, seen }));
  if (errors.length > 0) throw new Error(aggregateFieldErrors(errors));
  checkTypes(authorizers, requiredTypes);
  return authorizers;
}

/** Authorizers of which there is one are called as their type. */
function checkTypes(authorizers: readonly ConfiguredAuthorizer[], requiredTypes: readonly string[]): void {
  const faults = authorizers
    .filter(({ type, name }) => type !== 'Webhook' && name !== type.toLowerCase())
    .map(({ type, name }) => `expected name ${type.toLowerCase()} for authorizer ${type} instead of ${name}`);
  const missing = requiredTypes.filter((type) => !authorizers.some((authorizer) => authorizer.type === type)).sort();
  if (missing.length > 0) faults.push(`missing required types: [${missing.join(' ')}]`);
  if (faults.length > 0) throw new Error(faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`);
}

function authorizerOf(
  item: unknown,
  at: string,
  { errors, seen }: { errors: FieldError[]; seen: { types: Set<string>; names: Set<string> } },
): ConfiguredAuthorizer[] {
  const fields = fieldsOf(item, at, errors, AUTHORIZER_FIELDS);
  const type = textOf(fields['type'], `${at}.type`, errors);
  const known = TYPES.find((one) => one === type);
  if (known === undefined) {
    errors.push(type === '' ? required(`${at}.type`) : notSupported(`${at}.type`, type, TYPES));
    return [];
  }
  if (seen.types.has(type) && type !== 'Webhook') {
    errors.push(duplicate(`${at}.type`, type));
    return [];
  }
  seen.types.add(type);
  const name = textOf(fields['name'], `${at}.name`, errors);
  const faults = name === '' ? [] : isDns1123Subdomain(name);
  if (name === '') errors.push(required(`${at}.name`));
  else if (seen.names.has(name)) errors.push(duplicate(`${at}.name`, name));
  else if (faults.length > 0) errors.push(invalid(`${at}.name`, name, `authorizer name is invalid: ${faults.join(', ')}`));
  seen.names.add(name);
  const isGiven = fields['webhook'] !== undefined && fields['webhook'] !== null;
  if (known !== 'Webhook') {
    if (isGiven) errors.push(invalid(`${at}.webhook`, 'non-null', 'may only be specified when type=Webhook'));
    return [{ type: known, name }];
  }
  if (!isGiven) {
    errors.push(required(`${at}.webhook`, 'required when type=Webhook'));
    return [];
  }
  return [{ type: known, name, webhook: webhookOf(fields['webhook'], `${at}.webhook`, errors) }];
}

function webhookOf(item: unknown, at: string, errors: FieldError[]): ConfiguredWebhook {
  const fields = fieldsOf(item, at, errors, WEBHOOK_FIELDS);
  const text = (name: string): string => textOf(fields[name], `${at}.${name}`, errors);
  const choice = <T extends string>(name: string, choices: readonly [T, ...T[]]): T => {
    const given = text(name);
    const found = choices.find((one) => one === given);
    if (found === undefined) errors.push(given === '' ? required(`${at}.${name}`) : notSupported(`${at}.${name}`, given, choices));
    return found ?? choices[0];
  };
  const timeoutMs = durationOf(fields['timeout'], `${at}.timeout`, errors);
  if (timeoutMs === 0) errors.push(required(`${at}.timeout`));
  else if (timeoutMs < 0 || timeoutMs > TIMEOUT_MS_MAX)
    errors.push(invalid(`${at}.timeout`, formatDuration(timeoutMs), 'must be > 0s and <= 30s'));
  const ttl = (name: string, remembers: string, defaultMs: number): number => {
    const given = durationOf(fields[name], `${at}.${name}`, errors);
    if (given < 0) errors.push(invalid(`${at}.${name}`, formatDuration(given), 'must be > 0s'));
    if (fields[remembers] !== undefined && typeof fields[remembers] !== 'boolean')
      errors.push(typeInvalid(`${at}.${remembers}`, fields[remembers], 'must be true or false'));
    return fields[remembers] === false ? 0 : given === 0 ? defaultMs : given;
  };
  const conditions = conditionsOf(fields['matchConditions'], `${at}.matchConditions`, errors);
  const conditionVersion = text('matchConditionSubjectAccessReviewVersion');
  const conditionField = `${at}.matchConditionSubjectAccessReviewVersion`;
  if (conditionVersion === '') {
    if (conditions !== undefined) errors.push(required(conditionField, 'required if match conditions are specified'));
  } else if (conditionVersion !== 'v1') errors.push(notSupported(conditionField, conditionVersion, ['v1']));
  return {
    timeoutMs,
    authorizedTtlMs: ttl('authorizedTTL', 'cacheAuthorizedRequests', 300_000),
    unauthorizedTtlMs: ttl('unauthorizedTTL', 'cacheUnauthorizedRequests', 30_000),
    version: choice('subjectAccessReviewVersion', ['v1', 'v1beta1']),
    failurePolicy: choice('failurePolicy', ['NoOpinion', 'Deny']),
    kubeConfigFile: kubeConfigFileOf(fields['connectionInfo'], `${at}.connectionInfo`, errors),
    conditions,
  };
}

/** This server asks others: its own reviews (`InClusterConfig`) would be answered by asking itself. */
function kubeConfigFileOf(item: unknown, at: string, errors: FieldError[]): string {
  const fields = fieldsOf(item ?? {}, at, errors, ['type', 'kubeConfigFile']);
  const type = textOf(fields['type'], `${at}.type`, errors);
  if (type !== 'KubeConfigFile') {
    errors.push(type === '' ? required(`${at}.type`) : notSupported(`${at}.type`, type, ['KubeConfigFile']));
    return '';
  }
  const field = `${at}.kubeConfigFile`;
  const file = textOf(fields['kubeConfigFile'], field, errors);
  if (file === '') errors.push(required(field));
  else if (!isAbsolute(file)) errors.push(invalid(field, file, 'must be an absolute path'));
  else {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found === undefined) errors.push(invalid(field, file, 'error loading file: no such file'));
    else if (!found.isFile()) errors.push(invalid(field, file, 'must be a regular file'));
  }
  return file;
}

function conditionsOf(given: unknown, at: string, errors: FieldError[]): ConfiguredWebhook['conditions'] {
  const list = listOf(given, at, errors);
  if (list.length === 0) return undefined;
  if (list.length > CONDITIONS_MAX) {
    errors.push(tooMany(at, list.length, CONDITIONS_MAX));
    return undefined;
  }
  const seen = new Set<string>();
  const expressions = list.map((item, i) => {
    const field = `${at}[${i}].expression`;
    const text = textOf(fieldsOf(item, `${at}[${i}]`, errors, ['expression'])['expression'], field, errors);
    if (text.trim() === '') errors.push(required(field));
    else if (seen.has(text)) errors.push(duplicate(field, text));
    seen.add(text);
    return text.trim() === '' ? 'true' : text;
  });
  const compiled = compileReviewConditions(expressions);
  if ('matches' in compiled) return { ...compiled, expressions };
  for (const { index, message } of compiled) errors.push(invalid(`${at}[${index}].expression`, expressions[index], message));
  return undefined;
}

/** Milliseconds; 0 when it is absent. */
function durationOf(value: unknown, at: string, errors: FieldError[]): number {
  const text = textOf(value, at, errors);
  if (text === '') return 0;
  const ms = parseDuration(text);
  if (ms === null) errors.push(invalid(at, text, 'must be a duration such as 300ms, 1m30s or 2h'));
  // What is malformed is reported once.
  return ms ?? 1;
}
