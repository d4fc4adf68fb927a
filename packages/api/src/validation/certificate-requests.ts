import type { KubeObject } from '@k/apimachinery';
import type { FieldErrors } from './field-errors.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Subdomain } from './names.js';

interface RequestSpec {
  request?: string;
  signerName?: string;
  usages?: string[];
  expirationSeconds?: number;
}

const EXPIRATION_SECONDS_MIN = 600;
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';
const USAGES: readonly string[] = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

function validateSignerName(name: string, errors: FieldErrors): void {
  const at = 'spec.signerName';
  if (name === '') {
    errors.required(at);
    return;
  }
  if (name === LEGACY_SIGNER) {
    errors.invalid(at, name, 'the legacy signerName is not allowed via this API version');
    return;
  }
  const parts = name.split('/');
  if (parts.length !== 2) {
    errors.invalid(at, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
    return;
  }
  const [domain = '', path = ''] = parts;
  for (const text of isDns1123Subdomain(domain)) errors.invalid(at, domain, `validating label ${JSON.stringify(domain)}: ${text}`);
  if (!domain.includes('.')) errors.invalid(at, domain, 'should be a domain with at least two segments separated by dots');
  for (const label of path.split('.')) {
    for (const text of isDns1123Subdomain(label)) errors.invalid(at, path, `validating label ${JSON.stringify(label)}: ${text}`);
  }
}

function validateRequest(object: KubeObject, errors: FieldErrors): void {
  const { request = '', signerName = '', usages = [], expirationSeconds: seconds } = (object['spec'] ?? {}) as RequestSpec;
  const text = Buffer.from(request, 'base64').toString('latin1');
  if (!/-----BEGIN CERTIFICATE REQUEST-----\n[\s\S]*-----END CERTIFICATE REQUEST-----/.test(text)) {
    errors.invalid('spec.request', request, 'PEM block type must be CERTIFICATE REQUEST');
  }
  if (usages.length === 0) errors.required('spec.usages', 'usages must contain at least one value');
  usages.forEach((usage, i) => {
    errors.oneOf(`spec.usages[${i}]`, usage, USAGES);
  });
  usages.forEach((usage, i) => {
    if (usages.indexOf(usage) < i) errors.duplicate(`spec.usages[${i}]`, usage);
  });
  validateSignerName(signerName, errors);
  if (seconds !== undefined && seconds < EXPIRATION_SECONDS_MIN) {
    errors.invalid(
      'spec.expirationSeconds',
      seconds,
      `may not specify a duration less than ${EXPIRATION_SECONDS_MIN} seconds (10 minutes)`,
    );
  }
}

/** Requests for certificates. What is asked for cannot change, so changes are not held against these rules. */
export const certificateRequestValidation: KindValidation = { create: validateRequest, update: () => {} };
