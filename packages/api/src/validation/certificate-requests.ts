import { X509Certificate } from 'node:crypto';
import type { KubeObject } from '@k/apimachinery';
import { certificateRequestFault } from './certificate-request-der.js';
import type { FieldErrors } from './field-errors.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Subdomain, isPathSegment } from './names.js';
import { pemBlocks } from './pem.js';

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
  const fault = certificateRequestFault(Buffer.from(request, 'base64').toString('latin1'));
  if (fault !== null) errors.invalid('spec.request', request, fault);
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

interface Condition {
  type?: string;
  status?: string;
}

interface RequestStatus {
  conditions?: Condition[];
  certificate?: string;
}

const statusOf = (object: KubeObject): RequestStatus => (object['status'] ?? {}) as RequestStatus;
const DECISIONS = ['Approved', 'Denied'] as const;
const TRUE_ONLY: readonly string[] = [...DECISIONS, 'Failed'];

function validateStatus(object: KubeObject, errors: FieldErrors): void {
  const { conditions = [], certificate = '' } = statusOf(object);
  const seen = new Set<string>();
  conditions.forEach(({ type = '', status = '' }, i) => {
    const at = `status.conditions[${i}]`;
    const allowed = TRUE_ONLY.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (type === '') errors.required(`${at}.type`);
    if (status === '') errors.required(`${at}.status`);
    else if (!allowed.includes(status)) errors.notSupported(`${at}.status`, status, allowed);
    if ((type === 'Approved' && seen.has('Denied')) || (type === 'Denied' && seen.has('Approved'))) {
      errors.invalid(`${at}.type`, type, 'Approved and Denied conditions are mutually exclusive');
    }
    if (seen.has(type)) errors.duplicate(`${at}.type`, type);
    seen.add(type);
  });
  const fault = certificateFault(certificate);
  if (fault !== null) errors.invalid('status.certificate', '<certificate data>', fault);
}

function certificateFault(encoded: string): string | null {
  if (encoded === '') return null;
  const blocks = pemBlocks(Buffer.from(encoded, 'base64').toString('latin1'));
  for (const { type, hasHeaders, text } of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (hasHeaders) return 'no PEM block headers are permitted';
    try {
      new X509Certificate(text);
    } catch {
      return 'x509: malformed certificate';
    }
  }
  return blocks.length === 0 ? 'must contain at least one CERTIFICATE PEM block' : null;
}

/** Decisions stay; only the endpoints made for it add them or the certificate. */
function validateChange(object: KubeObject, old: KubeObject, subresource: string, errors: FieldErrors): void {
  validateStatus(object, errors);
  const [now, before] = [statusOf(object), statusOf(old)];
  const count = ({ conditions = [] }: RequestStatus, wanted: string): number => conditions.filter(({ type }) => type === wanted).length;
  const at = 'status.conditions';
  for (const type of [...DECISIONS, 'Failed']) {
    if (count(now, type) < count(before, type)) errors.forbidden(at, `updates may not remove a condition of type ${JSON.stringify(type)}`);
  }
  if (subresource !== 'approval') {
    for (const type of DECISIONS) {
      if (count(now, type) > count(before, type)) errors.forbidden(at, `updates may not add a condition of type ${JSON.stringify(type)}`);
    }
  }
  if ((now.certificate ?? '') === (before.certificate ?? '')) return;
  if (subresource !== 'status') errors.forbidden('status.certificate', 'updates may not set certificate content');
  else if ((before.certificate ?? '') !== '') {
    errors.forbidden('status.certificate', 'updates may not modify existing certificate content');
  }
}

/** Requests for certificates. What is asked for cannot change, so changes are not held against its rules. */
export const certificateRequestValidation: KindValidation = {
  nameRule: isPathSegment,
  metadataOnUpdate: 'both',
  create: validateRequest,
  update: () => {},
  subresources: {
    status: (object, old, errors) => validateChange(object, old, 'status', errors),
    approval: (object, old, errors) => validateChange(object, old, 'approval', errors),
  },
};
