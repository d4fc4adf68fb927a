/** Names, taints, tolerations and configuration that device claims, classes and slices share. */
import { stringifyExactJson } from '@k/apimachinery';
import type { FieldErrors } from './field-errors.js';
import { isCIdentifier, isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName } from './names.js';
import { validateCsiDriverName } from './volume-sources.js';

const ID_BYTES_MAX = 32;
const POOL_BYTES_MAX = 253;
/** Bytes that the expression of a selector may have. */
export const SELECTOR_BYTES_MAX: number = 10 * 1024;
const PARAMETERS_BYTES_MAX = 10 * 1024;
const CONDITIONS_MAX = 4;
const SELECTORS_MAX = 32;
const EFFECTS: readonly string[] = ['NoExecute', 'NoSchedule', 'None'];

/** Calls back for every item of a list that is short enough; a longer one is one error. */
export function eachOf<T>(
  items: readonly T[] | undefined,
  max: number,
  at: string,
  errors: FieldErrors,
  visit: (item: T, path: string) => void,
): void {
  if (items === undefined) return;
  if (items.length > max) errors.tooMany(at, items.length, max);
  else {
    items.forEach((item, i) => {
      visit(item, `${at}[${i}]`);
    });
  }
}

/** Like {@link eachOf}, for lists whose items have different keys. */
export function eachOfSet<T>(
  items: readonly T[] | undefined,
  max: number,
  key: (item: T) => string,
  at: string,
  errors: FieldErrors,
  visit: (item: T, path: string) => void,
): void {
  eachOf(items, max, at, errors, visit);
  if (items === undefined || items.length > max) return;
  const seen = new Set<string>();
  items.forEach((item, i) => {
    if (seen.has(key(item))) errors.duplicate(`${at}[${i}]`, key(item));
    seen.add(key(item));
  });
}

/** Names of devices, requests and counters. */
export function validateShortName(name: string, at: string, errors: FieldErrors): void {
  errors.invalidEach(at, name, isDns1123Label(name));
}

/** The name of a pool: DNS subdomains with slashes between them. */
export function validatePoolName(name: string, at: string, errors: FieldErrors): void {
  if (name === '') {
    errors.required(at);
    return;
  }
  if (name.length > POOL_BYTES_MAX) errors.tooLong(at, POOL_BYTES_MAX);
  for (const part of name.split('/')) errors.invalidEach(at, part, isDns1123Subdomain(part));
}

function validateIdentifier(id: string, at: string, errors: FieldErrors): void {
  if (id.length > ID_BYTES_MAX) errors.tooLong(at, ID_BYTES_MAX);
  errors.invalidEach(at, id, isCIdentifier(id));
}

/** The name of an attribute or a capacity: an identifier, with a domain in front or without. */
export function validateAttributeName(name: string, at: string, errors: FieldErrors): void {
  const slash = name.indexOf('/');
  if (slash < 0) {
    validateIdentifier(name, at, errors);
    return;
  }
  if (name.indexOf('/', slash + 1) >= 0) {
    errors.invalid(at, name, 'must not contain more than one slash');
    return;
  }
  const [domain, id] = [name.slice(0, slash), name.slice(slash + 1)];
  if (domain === '') errors.invalid(at, '', 'the domain must not be empty');
  else validateCsiDriverName(domain, at, errors);
  if (id === '') errors.invalid(at, '', 'the name must not be empty');
  else validateIdentifier(id, at, errors);
}

/** The name of an attribute with its domain. */
export function validateFullAttributeName(name: string, at: string, errors: FieldErrors): void {
  validateAttributeName(name, at, errors);
  if (!name.includes('/')) errors.invalid(at, name, 'a fully qualified name must be a domain and a name separated by a slash');
}

/** A choice of devices by an expression. */
export interface DeviceSelector {
  cel?: { expression?: string };
}

/** Selectors of a request or a class. */
export function validateDeviceSelectors(selectors: readonly DeviceSelector[] | undefined, at: string, errors: FieldErrors): void {
  eachOf(selectors, SELECTORS_MAX, at, errors, ({ cel }, path) => {
    if (cel === undefined) errors.required(`${path}.cel`);
    else if (Buffer.byteLength(cel.expression ?? '') > SELECTOR_BYTES_MAX) errors.tooLong(`${path}.cel.expression`, SELECTOR_BYTES_MAX);
  });
}

/** What only a device's driver understands. */
export interface DeviceConfiguration {
  opaque?: { driver?: string; parameters?: unknown };
}

/** Configuration of devices. */
export function validateDeviceConfiguration({ opaque }: DeviceConfiguration, at: string, errors: FieldErrors): void {
  if (opaque === undefined) {
    errors.required(`${at}.opaque`);
    return;
  }
  const { driver = '', parameters } = opaque;
  validateCsiDriverName(driver, `${at}.opaque.driver`, errors);
  const path = `${at}.opaque.parameters`;
  if (parameters === undefined || parameters === null) errors.required(path);
  else if (Buffer.byteLength(stringifyExactJson(parameters)) > PARAMETERS_BYTES_MAX) errors.tooLong(path, PARAMETERS_BYTES_MAX);
  else if (typeof parameters !== 'object' || Array.isArray(parameters)) {
    errors.invalid(path, '<value omitted>', 'parameters must be a valid JSON object');
  }
}

/** A taint of a device. */
export interface DeviceTaint {
  key?: string;
  value?: string;
  effect?: string;
}

function validateLabelText(value: string, at: string, errors: FieldErrors): void {
  errors.invalidEach(at, value, isLabelValue(value));
}

/** A taint. */
export function validateDeviceTaint({ key = '', value = '', effect = '' }: DeviceTaint, at: string, errors: FieldErrors): void {
  errors.invalidEach(`${at}.key`, key, isQualifiedName(key));
  validateLabelText(value, `${at}.value`, errors);
  if (effect === '') errors.required(`${at}.effect`);
  else errors.oneOf(`${at}.effect`, effect, EFFECTS);
}

/** What taints a request puts up with. */
export interface DeviceToleration extends DeviceTaint {
  operator?: string;
}

/** A toleration. */
export function validateDeviceToleration(toleration: DeviceToleration, at: string, errors: FieldErrors): void {
  const { key = '', operator = '', value = '', effect = '' } = toleration;
  if (key !== '') errors.invalidEach(`${at}.key`, key, isQualifiedName(key));
  if (operator === '') errors.required(`${at}.operator`);
  else errors.oneOf(`${at}.operator`, operator, ['Equal', 'Exists']);
  if (operator === 'Exists' && value !== '') errors.invalid(`${at}.value`, value, 'must be empty for operator `Exists`');
  if (operator === 'Equal') validateLabelText(value, `${at}.value`, errors);
  if (effect !== '') errors.oneOf(`${at}.effect`, effect, EFFECTS);
}

/** Conditions that binding waits for, and that make it fail: both or none. */
export function validateBinding(conditions: string[] = [], failures: string[] = [], at: string, errors: FieldErrors): void {
  const visit = (name: string, path: string): void => errors.invalidEach(path, name, isQualifiedName(name));
  eachOf(conditions, CONDITIONS_MAX, `${at}.bindingConditions`, errors, visit);
  eachOf(failures, CONDITIONS_MAX, `${at}.bindingFailureConditions`, errors, visit);
  if (conditions.length === 0 && failures.length > 0) {
    errors.invalid(`${at}.bindingConditions`, conditions, 'bindingConditions are required to use bindingFailureConditions');
  }
  if (conditions.length > 0 && failures.length === 0) {
    errors.invalid(`${at}.bindingFailureConditions`, failures, 'bindingFailureConditions are required to use bindingConditions');
  }
}
