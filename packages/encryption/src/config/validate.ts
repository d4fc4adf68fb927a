import { aggregate, EncryptionConfigError } from '../errors.js';
import { endpointFault } from './endpoint.js';
import { formatDuration } from './go-duration.js';
import type { EncryptionConfiguration, KeysConfiguration, KmsConfiguration, ProviderEntry, ResourceEntry } from './types.js';

/** Lengths in bytes, as upstream lists them for both AES modes. */
const AES_KEY_BYTES = [16, 24, 32];
const SECRETBOX_KEY_BYTES = [32];
const WITHOUT_API = ['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations'];
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The bytes of a standard, padded base64 text, in which line ends count for nothing; null when it is none. */
export function decodeBase64(text: string): Uint8Array | null {
  const bare = text.replace(/[\r\n]/g, '');
  if (!BASE64.test(bare)) return null;
  return Uint8Array.from(atob(bare), (char) => char.charCodeAt(0));
}

/** `name.group` split at the first dot. */
export function splitResource(text: string): { resource: string; group: string } {
  const dot = text.indexOf('.');
  return dot < 0 ? { resource: text, group: '' } : { resource: text.slice(0, dot), group: text.slice(dot + 1) };
}

class Faults {
  readonly list: string[] = [];
  required(path: string, detail: string): void {
    this.list.push(`${path}: Required value: ${detail}`);
  }
  invalid(path: string, value: unknown, detail: string): void {
    this.add(path, JSON.stringify(value), detail);
  }
  /** `shown` is the value as the message has it. */
  add(path: string, shown: string, detail: string): void {
    this.list.push(`${path}: Invalid value: ${shown}: ${detail}`);
  }
}

/**
 * Checks a configuration as kube-apiserver does.
 *
 * @param reload - The file will be reloaded while the server runs: names of KMS v1 providers must be unique too.
 * @throws {EncryptionConfigError} naming every fault by its path.
 */
export function validateEncryptionConfiguration(configuration: EncryptionConfiguration, reload: boolean): void {
  const faults = new Faults();
  if (configuration.resources.length === 0) faults.required('resources', 'at least one resources is required');
  const kmsNames = new Set<string>();
  configuration.resources.forEach((entry, i) => {
    const path = `resources[${i}]`;
    if (entry.resources.length === 0) faults.required(`${path}.resources`, `at least one ${path}.resources is required`);
    checkOverlap(entry, path, faults);
    checkNames(entry, path, faults);
    if (entry.providers.length === 0) faults.required(`${path}.providers`, `at least one ${path}.providers is required`);
    entry.providers.forEach((provider, j) => {
      checkProvider(provider, `${path}.providers[${j}]`, kmsNames, reload, faults);
    });
  });
  if (faults.list.length > 0) throw new EncryptionConfigError(aggregate(faults.list), faults.list);
}

function checkOverlap({ resources }: ResourceEntry, path: string, faults: Faults): void {
  if (new Set(resources).size < resources.length) {
    faults.invalid(`${path}.resources`, resources, 'the same resource cannot be specified multiple times');
  }
  const parts = [...new Set(resources)].map(splitResource);
  const everything = parts.length > 1 && resources.includes('*.*');
  const masked = parts.some(({ resource, group }) => resource === '*' && parts.filter((other) => other.group === group).length > 1);
  if (everything || masked) {
    faults.invalid(
      `${path}.resources`,
      resources,
      "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked",
    );
  }
}

function checkNames({ resources }: ResourceEntry, path: string, faults: Faults): void {
  resources.forEach((name, j) => {
    const fault = nameFault(name);
    if (fault !== null) faults.invalid(`${path}.resources[${j}]`, name, fault);
  });
}

function nameFault(name: string): string | null {
  if (name.toLowerCase() !== name) return 'resource name should not contain capital letters';
  if (name === '*') return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
  const { resource, group } = splitResource(name);
  if (WITHOUT_API.includes(resource)) return 'resources which do not have REST API/s cannot be encrypted';
  if (group === 'events.k8s.io') {
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file";
  }
  if (group === 'extensions') return "'extensions' group has been removed and cannot be used for encryption";
  if (group === '*' && resource !== '*') return 'encrypting the same resource across groups is not supported';
  return null;
}

/** A provider as upstream's own type prints, its secrets blotted out. */
function show(provider: ProviderEntry): string {
  const keys = (configuration: KeysConfiguration | undefined): object | null =>
    configuration === undefined ? null : { Keys: configuration.keys.map(({ name }) => ({ Name: name, Secret: 'REDACTED' })) };
  const { aesgcm, aescbc, secretbox, identity, kms } = provider;
  return JSON.stringify({
    AESGCM: keys(aesgcm),
    AESCBC: keys(aescbc),
    Secretbox: keys(secretbox),
    Identity: identity ?? null,
    KMS:
      kms === undefined
        ? null
        : {
            APIVersion: kms.apiVersion,
            Name: kms.name,
            CacheSize: kms.cachesize ?? null,
            Endpoint: kms.endpoint,
            Timeout: formatDuration(kms.timeoutMs),
          },
  });
}

function checkProvider(provider: ProviderEntry, path: string, kmsNames: Set<string>, reload: boolean, faults: Faults): void {
  const given = Object.keys(provider).length;
  if (given === 0) {
    faults.add(path, show(provider), 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity');
    return;
  }
  if (given > 1) {
    faults.add(path, show(provider), 'more than one provider specified in a single element, should split into different list elements');
  }
  if (provider.kms !== undefined) checkKms(provider.kms, `${path}.kms`, kmsNames, reload, faults);
  else if (provider.aesgcm !== undefined) checkKeys(provider.aesgcm, `${path}.aesgcm`, AES_KEY_BYTES, faults);
  else if (provider.aescbc !== undefined) checkKeys(provider.aescbc, `${path}.aescbc`, AES_KEY_BYTES, faults);
  else if (provider.secretbox !== undefined) checkKeys(provider.secretbox, `${path}.secretbox`, SECRETBOX_KEY_BYTES, faults);
}

function checkKeys({ keys }: KeysConfiguration, path: string, lengths: readonly number[], faults: Faults): void {
  if (keys.length === 0) faults.required(`${path}.keys`, 'at least one keys is required');
  keys.forEach(({ name, secret }, k) => {
    const at = `${path}.keys[${k}]`;
    if (name === '') faults.required(`${at}.name`, 'name is a mandatory field for a key');
    if (secret === '') {
      faults.required(`${at}.secret`, 'secret is a mandatory field for a key');
      return;
    }
    const bytes = decodeBase64(secret);
    if (bytes === null) faults.invalid(`${at}.secret`, 'REDACTED', 'secrets must be base64 encoded');
    else if (!lengths.includes(bytes.length)) {
      faults.invalid(
        `${at}.secret`,
        'REDACTED',
        `secret is not of the expected length, got ${bytes.length}, expected one of [${lengths.join(' ')}]`,
      );
    }
    bytes?.fill(0);
  });
}

function checkKms(kms: KmsConfiguration, path: string, names: Set<string>, reload: boolean, faults: Faults): void {
  const { name, apiVersion, endpoint, cachesize, timeoutMs } = kms;
  if (name === '') faults.required(`${path}.name`, 'name is a mandatory field for a provider');
  if (apiVersion !== 'v1' && name.includes(':')) {
    faults.invalid(`${path}.name`, name, `invalid KMS provider name ${name}, must not contain ':'`);
  }
  if (names.has(name) && (apiVersion !== 'v1' || reload)) {
    faults.invalid(`${path}.name`, name, `duplicate KMS provider name ${name}, names must be unique`);
  }
  names.add(name);
  // A duration prints itself, so there are no quotes.
  if (timeoutMs <= 0) faults.add(`${path}.timeout`, formatDuration(timeoutMs), 'timeout should be a positive value');
  const fault = endpointFault(endpoint);
  if (fault !== null) faults.invalid(`${path}.endpoint`, endpoint, fault);
  if (apiVersion !== 'v1' && cachesize !== undefined) faults.invalid(`${path}.cachesize`, cachesize, 'cachesize is not supported in v2');
  if (apiVersion === 'v1' && cachesize === 0) {
    faults.invalid(`${path}.cachesize`, cachesize, 'cachesize should be a positive value, or negative to disable');
  }
  if (apiVersion !== 'v1' && apiVersion !== 'v2') {
    faults.invalid(`${path}.apiVersion`, apiVersion, 'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported');
  }
}
