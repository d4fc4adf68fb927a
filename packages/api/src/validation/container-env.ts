import { Quantity } from '@k/apimachinery';
import type { FieldErrors } from './field-errors.js';
import { validateLocalNonReservedPath } from './file-paths.js';
import { isConfigMapKey, isDns1123Subdomain, isEnvVarName, isQualifiedName } from './names.js';
import type { Container, EnvVar, FieldRef, KeyRef, ResourceFieldRef } from './pod-types.js';

/** Fields of a pod that its environment may show. */
const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** Fields of a pod that the converter of field labels knows. */
const KNOWN_FIELDS = new Set([
  ...ENV_FIELDS,
  'metadata.annotations',
  'metadata.labels',
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.host',
  'status.phase',
]);
const RESOURCE_FIELDS = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const BYTE_DIVISORS = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];
const BYTE_DIVISORS_TEXT = `only divisor's values ${BYTE_DIVISORS.join(', ')} are supported with the`;

/** A reference to a pod's own field; `fields` lists those that may be shown here. */
export function validateFieldRef(ref: FieldRef, fields: readonly string[], at: string, errors: FieldErrors): void {
  const { apiVersion = '', fieldPath = '' } = ref;
  if (apiVersion === '') {
    errors.required(`${at}.apiVersion`);
    return;
  }
  if (fieldPath === '') {
    errors.required(`${at}.fieldPath`);
    return;
  }
  const path = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath;
  const refuse = (reason: string): void => errors.invalid(`${at}.fieldPath`, fieldPath, `error converting fieldPath: ${reason}`);
  if (apiVersion !== 'v1') {
    refuse(`unsupported pod version: ${apiVersion}`);
    return;
  }
  const subscript = /^(.*)\['(.*)'\]$/s.exec(path);
  if (subscript !== null) {
    const [, base = '', key = ''] = subscript;
    if (base === 'metadata.annotations') errors.invalidEach(at, key.toLowerCase(), isQualifiedName(key.toLowerCase()));
    else if (base === 'metadata.labels') errors.invalidEach(at, key, isQualifiedName(key));
    else refuse(`field label does not support subscript: ${fieldPath}`);
    return;
  }
  if (!KNOWN_FIELDS.has(path)) {
    refuse(`field label not supported: ${fieldPath}`);
    return;
  }
  if (!fields.includes(path)) errors.notSupported(`${at}.fieldPath`, path, fields);
}

/** A reference to a container's own requests or limits. */
export function validateResourceFieldRef(ref: ResourceFieldRef, inVolume: boolean, at: string, errors: FieldErrors): void {
  const { containerName = '', resource = '', divisor = '0' } = ref;
  const hugePages = resource.startsWith('limits.hugepages-') || resource.startsWith('requests.hugepages-');
  if (inVolume && containerName === '') errors.required(`${at}.containerName`);
  else if (resource === '') errors.required(`${at}.resource`);
  else if (!RESOURCE_FIELDS.includes(resource) && !hugePages) errors.notSupported(`${at}.resource`, resource, RESOURCE_FIELDS);
  const amount = Quantity.parse(divisor);
  if (amount.isZero()) return;
  const text = amount.toString();
  const refuse = (detail: string): void => errors.invalid(`${at}.divisor`, resource, detail);
  const name = resource.slice(resource.indexOf('.') + 1);
  if (name === 'cpu') {
    if (text !== '1' && text !== '1m') refuse("only divisor's values 1m and 1 are supported with the cpu resource");
  } else if (BYTE_DIVISORS.includes(text)) return;
  else if (name === 'memory') refuse(`${BYTE_DIVISORS_TEXT} memory resource`);
  else if (name === 'ephemeral-storage') refuse(`${BYTE_DIVISORS_TEXT} local ephemeral storage resource`);
  else if (hugePages) refuse(`${BYTE_DIVISORS_TEXT} hugepages resource`);
}

function validateKeyRef({ name = '', key = '' }: KeyRef, at: string, errors: FieldErrors): void {
  errors.invalidEach(`${at}.name`, name, isDns1123Subdomain(name));
  if (key === '') errors.required(`${at}.key`);
  else errors.invalidEach(`${at}.key`, key, isConfigMapKey(key));
}

function validateFileKeyRef(
  { volumeName = '', path = '', key = '' }: { volumeName?: string; path?: string; key?: string },
  at: string,
  errors: FieldErrors,
): void {
  if (key === '') errors.required(`${at}.key`);
  else errors.invalidEach(`${at}.key`, key, isEnvVarName(key));
  if (volumeName === '') errors.required(`${at}.volumeName`);
  if (path === '') errors.required(`${at}.path`);
  else validateLocalNonReservedPath(path, `${at}.path`, errors);
}

function validateSource({ value = '', valueFrom }: EnvVar, at: string, errors: FieldErrors): void {
  if (valueFrom === undefined) return;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom;
  let sources = 0;
  if (fieldRef !== undefined) {
    sources++;
    validateFieldRef(fieldRef, ENV_FIELDS, `${at}.fieldRef`, errors);
  }
  if (resourceFieldRef !== undefined) {
    sources++;
    validateResourceFieldRef(resourceFieldRef, false, `${at}.resourceFieldRef`, errors);
  }
  if (configMapKeyRef !== undefined) {
    sources++;
    validateKeyRef(configMapKeyRef, `${at}.configMapKeyRef`, errors);
  }
  if (secretKeyRef !== undefined) {
    sources++;
    validateKeyRef(secretKeyRef, `${at}.secretKeyRef`, errors);
  }
  if (fileKeyRef !== undefined) {
    sources++;
    validateFileKeyRef(fileKeyRef, `${at}.fileKeyRef`, errors);
  }
  if (sources === 0) {
    errors.invalid(at, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`');
  } else if (value !== '') errors.invalid(at, '', 'may not be specified when `value` is not empty');
  else if (sources > 1) errors.invalid(at, '', 'may not have more than one field specified at a time');
}

/** The environment variables of a container. */
export function validateEnv(variables: EnvVar[] | undefined, at: string, errors: FieldErrors): void {
  variables?.forEach((variable, i) => {
    const path = `${at}[${i}]`;
    const { name = '' } = variable;
    if (name === '') errors.required(`${path}.name`);
    else errors.invalidEach(`${path}.name`, name, isEnvVarName(name));
    validateSource(variable, `${path}.valueFrom`, errors);
  });
}

/** Whole config maps and secrets as environment. */
export function validateEnvFrom(sources: Container['envFrom'], at: string, errors: FieldErrors): void {
  sources?.forEach(({ prefix = '', configMapRef, secretRef }, i) => {
    const path = `${at}[${i}]`;
    if (prefix !== '') errors.invalidEach(`${path}.prefix`, prefix, isEnvVarName(prefix));
    const reference = (name: string, where: string): void => {
      if (name === '') errors.required(where);
      else errors.invalidEach(where, name, isDns1123Subdomain(name.replace(/-$/, 'a')));
    };
    if (configMapRef !== undefined) reference(configMapRef.name ?? '', `${path}.configMapRef.name`);
    if (secretRef !== undefined) reference(secretRef.name ?? '', `${path}.secretRef.name`);
    if (configMapRef === undefined && secretRef === undefined) {
      errors.invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`');
    } else if (configMapRef !== undefined && secretRef !== undefined) {
      errors.invalid(at, '', 'may not have more than one field specified at a time');
    }
  });
}
