import { testChanges, testCreations } from '../support/validation-table.js';

const REQUEST = {
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  spec: { request: 'eA==', signerName: 'a.b/c', usages: ['client auth'] },
  status: {},
};

testCreations('new requests for certificates', [
  [
    'a request for a certificate',
    {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      spec: { request: 'eA==', signerName: 'x', usages: ['a', 'client auth', 'client auth'], expirationSeconds: 5 },
    },
    [
      'spec.request Invalid: Invalid value: "eA==": PEM block type must be CERTIFICATE REQUEST',
      'spec.usages[0] NotSupported: Unsupported value: "a": supported values: "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"',
      'spec.usages[2] Duplicate: Duplicate value: "client auth"',
      'spec.signerName Invalid: Invalid value: "x": must be a fully qualified domain and path of the form \'example.com/signer-name\'',
      'spec.expirationSeconds Invalid: Invalid value: 5: may not specify a duration less than 600 seconds (10 minutes)',
    ],
  ],
]);

testChanges('changed requests for certificates', [
  [
    'a certificate with headers in its frame',
    REQUEST,
    {
      ...REQUEST,
      status: { certificate: Buffer.from('-----BEGIN CERTIFICATE-----\na: b\n\neA==\n-----END CERTIFICATE-----\n').toString('base64') },
    },
    'status',
    ['status.certificate Invalid: Invalid value: "<certificate data>": no PEM block headers are permitted'],
  ],
  [
    'decisions that contradict each other',
    REQUEST,
    {
      ...REQUEST,
      status: {
        conditions: [
          { type: 'Approved', status: 'False' },
          { type: 'Denied', status: 'True' },
          { type: 'Denied', status: 'True' },
        ],
      },
    },
    'approval',
    [
      'status.conditions[0].status NotSupported: Unsupported value: "False": supported values: "True"',
      'status.conditions[1].type Invalid: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
      'status.conditions[2].type Invalid: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
      'status.conditions[2].type Duplicate: Duplicate value: "Denied"',
    ],
  ],
  [
    'a decision through the endpoint for certificates',
    REQUEST,
    {
      ...REQUEST,
      status: { conditions: [{ type: 'Approved', status: 'True' }], certificate: 'eA==' },
    },
    'status',
    [
      'status.certificate Invalid: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
      'status.conditions Forbidden: Forbidden: updates may not add a condition of type "Approved"',
    ],
  ],
]);
