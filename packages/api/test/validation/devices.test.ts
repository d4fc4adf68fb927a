import { testChanges, testCreations } from '../support/validation-table.js';

testCreations('new claims, classes and slices of devices', [
  [
    'a capacity that is shared out in a range that contradicts itself',
    {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceSlice',
      spec: {
        driver: 'd.io',
        pool: { name: 'p', resourceSliceCount: 1 },
        nodeName: 'n',
        devices: [
          {
            name: 'a',
            allowMultipleAllocations: true,
            capacity: { memory: { value: '4Gi', requestPolicy: { default: '3Gi', validRange: { min: '1Gi', max: '2Gi' } } } },
          },
        ],
      },
    },
    ['spec.devices[0].capacity[memory].requestPolicy.validRange.default Invalid: Invalid value: "3Gi": default is more than max: 2Gi'],
  ],
  [
    'a claim for devices',
    {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaim',
      spec: {
        devices: {
          requests: [
            { name: 'a', exactly: { deviceClassName: 'c' } },
            { name: 'a', exactly: { deviceClassName: 'c', allocationMode: 'All', count: 2 } },
            { name: 'b', firstAvailable: [{ name: 's', deviceClassName: '' }] },
            { name: 'd' },
          ],
          constraints: [{ requests: ['b/s', 'b/x', 'a/b/c'], matchAttribute: 'plain' }],
          config: [{}],
        },
      },
    },
    [
      "spec.devices.requests[1].exactly.count Invalid: Invalid value: 2: must not be specified when allocationMode is 'All'",
      'spec.devices.requests[2].firstAvailable[0].deviceClassName Required: Required value',
      'spec.devices.requests[3] Required: Required value: exactly one of `exactly` or `firstAvailable` is required',
      'spec.devices.requests[1] Duplicate: Duplicate value: "a"',
      'spec.devices.constraints[0].requests[1] Invalid: Invalid value: "b/x": must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\'',
      'spec.devices.constraints[0].requests[2] Invalid: Invalid value: "a/b/c": must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\'',
      'spec.devices.constraints[0].matchAttribute Invalid: Invalid value: "plain": a fully qualified name must be a domain and a name separated by a slash',
      'spec.devices.config[0].opaque Required: Required value',
    ],
  ],
  [
    'a class of devices',
    {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'DeviceClass',
      spec: { selectors: [{}], extendedResourceName: 'cpu', config: [{ opaque: { driver: 'a.b' } }] },
    },
    [
      'spec.selectors[0].cel Required: Required value',
      'spec.config[0].opaque.parameters Required: Required value',
      'spec.extendedResourceName Invalid: Invalid value: "cpu": must be a valid extended resource name',
    ],
  ],
  [
    'a slice of devices',
    {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceSlice',
      spec: {
        driver: 'd.io',
        pool: { name: 'p/A', resourceSliceCount: 0 },
        nodeName: 'n',
        allNodes: true,
        devices: [{ name: 'a', attributes: { 'x/y/z': { bool: true }, v: { version: '1' } }, taints: [{ key: 'k' }] }, { name: 'a' }],
      },
    },
    [
      "spec.pool.name Invalid: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      'spec.pool.resourceSliceCount Invalid: Invalid value: 0: must be greater than zero',
      'spec Invalid: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
      'spec.devices[0].attributes Invalid: Invalid value: "x/y/z": must not contain more than one slash',
      'spec.devices[0].attributes[v].version Invalid: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0',
      'spec.devices[0].taints[0].effect Required: Required value',
      'spec.devices[1] Duplicate: Duplicate value: "a"',
    ],
  ],
]);

testChanges('changed claims, classes and slices of devices', [
  [
    'what a claim asks for',
    {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaim',
      spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'c' } }] } },
    },
    {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaim',
      spec: { devices: { requests: [{ name: 'b', exactly: { deviceClassName: 'c' } }] } },
    },
    '',
    [
      'spec Invalid: Invalid value: {"Devices":{"Requests":[{"Name":"b","Exactly":{"DeviceClassName":"c","Selectors":null,"AllocationMode":"ExactCount","Count":1,"AdminAccess":null,"Tolerations":null,"Capacity":null},"FirstAvailable":null}],"Constraints":null,"Config":null}}: field is immutable',
    ],
  ],
]);
