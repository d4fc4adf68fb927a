import { Quantity } from '@k/apimachinery';
import { type FieldErrors, MUST_BE_POSITIVE, MUST_NOT_BE_NEGATIVE } from './field-errors.js';
import { isDns1123Label, isQualifiedName } from './names.js';

/** Amounts by resource name. */
export type ResourceList = Record<string, string>;

/** What a container or a pod asks for. */
export interface ResourceRequirements {
  limits?: ResourceList;
  requests?: ResourceList;
  claims?: { name?: string; request?: string }[];
}

const HUGE_PAGES = 'hugepages-';
const NATIVE_DOMAIN = 'kubernetes.io/';

const STANDARD = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'storage',
  'requests.storage',
  'services.nodeports',
  'services.loadbalancers',
]);
const STANDARD_OF_CONTAINERS = new Set(['cpu', 'memory', 'ephemeral-storage']);
const STANDARD_OF_QUOTAS = new Set([...STANDARD].filter((name) => name !== 'storage'));
const COUNTED = new Set([
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);

/** Reads an amount that the schema has already accepted. */
export function quantityOf(text: string | undefined): Quantity {
  return text === undefined ? Quantity.zero() : Quantity.parse(text);
}

/** Whether the resource is counted in huge pages. */
export function isHugePages(name: string): boolean {
  return name.startsWith(HUGE_PAGES);
}

function isNative(name: string): boolean {
  return !name.includes('/') || name.includes(NATIVE_DOMAIN);
}

/** `example.com/gpu`: outside Kubernetes' own domain and no quota's `requests.` name. */
export function isExtended(name: string): boolean {
  if (isNative(name) || name.startsWith('requests.')) return false;
  return isQualifiedName(`requests.${name}`).length === 0;
}

/** Whether requests may be below limits. */
export function isOvercommitAllowed(name: string): boolean {
  return isNative(name) && !isHugePages(name);
}

/** Whether quotas know the resource by itself. */
export function isStandardOfQuotas(name: string): boolean {
  return STANDARD_OF_QUOTAS.has(name) || isHugePages(name) || name.startsWith(`requests.${HUGE_PAGES}`);
}

/** The name of any resource. Returns whether it is fine. */
export function validateResourceName(name: string, at: string, errors: FieldErrors): boolean {
  const messages = isQualifiedName(name);
  errors.invalidEach(at, name, messages);
  if (messages.length > 0) return false;
  const standard = STANDARD.has(name) || isHugePages(name) || name.startsWith(`requests.${HUGE_PAGES}`);
  if (name.includes('/') || standard) return true;
  errors.invalid(at, name, 'must be a standard resource type or fully qualified');
  return false;
}

/** The name of a resource that containers have. */
export function validateContainerResourceName(name: string, at: string, errors: FieldErrors): void {
  if (STANDARD_OF_CONTAINERS.has(name)) return;
  validateResourceName(name, at, errors);
  if (!name.includes('/')) {
    if (!isHugePages(name)) errors.invalid(at, name, 'must be a standard resource for containers');
  } else if (!isNative(name) && !isExtended(name)) errors.invalid(at, name, "doesn't follow extended resource name standard");
}

/** The name of a resource that pods may have as a whole. */
export function validatePodResourceName(name: string, at: string, errors: FieldErrors): void {
  if (!validateResourceName(name, at, errors)) return;
  if (name !== 'cpu' && name !== 'memory' && !isHugePages(name)) errors.notSupported(at, name, ['cpu', 'hugepages-', 'memory']);
}

/** An amount: not negative, whole where things are counted. */
export function validateResourceQuantity(name: string, text: string, at: string, errors: FieldErrors): void {
  const amount = Quantity.parse(text);
  if (amount.sign() < 0) errors.invalid(at, amount.toString(), MUST_NOT_BE_NEGATIVE);
  if ((COUNTED.has(name) || isExtended(name)) && amount.milliValue() % 1000n !== 0n) {
    errors.invalid(at, amount.toString(), 'must be an integer');
  }
}

/** An amount above zero. */
export function validatePositiveQuantity(text: string, at: string, errors: FieldErrors): boolean {
  const amount = Quantity.parse(text);
  if (amount.sign() > 0) return true;
  errors.invalid(at, amount.toString(), MUST_BE_POSITIVE);
  return false;
}

function validateHugePagesAmount(name: string, text: string, at: string, errors: FieldErrors): void {
  const size = name.slice(HUGE_PAGES.length);
  const amount = Quantity.parse(text);
  let divisible = false;
  try {
    const page = Quantity.parse(size).value();
    divisible = page > 0n && amount.value() % page === 0n;
  } catch {
    // A page size that is no amount divides nothing.
  }
  if (!divisible) errors.invalid(at, amount.toString(), `${amount.toString()} is not positive integer multiple of ${name}`);
}

/** Requests and limits: names, amounts, and how they relate. */
export function validateResourceRequirements(
  resources: ResourceRequirements | undefined,
  at: string,
  errors: FieldErrors,
  context: { claimNames: readonly string[]; validateName?: (name: string, at: string, errors: FieldErrors) => void },
): void {
  if (resources === undefined) return;
  const { limits, requests } = resources;
  const validateName = context.validateName ?? validateContainerResourceName;
  let hugePages = false;
  let compute = false;
  const note = (name: string, text: string, path: string): void => {
    if (isHugePages(name)) {
      hugePages = true;
      validateHugePagesAmount(name, text, path, errors);
    }
    if (name === 'cpu' || name === 'memory') compute = true;
  };
  for (const name in limits) {
    const path = `${at}.limits[${name}]`;
    const text = limits[name] as string;
    validateName(name, path, errors);
    validateResourceQuantity(name, text, path, errors);
    note(name, text, path);
  }
  for (const name in requests) {
    const path = `${at}.requests[${name}]`;
    const text = requests[name] as string;
    validateName(name, path, errors);
    validateResourceQuantity(name, text, path, errors);
    const limit = limits?.[name];
    if (limit === undefined) {
      if (!isOvercommitAllowed(name)) errors.required(`${at}.limits`, 'Limit must be set for non overcommitable resources');
    } else if (limit !== text) compareWithLimit(name, text, limit, `${at}.requests`, errors);
    note(name, text, path);
  }
  if (hugePages && !compute) errors.forbidden(at, 'HugePages require cpu or memory');
  validateClaimReferences(resources.claims ?? [], context.claimNames, `${at}.claims`, errors);
}

function compareWithLimit(name: string, text: string, limitText: string, at: string, errors: FieldErrors): void {
  const amount = Quantity.parse(text);
  const limit = Quantity.parse(limitText);
  const order = amount.compare(limit);
  if (order !== 0 && !isOvercommitAllowed(name)) {
    errors.invalid(at, amount.toString(), `must be equal to ${name} limit of ${limit.toString()}`);
  } else if (order > 0) errors.invalid(at, amount.toString(), `must be less than or equal to ${name} limit of ${limit.toString()}`);
}

function validateClaimReferences(
  claims: { name?: string; request?: string }[],
  known: readonly string[],
  at: string,
  errors: FieldErrors,
): void {
  const seen = new Set<string>();
  claims.forEach(({ name = '', request = '' }, i) => {
    const path = `${at}[${i}]`;
    if (name === '') {
      errors.required(path);
      return;
    }
    if (seen.has(name)) errors.duplicate(path, name);
    else {
      const key = request === '' ? name : `${name}/${request}`;
      if (request !== '') errors.invalidEach(`${path}.request`, request, isDns1123Label(request));
      if (seen.has(key)) errors.duplicate(path, key);
      else if (request === '') for (const other of seen) if (other.startsWith(`${name}/`)) errors.duplicate(path, name);
      seen.add(key);
    }
    if (!known.includes(name)) {
      const list = known.length === 0 ? ' which is empty' : `: ${[...known].sort().join(', ')}`;
      errors.notFound(path, name, `must be one of the names in pod.spec.resourceClaims${list}`);
    }
  });
}
