import { validateFieldRef, validateResourceFieldRef } from './container-env.js';
import type { FieldErrors } from './field-errors.js';
import { validateLocalNonReservedPath } from './file-paths.js';
import { isDns1123Subdomain } from './names.js';
import type { FieldRef, ResourceFieldRef } from './pod-types.js';
import { type Selector, validateSelector } from './selectors.js';
import type { SourceRule } from './volume-sources.js';

interface KeyToPath {
  key?: string;
  path?: string;
  mode?: number;
}

interface DownwardFile {
  path?: string;
  fieldRef?: FieldRef;
  resourceFieldRef?: ResourceFieldRef;
  mode?: number;
}

interface Projection {
  secret?: { name?: string; items?: KeyToPath[] };
  configMap?: { name?: string; items?: KeyToPath[] };
  downwardAPI?: { items?: DownwardFile[] };
  serviceAccountToken?: { expirationSeconds?: number; path?: string };
  clusterTrustBundle?: { name?: string; signerName?: string; labelSelector?: Selector; path?: string };
  podCertificate?: {
    signerName?: string;
    keyType?: string;
    maxExpirationSeconds?: number;
    credentialBundlePath?: string;
    keyPath?: string;
    certificateChainPath?: string;
  };
}

const VOLUME_FIELDS = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
const MODE_TEXT = 'must be a number between 0 and 0777 (octal), both inclusive';
const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;
const KEY_TYPES = ['ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519', 'RSA3072', 'RSA4096'];
const CERTIFICATE_SECONDS_MIN = 3600;
const CERTIFICATE_SECONDS_MAX = 91 * 86_400;

function validateMode(mode: number | undefined, at: string, errors: FieldErrors): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) errors.invalid(at, mode, MODE_TEXT);
}

function validateItem({ key = '', path = '', mode }: KeyToPath, at: string, errors: FieldErrors): void {
  if (key === '') errors.required(`${at}.key`);
  if (path === '') errors.required(`${at}.path`);
  validateLocalNonReservedPath(path, `${at}.path`, errors);
  validateMode(mode, `${at}.mode`, errors);
}

/** Volumes made of one secret or config map; `nameField` holds its name. */
export function keyedVolume(nameField: 'secretName' | 'name'): SourceRule {
  return (source, at, errors) => {
    if (((source[nameField] as string | undefined) ?? '') === '') errors.required(`${at}.${nameField}`);
    validateMode(source['defaultMode'] as number | undefined, `${at}.defaultMode`, errors);
    ((source['items'] as KeyToPath[] | undefined) ?? []).forEach((item, i) => {
      validateItem(item, `${at}.items[${i}]`, errors);
    });
  };
}

function validateDownwardFile(file: DownwardFile, at: string, errors: FieldErrors): void {
  const { path = '', fieldRef, resourceFieldRef, mode } = file;
  if (path === '') errors.required(`${at}.path`);
  validateLocalNonReservedPath(path, `${at}.path`, errors);
  if (fieldRef !== undefined) {
    validateFieldRef(fieldRef, VOLUME_FIELDS, `${at}.fieldRef`, errors);
    if (resourceFieldRef !== undefined) {
      errors.invalid(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
    }
  } else if (resourceFieldRef !== undefined) validateResourceFieldRef(resourceFieldRef, true, `${at}.resourceFieldRef`, errors);
  else errors.required(at, 'one of fieldRef and resourceFieldRef is required');
  validateMode(mode, `${at}.mode`, errors);
}

/** Volumes that show the pod's own fields. */
export const downwardApiVolume: SourceRule = (source, at, errors) => {
  validateMode(source['defaultMode'] as number | undefined, `${at}.defaultMode`, errors);
  for (const file of (source['items'] as DownwardFile[] | undefined) ?? []) validateDownwardFile(file, at, errors);
};

/** `example.com/name`, the name of a signer. */
export function validateSignerName(name: string, at: string, errors: FieldErrors): void {
  if (name === '') {
    errors.required(at);
    return;
  }
  const segments = name.split('/');
  if (segments.length !== 2) {
    errors.invalid(at, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
    return;
  }
  const [domain = '', path = ''] = segments;
  errors.invalidEach(
    at,
    domain,
    isDns1123Subdomain(domain).map((text) => `validating label "${domain}": ${text}`),
  );
  if (!domain.includes('.')) errors.invalid(at, domain, 'should be a domain with at least two segments separated by dots');
  const dotted = path.split('.');
  for (const part of dotted)
    errors.invalidEach(
      at,
      path,
      isDns1123Subdomain(part).map((text) => `validating label "${part}": ${text}`),
    );
  if (name.length > 571) errors.tooLong(at, 571);
}

function validateTrustBundle(bundle: NonNullable<Projection['clusterTrustBundle']>, at: string, errors: FieldErrors): void {
  const { name, signerName, labelSelector, path = '' } = bundle;
  if (name !== undefined && signerName !== undefined) errors.invalid(at, bundle, 'only one of name and signerName may be used');
  else if (name !== undefined) {
    if (name === '') errors.required(`${at}.name`, 'must be a valid object name');
    const bare = name.includes(':') ? name.slice(name.lastIndexOf(':') + 1) : name;
    errors.invalidEach(
      `${at}.name`,
      name,
      isDns1123Subdomain(bare).map((text) => `not a valid clustertrustbundlename: ${text}`),
    );
    if (labelSelector !== undefined) {
      errors.invalid(`${at}.labelSelector`, labelSelector, 'labelSelector must be unset if name is specified');
    }
  } else if (signerName !== undefined) {
    if (signerName === '') errors.required(`${at}.signerName`, 'must be a valid signer name');
    validateSignerName(signerName, `${at}.signerName`, errors);
    validateSelector(labelSelector, `${at}.labelSelector`, errors);
  } else errors.required(at, 'either name or signerName must be specified');
  if (path === '') errors.required(`${at}.path`);
  validateLocalNonReservedPath(path, `${at}.path`, errors);
}

function validatePodCertificate(projection: NonNullable<Projection['podCertificate']>, at: string, errors: FieldErrors): string[] {
  const { signerName = '', keyType = '', maxExpirationSeconds: seconds } = projection;
  validateSignerName(signerName, `${at}.signerName`, errors);
  errors.oneOf(`${at}.keyType`, keyType, KEY_TYPES);
  if (seconds !== undefined) {
    const max = signerName.startsWith('kubernetes.io/') ? 86_400 : CERTIFICATE_SECONDS_MAX;
    if (seconds < CERTIFICATE_SECONDS_MIN || seconds > max) {
      errors.invalid(`${at}.maxExpirationSeconds`, seconds, `must be in the range [${CERTIFICATE_SECONDS_MIN}, ${max}]`);
    }
  }
  const paths: string[] = [];
  for (const field of ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const) {
    const path = projection[field] ?? '';
    if (path === '') continue;
    validateLocalNonReservedPath(path, `${at}.${field}`, errors);
    paths.push(path);
  }
  if (paths.length === 0) errors.required(at, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath');
  return paths;
}

/** Volumes that join secrets, config maps, tokens and more. */
export const projectedVolume: SourceRule = (source, at, errors) => {
  validateMode(source['defaultMode'] as number | undefined, `${at}.defaultMode`, errors);
  const taken = new Set<string>();
  const claim = (path: string, shown: string): void => {
    if (taken.has(path)) errors.invalid(at, shown, 'conflicting duplicate paths');
    taken.add(path);
  };
  ((source['sources'] as Projection[] | undefined) ?? []).forEach((projection, i) => {
    const path = `${at}.sources[${i}]`;
    let count = 0;
    for (const kind of ['secret', 'configMap'] as const) {
      const keyed = projection[kind];
      if (keyed === undefined) continue;
      count++;
      const name = keyed.name ?? '';
      if (name === '') errors.required(`${path}.${kind}.name`);
      keyed.items?.forEach((item, j) => {
        validateItem(item, `${path}.${kind}.items[${j}]`, errors);
        if (item.path) claim(item.path, name);
      });
    }
    const { downwardAPI, serviceAccountToken: token, clusterTrustBundle, podCertificate } = projection;
    if (downwardAPI !== undefined) {
      count++;
      for (const file of downwardAPI.items ?? []) {
        validateDownwardFile(file, `${path}.downwardAPI`, errors);
        if (file.path) claim(file.path, file.path);
      }
    }
    if (token !== undefined) {
      count++;
      const seconds = token.expirationSeconds ?? 0;
      const where = `${path}.serviceAccountToken.expirationSeconds`;
      if (seconds < TOKEN_SECONDS_MIN) errors.invalid(where, seconds, 'may not specify a duration less than 10 minutes');
      if (seconds > TOKEN_SECONDS_MAX) errors.invalid(where, seconds, 'may not specify a duration larger than 2^32 seconds');
      // Upstream names the volume's path here, not the source's.
      if ((token.path ?? '') === '') errors.required(`${at}.path`);
      else validateLocalNonReservedPath(token.path as string, `${at}.path`, errors);
    }
    if (clusterTrustBundle !== undefined) {
      count++;
      validateTrustBundle(clusterTrustBundle, `${path}.clusterTrustBundle`, errors);
      claim(clusterTrustBundle.path ?? '', clusterTrustBundle.path ?? '');
    }
    if (podCertificate !== undefined) {
      count++;
      for (const file of validatePodCertificate(podCertificate, `${path}.podCertificate`, errors)) claim(file, file);
    }
    if (count > 1) errors.forbidden(path, 'may not specify more than 1 volume type per source');
  });
};
