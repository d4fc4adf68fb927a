import { testCreations } from '../support/validation-table.js';

testCreations('new groups of other servers', [
  [
    'a local group',
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1.example.com' },
      spec: {
        group: 'example.com',
        version: '1v',
        groupPriorityMinimum: 0,
        versionPriority: 5000,
        caBundle: 'eA==',
        insecureSkipTLSVerify: true,
      },
    },
    [
      'metadata.name Invalid: Invalid value: "v1.example.com": must be `spec.version+"."+spec.group`: "1v.example.com"',
      "spec.version Invalid: Invalid value: \"1v\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      'spec.groupPriorityMinimum Invalid: Invalid value: 0: must be positive and less than 20000',
      'spec.versionPriority Invalid: Invalid value: 5000: must be positive and less than 1000',
      'spec.caBundle Invalid: Invalid value: "1 bytes": local APIServices may not have a caBundle',
      'spec.insecureSkipTLSVerify Invalid: Invalid value: true: local APIServices may not have insecureSkipTLSVerify',
    ],
  ],
  [
    'a group of another server',
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1.example.com' },
      spec: {
        group: 'example.com',
        version: 'v1',
        groupPriorityMinimum: 1,
        versionPriority: 1,
        service: { port: 99999 },
        caBundle: 'eA==',
        insecureSkipTLSVerify: true,
      },
    },
    [
      'spec.service.namespace Required: Required value',
      'spec.service.name Required: Required value',
      'spec.service.port Invalid: Invalid value: 99999: port is not valid: must be between 1 and 65535, inclusive',
      'spec.insecureSkipTLSVerify Invalid: Invalid value: true: may not be true if caBundle is present',
    ],
  ],
]);
