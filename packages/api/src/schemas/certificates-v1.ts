import type { SchemaTable } from './notation.js';

/** Shapes of `certificates.v1`, release 1.36, in the notation of `notation.ts`. */
export const certificatesV1Schemas = (): SchemaTable => ({
  CertificateSigningRequest: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'CertificateSigningRequestSpec required default({})',
    status: 'CertificateSigningRequestStatus default({})',
  },
  CertificateSigningRequestCondition: {
    '@required': 'type,status',
    lastTransitionTime: 'time',
    lastUpdateTime: 'time',
    message: 'string',
    reason: 'string',
    status: 'string required default("")',
    type: 'string required default("")',
  },
  CertificateSigningRequestList: {
    apiVersion: 'string',
    items: '[]CertificateSigningRequest required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  CertificateSigningRequestSpec: {
    expirationSeconds: 'int32',
    extra: '{}[]string',
    groups: '[]string atomic',
    request: 'byte required',
    signerName: 'string required default("")',
    uid: 'string',
    usages:
      '[]string enum(any,cert sign,client auth,code signing,content commitment,crl sign,data encipherment,decipher only,digital signature,email protection,encipher only,ipsec end system,ipsec tunnel,ipsec user,key agreement,key encipherment,microsoft sgc,netscape sgc,ocsp signing,s/mime,server auth,signing,timestamping) atomic',
    username: 'string',
  },
  CertificateSigningRequestStatus: {
    certificate: 'byte',
    conditions: '[]CertificateSigningRequestCondition map(type)',
  },
});
