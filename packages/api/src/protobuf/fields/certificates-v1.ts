import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `certificates.v1`, release 1.36, in the notation of `notation.ts`. */
export const certificatesV1Fields: FieldNumbers = {
  CertificateSigningRequest: 'metadata spec status',
  CertificateSigningRequestCondition: 'type reason message lastUpdateTime lastTransitionTime status',
  CertificateSigningRequestList: 'metadata items',
  CertificateSigningRequestSpec: 'request username uid groups usages extra signerName expirationSeconds',
  CertificateSigningRequestStatus: 'conditions certificate',
};
