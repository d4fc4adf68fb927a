/** EncryptionConfiguration from YAML or JSON: strict about fields, with upstream's defaults. */
import { EncryptionConfigError } from '../errors.js';
import { durationFault, parseDuration } from './go-duration.js';
import { readText } from './read-text.js';
import type { EncryptionConfiguration, KmsConfiguration, NamedKey, ProviderEntry, ResourceEntry } from './types.js';
import { validateEncryptionConfiguration } from './validate.js';

type Fields = Record<string, unknown>;

const KMS_TIMEOUT_MS = 3000;
const KMS_CACHE_SIZE = 1000;
const KEY_PROVIDERS = ['aesgcm', 'aescbc', 'secretbox'] as const;

/** Collects what is wrong with the shape of a document; values never get into a message, they may be keys. */
class Shape {
  /** Unknown fields. */
  readonly faults: string[] = [];
  /** Values of the wrong type. */
  readonly typeFaults: string[] = [];

  object(value: unknown, path: string, known: readonly string[]): Fields {
    if (value === undefined || value === null) return {};
    if (typeof value !== 'object' || Array.isArray(value)) {
      this.typeFaults.push(`${path === '' ? 'the document' : path} must be an object`);
      return {};
    }
    for (const key of Object.keys(value)) {
      if (!known.includes(key)) this.faults.push(`unknown field "${path === '' ? '' : `${path}.`}${key}"`);
    }
    return value as Fields;
  }

  list(value: unknown, path: string): unknown[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.typeFaults.push(`${path} must be a list`);
    return [];
  }

  text(value: unknown, path: string): string {
    if (value === undefined || value === null) return '';
    if (typeof value === 'string') return value;
    this.typeFaults.push(`${path} must be a string`);
    return '';
  }
}

function readKeys(shape: Shape, value: unknown, path: string): { keys: NamedKey[] } {
  const fields = shape.object(value, path, ['keys']);
  const keys = shape.list(fields['keys'], `${path}.keys`).map((item, k) => {
    const key = shape.object(item, `${path}.keys[${k}]`, ['name', 'secret']);
    return {
      name: shape.text(key['name'], `${path}.keys[${k}].name`),
      secret: shape.text(key['secret'], `${path}.keys[${k}].secret`),
    };
  });
  return { keys };
}

function readKms(shape: Shape, value: unknown, path: string): KmsConfiguration {
  const fields = shape.object(value, path, ['apiVersion', 'name', 'cachesize', 'endpoint', 'timeout']);
  const apiVersion = shape.text(fields['apiVersion'], `${path}.apiVersion`) || 'v1';
  const out: KmsConfiguration = {
    apiVersion,
    name: shape.text(fields['name'], `${path}.name`),
    endpoint: shape.text(fields['endpoint'], `${path}.endpoint`),
    timeoutMs: KMS_TIMEOUT_MS,
  };
  const { timeout, cachesize } = fields;
  if (timeout !== undefined && timeout !== null) {
    const ms = typeof timeout === 'string' ? parseDuration(timeout) : null;
    if (ms !== null) out.timeoutMs = ms;
    else if (typeof timeout === 'string') shape.typeFaults.push(durationFault(timeout));
    else shape.typeFaults.push(`${path}.timeout must be a duration such as "3s"`);
  }
  if (cachesize !== undefined && cachesize !== null) {
    if (Number.isInteger(cachesize) && Math.abs(cachesize as number) < 2 ** 31) out.cachesize = cachesize as number;
    else shape.typeFaults.push(`${path}.cachesize must be an integer of 32 bits`);
  } else if (apiVersion === 'v1') out.cachesize = KMS_CACHE_SIZE;
  return out;
}

function readProvider(shape: Shape, value: unknown, path: string): ProviderEntry {
  const fields = shape.object(value, path, [...KEY_PROVIDERS, 'identity', 'kms']);
  const out: ProviderEntry = {};
  for (const name of KEY_PROVIDERS) {
    if (fields[name] !== undefined && fields[name] !== null) out[name] = readKeys(shape, fields[name], `${path}.${name}`);
  }
  if (fields['identity'] !== undefined && fields['identity'] !== null) {
    shape.object(fields['identity'], `${path}.identity`, []);
    out.identity = {};
  }
  if (fields['kms'] !== undefined && fields['kms'] !== null) out.kms = readKms(shape, fields['kms'], `${path}.kms`);
  return out;
}

export { parseDuration } from './go-duration.js';

/** How {@link parseEncryptionConfiguration} reads. */
export interface ParseOptions {
  /** For messages. */
  file?: string;
  /** The file will be reloaded while the server runs: names of KMS v1 providers must be unique too. Default false. */
  reload?: boolean;
}

/**
 * Parses and checks a configuration.
 *
 * @param source - YAML or JSON text, or the object that it stands for.
 * @throws {EncryptionConfigError} with every fault; secrets are shown as REDACTED.
 */
export function parseEncryptionConfiguration(source: string | object, options: ParseOptions = {}): EncryptionConfiguration {
  const fail = (text: string): EncryptionConfigError =>
    new EncryptionConfigError(
      options.file === undefined ? text : `error decoding encryption provider configuration file ${JSON.stringify(options.file)}: ${text}`,
    );
  if (source === '') {
    throw new EncryptionConfigError(`encryption provider configuration file ${JSON.stringify(options.file ?? '')} is empty`);
  }
  const { value, duplicates } = typeof source === 'string' ? readText(source, fail) : { value: source, duplicates: [] };
  const shape = new Shape();
  const root = shape.object(value, '', ['apiVersion', 'kind', 'resources']);
  const apiVersion = shape.text(root['apiVersion'], 'apiVersion');
  const kind = shape.text(root['kind'], 'kind');
  const isLegacy = apiVersion === 'v1' && kind === 'EncryptionConfig';
  if (!isLegacy && (apiVersion !== 'apiserver.config.k8s.io/v1' || kind !== 'EncryptionConfiguration')) {
    if (shape.typeFaults.length > 0) throw fail(shape.typeFaults.join(', '));
    if (kind === '') throw fail("Object 'Kind' is missing");
    if (apiVersion === '') throw fail("Object 'apiVersion' is missing");
    throw fail(`no kind "${kind}" is registered for version "${apiVersion}"`);
  }
  const resources = shape.list(root['resources'], 'resources').map((item, i): ResourceEntry => {
    const path = `resources[${i}]`;
    const entry = shape.object(item, path, ['resources', 'providers']);
    return {
      resources: shape.list(entry['resources'], `${path}.resources`).map((name, j) => shape.text(name, `${path}.resources[${j}]`)),
      providers: shape
        .list(entry['providers'], `${path}.providers`)
        .map((provider, j) => readProvider(shape, provider, `${path}.providers[${j}]`)),
    };
  });
  if (shape.typeFaults.length > 0) throw fail(shape.typeFaults.join(', '));
  const faults = [...duplicates, ...shape.faults];
  if (faults.length > 0) throw fail(`strict decoding error: ${faults.join(', ')}`);
  const configuration: EncryptionConfiguration = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources,
  };
  validateEncryptionConfiguration(configuration, options.reload ?? false);
  return configuration;
}
