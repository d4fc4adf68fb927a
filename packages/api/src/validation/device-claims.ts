/** Claims for devices, templates for them, and classes of devices. */
import type { KubeObject } from '@k/apimachinery';
import {
  type DeviceConfiguration,
  type DeviceSelector,
  type DeviceToleration,
  eachOf,
  eachOfSet,
  validateBinding,
  validateDeviceConfiguration,
  validateDeviceSelectors,
  validateDeviceToleration,
  validateFullAttributeName,
  validatePoolName,
  validateShortName,
} from './device-names.js';
import { deepEqual, type FieldErrors, IMMUTABLE, MUST_BE_POSITIVE } from './field-errors.js';
import { internalForm } from './internal-form.js';
import type { KindValidation, UpdateRule } from './kind-validation.js';
import { validateAnnotations } from './metadata.js';
import { isDns1123Subdomain } from './names.js';
import { isExtended } from './resources.js';
import { validateNodeSelector } from './scheduling.js';
import type { NodeSelector } from './scheduling-types.js';
import { validateLabels } from './selectors.js';
import { validateCsiDriverName } from './volume-sources.js';

const REQUESTS_MAX = 32;
const CONSTRAINTS_MAX = 32;
const CONFIG_MAX = 32;
const CHOICES_MAX = 8;
const CONSUMERS_MAX = 256;
const RESULTS_MAX = 32;
const REFERENCE = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

interface ExactRequest {
  deviceClassName?: string;
  selectors?: DeviceSelector[];
  allocationMode?: string;
  count?: number;
  tolerations?: DeviceToleration[];
}

interface Request {
  name?: string;
  exactly?: ExactRequest;
  firstAvailable?: (ExactRequest & { name?: string })[];
}

interface Configuration extends DeviceConfiguration {
  requests?: string[];
  source?: string;
}

interface Devices {
  requests?: Request[];
  constraints?: { requests?: string[]; matchAttribute?: string; distinctAttribute?: string }[];
  config?: Configuration[];
}

interface ClaimSpec {
  devices?: Devices;
}

/** The names that constraints and configuration may refer to. */
type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

function namesOf({ requests = [] }: Devices): RequestNames {
  return new Map(requests.map(({ name = '', firstAvailable = [] }) => [name, new Set(firstAvailable.map((sub) => sub.name ?? ''))]));
}

function validateReference(reference: string, names: RequestNames, at: string, errors: FieldErrors): void {
  const parts = reference.split('/');
  if (parts.length > 2) {
    errors.invalid(at, reference, REFERENCE);
    return;
  }
  for (const part of parts) validateShortName(part, at, errors);
  const [name = '', sub] = parts;
  const known = names.get(name);
  if (known === undefined || (sub !== undefined && !known.has(sub))) errors.invalid(at, reference, REFERENCE);
}

function validateReferences(references: string[] | undefined, names: RequestNames, at: string, errors: FieldErrors): void {
  eachOfSet(
    references,
    REQUESTS_MAX,
    (name) => name,
    at,
    errors,
    (name, path) => validateReference(name, names, path, errors),
  );
}

function validateExact(request: ExactRequest, at: string, errors: FieldErrors): void {
  const { deviceClassName = '', allocationMode = '', count = 0 } = request;
  if (deviceClassName === '') errors.required(`${at}.deviceClassName`);
  else errors.invalidEach(`${at}.deviceClassName`, deviceClassName, isDns1123Subdomain(deviceClassName));
  validateDeviceSelectors(request.selectors, `${at}.selectors`, errors);
  if (allocationMode === 'All') {
    if (count !== 0) errors.invalid(`${at}.count`, count, "must not be specified when allocationMode is 'All'");
  } else if (allocationMode === 'ExactCount') {
    if (count <= 0) errors.invalid(`${at}.count`, count, MUST_BE_POSITIVE);
  } else errors.notSupported(`${at}.allocationMode`, allocationMode, ['All', 'ExactCount']);
  request.tolerations?.forEach((toleration, i) => {
    validateDeviceToleration(toleration, `${at}.tolerations[${i}]`, errors);
  });
}

function validateRequest(request: Request, at: string, errors: FieldErrors): void {
  const { name = '', exactly, firstAvailable = [] } = request;
  validateShortName(name, `${at}.name`, errors);
  const text = 'exactly one of `exactly` or `firstAvailable` is required';
  if (exactly === undefined && firstAvailable.length === 0) errors.required(at, text);
  else if (exactly !== undefined && firstAvailable.length > 0) errors.invalid(at, null, `${text}, but multiple fields are set`);
  else if (exactly !== undefined) validateExact(exactly, `${at}.exactly`, errors);
  else {
    eachOfSet(
      firstAvailable,
      CHOICES_MAX,
      (sub) => sub.name ?? '',
      `${at}.firstAvailable`,
      errors,
      (sub, path) => {
        validateShortName(sub.name ?? '', `${path}.name`, errors);
        validateExact(sub, path, errors);
      },
    );
  }
}

function validateClaim({ devices = {} }: ClaimSpec, at: string, errors: FieldErrors): void {
  const names = namesOf(devices);
  const path = `${at}.devices`;
  eachOfSet(
    devices.requests,
    REQUESTS_MAX,
    ({ name = '' }) => name,
    `${path}.requests`,
    errors,
    (request, where) => validateRequest(request, where, errors),
  );
  eachOf(devices.constraints, CONSTRAINTS_MAX, `${path}.constraints`, errors, (constraint, where) => {
    const { requests, matchAttribute, distinctAttribute } = constraint;
    validateReferences(requests, names, `${where}.requests`, errors);
    if (matchAttribute !== undefined) validateFullAttributeName(matchAttribute, `${where}.matchAttribute`, errors);
    else if (distinctAttribute !== undefined) validateFullAttributeName(distinctAttribute, `${where}.distinctAttribute`, errors);
    else {
      errors.required(where, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set');
    }
  });
  eachOf(devices.config, CONFIG_MAX, `${path}.config`, errors, (config, where) => {
    validateReferences(config.requests, names, `${where}.requests`, errors);
    validateDeviceConfiguration(config, where, errors);
  });
}

const specOf = <T>(object: KubeObject): T => (object['spec'] ?? {}) as T;

interface Allocation {
  nodeSelector?: NodeSelector;
  devices?: {
    results?: {
      request?: string;
      driver?: string;
      pool?: string;
      device?: string;
      bindingConditions?: string[];
      bindingFailureConditions?: string[];
      tolerations?: DeviceToleration[];
    }[];
    config?: Configuration[];
  };
}

interface ClaimStatus {
  allocation?: Allocation;
  reservedFor?: { resource?: string; name?: string; uid?: string }[];
}

function validateAllocation({ devices = {}, nodeSelector }: Allocation, names: RequestNames, at: string, errors: FieldErrors): void {
  eachOf(devices.results, RESULTS_MAX, `${at}.devices.results`, errors, (result, path) => {
    validateReference(result.request ?? '', names, `${path}.request`, errors);
    validateCsiDriverName(result.driver ?? '', `${path}.driver`, errors);
    validatePoolName(result.pool ?? '', `${path}.pool`, errors);
    validateShortName(result.device ?? '', `${path}.device`, errors);
    validateBinding(result.bindingConditions, result.bindingFailureConditions, path, errors);
    result.tolerations?.forEach((toleration, i) => {
      validateDeviceToleration(toleration, `${path}.tolerations[${i}]`, errors);
    });
  });
  eachOf(devices.config, 2 * CONFIG_MAX, `${at}.devices.config`, errors, (config, path) => {
    const { source = '' } = config;
    if (source === '') errors.required(`${path}.source`);
    else errors.oneOf(`${path}.source`, source, ['FromClaim', 'FromClass']);
    validateReferences(config.requests, names, `${path}.requests`, errors);
    validateDeviceConfiguration(config, path, errors);
  });
  if (nodeSelector !== undefined) validateNodeSelector(nodeSelector, `${at}.nodeSelector`, errors);
}

function validateClaimStatus(object: KubeObject, old: KubeObject, errors: FieldErrors): void {
  const { allocation, reservedFor = [] } = (object['status'] ?? {}) as ClaimStatus;
  const before = (old['status'] ?? {}) as ClaimStatus;
  const at = 'status.reservedFor';
  eachOfSet(
    reservedFor,
    CONSUMERS_MAX,
    ({ uid = '' }) => uid,
    at,
    errors,
    ({ resource = '', name = '', uid = '' }, path) => {
      if (resource === '') errors.required(`${path}.resource`);
      if (name === '') errors.required(`${path}.name`);
      if (uid === '') errors.required(`${path}.uid`);
    },
  );
  if (reservedFor.length > 0) {
    const isNew = reservedFor.some((consumer) => !(before.reservedFor ?? []).some((known) => deepEqual(known, consumer)));
    if (allocation === undefined) errors.forbidden(at, 'may not be specified when `allocated` is not set');
    else if (object.metadata?.deletionTimestamp !== undefined && isNew) {
      errors.forbidden(at, 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set');
    }
  }
  if (allocation === undefined) return;
  if (before.allocation !== undefined) errors.immutable('status.allocation', allocation, before.allocation);
  else validateAllocation(allocation, namesOf(specOf<ClaimSpec>(object).devices ?? {}), 'status.allocation', errors);
}

/** What is asked for cannot change. */
function fixedSpec(form: (spec: object) => object): UpdateRule {
  return (object, old, errors) => {
    if (!deepEqual(object['spec'], old['spec'])) errors.invalid('spec', form(specOf(object)), IMMUTABLE);
  };
}

/** Claims for devices. */
export const deviceClaimValidation: KindValidation = {
  create: (object, errors) => validateClaim(specOf<ClaimSpec>(object), 'spec', errors),
  metadataOnUpdate: 'both',
  update: fixedSpec((spec) => internalForm('ResourceClaimSpec', spec)),
  subresources: { status: validateClaimStatus },
};

const TEMPLATE_METADATA: ReadonlySet<string> = new Set(['labels', 'annotations', 'creationTimestamp']);

/** Templates for claims. */
export const deviceClaimTemplateValidation: KindValidation = {
  create: (object, errors) => {
    const { metadata = {}, spec = {} } = specOf<{ metadata?: Record<string, unknown>; spec?: ClaimSpec }>(object);
    validateAnnotations(metadata['annotations'] as Record<string, string> | undefined, 'spec.metadata.annotations', errors);
    validateLabels(metadata['labels'] as Record<string, string> | undefined, 'spec.metadata.labels', errors);
    for (const field of Object.keys(metadata)) {
      if (!TEMPLATE_METADATA.has(field)) errors.forbidden(`spec.metadata.${field}`, 'cannot be set');
    }
    validateClaim(spec, 'spec.spec', errors);
  },
  update: fixedSpec((spec) => {
    const { metadata, spec: claim } = spec as { metadata?: object; spec?: object };
    return { ...metadata, Spec: internalForm('ResourceClaimSpec', claim) };
  }),
};

interface ClassSpec {
  selectors?: DeviceSelector[];
  config?: DeviceConfiguration[];
  extendedResourceName?: string;
}

/** Classes of devices. */
export const deviceClassValidation: KindValidation = {
  metadataOnUpdate: 'both',
  create: (object, errors) => {
    const { selectors, config, extendedResourceName: name } = specOf<ClassSpec>(object);
    validateDeviceSelectors(selectors, 'spec.selectors', errors);
    eachOf(config, CONFIG_MAX, 'spec.config', errors, (item, path) => validateDeviceConfiguration(item, path, errors));
    if (name !== undefined && !isExtended(name)) {
      errors.invalid('spec.extendedResourceName', name, 'must be a valid extended resource name');
    }
  },
};
