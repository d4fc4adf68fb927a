import { type KubeObject, parseJson } from '@k/apimachinery';
import { deepEqual, type FieldErrors } from './field-errors.js';
import type { KindValidation } from './kind-validation.js';
import { isConfigMapKey } from './names.js';

type Data = Record<string, string>;

/** Bytes of all values of one config map or secret together. */
const DATA_BYTES_MAX = 1024 * 1024;
const FROZEN = 'field is immutable when `immutable` is set';
const SERVICE_ACCOUNT_NAME = 'kubernetes.io/service-account.name';
const REDACTED = '<secret contents redacted>';

/** Bytes behind base64 text. */
function decodedBytes(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return Math.floor(text.length / 4) * 3 - padding;
}

function validateConfigMap(object: KubeObject, errors: FieldErrors): void {
  const data = object['data'] as Data | undefined;
  const binary = object['binaryData'] as Data | undefined;
  let sizeBytes = 0;
  for (const key in data) {
    errors.invalidEach(`data[${key}]`, key, isConfigMapKey(key));
    if (binary !== undefined && Object.hasOwn(binary, key)) {
      errors.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
    }
    sizeBytes += Buffer.byteLength(data[key] as string);
  }
  for (const key in binary) {
    errors.invalidEach(`binaryData[${key}]`, key, isConfigMapKey(key));
    sizeBytes += decodedBytes(binary[key] as string);
  }
  // `[]` is how an empty path prints: the error is about the whole object.
  if (sizeBytes > DATA_BYTES_MAX) errors.tooLong('[]', DATA_BYTES_MAX);
}

function validateFrozen(object: KubeObject, old: KubeObject, fields: readonly string[], errors: FieldErrors): void {
  if (old['immutable'] !== true) return;
  if (object['immutable'] !== true) errors.forbidden('immutable', FROZEN);
  for (const field of fields) if (!deepEqual(object[field], old[field])) errors.forbidden(field, FROZEN);
}

/** Config maps. */
export const configMapValidation: KindValidation = {
  create: validateConfigMap,
  metadataOnUpdate: 'both',
  update: (object, old, errors) => {
    validateFrozen(object, old, ['data', 'binaryData'], errors);
    validateConfigMap(object, errors);
  },
};

function needKeys(data: Data, keys: readonly string[], errors: FieldErrors): void {
  for (const key of keys) if (!Object.hasOwn(data, key)) errors.required(`data[${key}]`);
}

/** A value that must be a JSON object. */
function needJson(data: Data, key: string, errors: FieldErrors): void {
  const encoded = data[key];
  if (encoded === undefined) {
    errors.required(`data[${key}]`);
    return;
  }
  const refuse = (detail: string): void => errors.invalid(`data[${key}]`, REDACTED, detail);
  try {
    const { value } = parseJson(Buffer.from(encoded, 'base64'), { strict: false });
    if (typeof value === 'object' && !Array.isArray(value)) return;
    const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    refuse(`json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    refuse(error.message);
  }
}

function validateSecret(object: KubeObject, errors: FieldErrors): void {
  const data = (object['data'] as Data | undefined) ?? {};
  let sizeBytes = 0;
  for (const key in data) {
    errors.invalidEach(`data[${key}]`, key, isConfigMapKey(key));
    sizeBytes += decodedBytes(data[key] as string);
  }
  if (sizeBytes > DATA_BYTES_MAX) errors.tooLong('data', DATA_BYTES_MAX);
  switch (object['type']) {
    case 'kubernetes.io/service-account-token':
      if (!object.metadata?.annotations?.[SERVICE_ACCOUNT_NAME]) errors.required(`metadata.annotations[${SERVICE_ACCOUNT_NAME}]`);
      break;
    case 'kubernetes.io/dockercfg':
      needJson(data, '.dockercfg', errors);
      break;
    case 'kubernetes.io/dockerconfigjson':
      needJson(data, '.dockerconfigjson', errors);
      break;
    case 'kubernetes.io/basic-auth':
      if (!Object.hasOwn(data, 'username') && !Object.hasOwn(data, 'password')) needKeys(data, ['username', 'password'], errors);
      break;
    case 'kubernetes.io/ssh-auth':
      if (!data['ssh-privatekey']) errors.required('data[ssh-privatekey]');
      break;
    case 'kubernetes.io/tls':
      needKeys(data, ['tls.crt', 'tls.key'], errors);
      break;
  }
}

/** Secrets. */
export const secretValidation: KindValidation = {
  create: validateSecret,
  metadataOnUpdate: 'both',
  update: (object, old, errors) => {
    errors.immutable('type', object['type'] ?? '', old['type'] ?? '');
    validateFrozen(object, old, ['data'], errors);
    validateSecret(object, errors);
  },
};
