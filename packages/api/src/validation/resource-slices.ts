/** What devices a driver offers on a node, or on several. */
import type { KubeObject } from '@k/apimachinery';
import {
  type DeviceTaint,
  eachOf,
  eachOfSet,
  validateAttributeName,
  validateBinding,
  validateDeviceTaint,
  validatePoolName,
  validateShortName,
} from './device-names.js';
import { deepEqual, type FieldErrors, MUST_BE_POSITIVE } from './field-errors.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Subdomain } from './names.js';
import { quantityOf } from './resources.js';
import { validateNodeSelector } from './scheduling.js';
import type { NodeSelector } from './scheduling-types.js';
import { validateCsiDriverName } from './volume-sources.js';

interface Attribute {
  bool?: boolean;
  int?: number;
  string?: string;
  version?: string;
  bools?: boolean[];
  ints?: number[];
  strings?: string[];
  versions?: string[];
}

interface RequestPolicy {
  default?: string;
  validValues?: string[];
  validRange?: { min?: string; max?: string; step?: string };
}

interface Placement {
  nodeName?: string;
  nodeSelector?: NodeSelector;
  allNodes?: boolean;
}

interface Device extends Placement {
  name?: string;
  attributes?: Record<string, Attribute>;
  capacity?: Record<string, { value?: string; requestPolicy?: RequestPolicy }>;
  taints?: DeviceTaint[];
  consumesCounters?: { counterSet?: string; counters?: Record<string, object> }[];
  allowMultipleAllocations?: boolean;
  bindingConditions?: string[];
  bindingFailureConditions?: string[];
}

interface SliceSpec extends Placement {
  driver?: string;
  pool?: { name?: string; generation?: number; resourceSliceCount?: number };
  perDeviceNodeSelection?: boolean;
  devices?: Device[];
  sharedCounters?: { name?: string; counters?: Record<string, object> }[];
}

const DEVICES_MAX = 128;
const DEVICES_WITH_EXTRAS_MAX = 64;
const COUNTER_SETS_MAX = 8;
const COUNTERS_MAX = 32;
const CONSUMED_SETS_MAX = 2;
const TAINTS_MAX = 16;
const NAMED_VALUES_MAX = 32;
const VALUE_BYTES_MAX = 64;
const OPTIONS_MAX = 10;
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;

function validateAttribute(attribute: Attribute, at: string, errors: FieldErrors): void {
  const texts = (list: string[], path: (i: number) => string, isVersion: boolean): void => {
    list.forEach((value, i) => {
      if (isVersion && !SEMVER.test(value)) errors.invalid(path(i), value, 'must be a string compatible with semver.org spec 2.0.0');
      if (Buffer.byteLength(value) > VALUE_BYTES_MAX) errors.tooLong(path(i), VALUE_BYTES_MAX);
    });
  };
  for (const field of ['string', 'version'] as const) {
    const value = attribute[field];
    if (value !== undefined) texts([value], () => `${at}.${field}`, field === 'version');
    texts(attribute[`${field}s`] ?? [], (i) => `${at}.${field}s[${i}]`, field === 'version');
  }
  const set = Object.values(attribute).filter((value) => value !== undefined).length;
  if (set === 0) errors.invalid(at, '', 'exactly one value must be specified');
  else if (set > 1) errors.invalid(at, attribute, 'exactly one value must be specified');
}

function validatePolicy(policy: RequestPolicy, capacity: string, at: string, errors: FieldErrors): void {
  const { validValues: values = [], validRange: range, default: standard } = policy;
  if (values.length > 0 && range !== undefined) {
    errors.forbidden(at, 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time');
    return;
  }
  if (values.length === 0 && range === undefined) return;
  if (standard === undefined) {
    errors.required(`${at}.default`, `required when ${values.length > 0 ? 'validValues' : 'validRange'} is defined`);
    return;
  }
  const compare = (a: string, b: string): number => quantityOf(a).compare(quantityOf(b));
  if (range === undefined) {
    const path = `${at}.validValues`;
    values.forEach((value, i) => {
      const next = values[i + 1];
      if (next !== undefined && compare(value, next) > 0)
        errors.invalid(`${path}[${i + 1}]`, next, 'values must be sorted in ascending order');
    });
    eachOfSet(
      values,
      OPTIONS_MAX,
      (value) => value,
      path,
      errors,
      (value, where) => {
        if (compare(value, capacity) > 0) errors.invalid(where, value, `option is larger than capacity value: ${capacity}`);
      },
    );
    if (!values.some((value) => compare(value, standard) === 0)) {
      errors.invalid(path, standard, 'default value is not valid according to the requestPolicy');
    }
    return;
  }
  const path = `${at}.validRange`;
  const { min, max } = range;
  if (min === undefined) {
    errors.required(`${path}.min`, 'required when validRange is defined');
    return;
  }
  if (compare(min, capacity) > 0) errors.invalid(`${path}.min`, min, `min is larger than capacity value: ${capacity}`);
  if (compare(standard, min) < 0) errors.invalid(`${path}.default`, standard, `default is less than min: ${min}`);
  if (max === undefined) return;
  if (compare(min, max) > 0) errors.invalid(`${path}.max`, min, `min is larger than max: ${max}`);
  if (compare(max, capacity) > 0) errors.invalid(`${path}.max`, max, `max is larger than capacity value: ${capacity}`);
  if (compare(standard, max) > 0) errors.invalid(`${path}.default`, standard, `default is more than max: ${max}`);
}

/** Where devices can be used: names the fields that say so. */
function validatePlacement(placement: Placement, emptyName: string, at: string, errors: FieldErrors): string[] {
  const { nodeName, nodeSelector, allNodes } = placement;
  const set: string[] = [];
  if (nodeName === '') errors.invalid(`${at}.nodeName`, nodeName, emptyName);
  else if (nodeName !== undefined) {
    set.push('`nodeName`');
    errors.invalidEach(`${at}.nodeName`, nodeName, isDns1123Subdomain(nodeName));
  }
  if (nodeSelector !== undefined) {
    set.push('`nodeSelector`');
    validateNodeSelector(nodeSelector, `${at}.nodeSelector`, errors);
  }
  if (allNodes === true) set.push('`allNodes`');
  else if (allNodes === false) errors.invalid(`${at}.allNodes`, allNodes, 'must be either unset or set to true');
  return set;
}

function validateCounters(counters: Record<string, object> | undefined, at: string, errors: FieldErrors): void {
  const names = Object.keys(counters ?? {});
  if (names.length === 0) errors.required(at);
  else if (names.length > COUNTERS_MAX) errors.tooMany(at, names.length, COUNTERS_MAX);
  else for (const name of names) validateShortName(name, at, errors);
}

function validateCounterSetName(name: string, at: string, errors: FieldErrors): void {
  if (name === '') errors.required(at);
  else validateShortName(name, at, errors);
}

function validateDevice(device: Device, perDevice: boolean, at: string, errors: FieldErrors): void {
  const { attributes = {}, capacity = {} } = device;
  validateShortName(device.name ?? '', `${at}.name`, errors);
  const named = Object.keys(attributes).length + Object.keys(capacity).length;
  if (named > NAMED_VALUES_MAX) {
    errors.invalid(at, named, `the total number of attributes and capacities must not exceed ${NAMED_VALUES_MAX}`);
  }
  for (const [name, attribute] of Object.entries(attributes)) {
    validateAttributeName(name, `${at}.attributes`, errors);
    validateAttribute(attribute, `${at}.attributes[${name}]`, errors);
  }
  for (const [name, { value = '0', requestPolicy }] of Object.entries(capacity)) {
    validateAttributeName(name, `${at}.capacity`, errors);
    if (requestPolicy === undefined) continue;
    const path = `${at}.capacity[${name}].requestPolicy`;
    if (device.allowMultipleAllocations === true) validatePolicy(requestPolicy, value, path, errors);
    else errors.forbidden(path, 'allowMultipleAllocations must be true');
  }
  eachOf(device.taints, TAINTS_MAX, `${at}.taints`, errors, (taint, path) => validateDeviceTaint(taint, path, errors));
  const consumed = `${at}.consumesCounters`;
  eachOfSet(
    device.consumesCounters,
    CONSUMED_SETS_MAX,
    (item) => item.counterSet ?? '',
    consumed,
    errors,
    (item, path) => {
      validateCounterSetName(item.counterSet ?? '', `${path}.counterSet`, errors);
      validateCounters(item.counters, `${path}.counters`, errors);
    },
  );
  if (perDevice) {
    const set = validatePlacement(device, 'must not be empty', at, errors);
    const text =
      'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    if (set.length === 0) errors.required(at, text);
    else if (set.length > 1) errors.invalid(at, `{${set.join(', ')}}`, text);
  } else if (device.nodeName !== undefined || device.nodeSelector !== undefined || device.allNodes !== undefined) {
    const text =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    errors.invalid(at, null, text);
  }
  validateBinding(device.bindingConditions, device.bindingFailureConditions, at, errors);
}

const specOf = (object: KubeObject): SliceSpec => (object['spec'] ?? {}) as SliceSpec;

function validateSlice(object: KubeObject, old: SliceSpec | null, errors: FieldErrors): void {
  const spec = specOf(object);
  const { driver = '', pool = {}, devices = [], perDeviceNodeSelection: perDevice } = spec;
  validateCsiDriverName(driver, 'spec.driver', errors);
  validatePoolName(pool.name ?? '', 'spec.pool.name', errors);
  const { resourceSliceCount: count = 0, generation = 0 } = pool;
  if (count <= 0) errors.invalid('spec.pool.resourceSliceCount', count, MUST_BE_POSITIVE);
  if (generation < 0) errors.invalid('spec.pool.generation', generation, 'must be greater than or equal to zero');
  if (old !== null) {
    errors.immutable('spec.pool.name', pool.name, old.pool?.name);
    errors.immutable('spec.driver', driver, old.driver ?? '');
    errors.immutable('spec.nodeName', spec.nodeName, old.nodeName);
  }
  const set = validatePlacement(spec, 'must be either unset or set to a non-empty string', 'spec', errors);
  if (spec.nodeSelector !== undefined && spec.nodeSelector.nodeSelectorTerms?.length !== 1) {
    const terms = spec.nodeSelector.nodeSelectorTerms ?? null;
    errors.invalid('spec.nodeSelector.nodeSelectorTerms', terms, 'must have exactly one node selector term');
  }
  if (perDevice === true) set.push('`perDeviceNodeSelection`');
  else if (perDevice === false) errors.invalid('spec.perDeviceNodeSelection', perDevice, 'must be either unset or set to true');
  const text = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (set.length === 0) errors.required('spec', text);
  else if (set.length > 1) errors.invalid('spec', `{${set.join(', ')}}`, `${text}, but multiple fields are set`);
  if (spec.sharedCounters !== undefined && spec.devices !== undefined) {
    errors.invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed');
  }
  const hasExtras = devices.some(({ taints = [], consumesCounters = [] }) => taints.length + consumesCounters.length > 0);
  const max = hasExtras ? DEVICES_WITH_EXTRAS_MAX : DEVICES_MAX;
  eachOfSet(
    devices,
    max,
    ({ name = '' }) => name,
    'spec.devices',
    errors,
    (device, path) => {
      const before = old?.devices?.find(({ name }) => name === device.name);
      if (before === undefined || !deepEqual(before, device)) validateDevice(device, perDevice === true, path, errors);
    },
  );
  eachOfSet(
    spec.sharedCounters,
    COUNTER_SETS_MAX,
    ({ name = '' }) => name,
    'spec.sharedCounters',
    errors,
    (counterSet, path) => {
      validateCounterSetName(counterSet.name ?? '', `${path}.name`, errors);
      validateCounters(counterSet.counters, `${path}.counters`, errors);
    },
  );
}

/** Slices of a driver's devices. */
export const resourceSliceValidation: KindValidation = {
  create: (object, errors) => validateSlice(object, null, errors),
  update: (object, old, errors) => validateSlice(object, specOf(old), errors),
};
