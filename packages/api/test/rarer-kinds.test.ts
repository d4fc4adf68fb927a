import { describe, expect, it } from 'vitest';
import { changed, created } from './support/kinds.js';

describe('new objects of the rarer kinds', () => {
  const cases: [name: string, object: object, causes: string[]][] = [
    [
      'an old event beside something else',
      { apiVersion: 'v1', kind: 'Event', involvedObject: { namespace: 'other' } },
      ['involvedObject.namespace Invalid: Invalid value: "other": does not match event.namespace'],
    ],
    ['an old event', { apiVersion: 'v1', kind: 'Event', involvedObject: { namespace: 'ns' } }, []],
    [
      'a new event in the shape of the old',
      {
        apiVersion: 'v1',
        kind: 'Event',
        involvedObject: { namespace: 'ns' },
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingComponent: 'a b',
      },
      [
        "reportingComponent Invalid: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        'reportingInstance Required: Required value',
        'action Required: Required value',
        'reason Required: Required value',
      ],
    ],
    [
      'an event without anything',
      { apiVersion: 'events.k8s.io/v1', kind: 'Event' },
      [
        'involvedObject.namespace Invalid: Invalid value: "": does not match event.namespace',
        'eventTime Required: Required value',
        'type Invalid: Invalid value: "": has invalid value: ',
      ],
    ],
    [
      'a complete event',
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        eventTime: '2026-01-01T00:00:00.000000Z',
        regarding: { namespace: 'ns' },
        reportingController: 'a/b',
        reportingInstance: 'i',
        action: 'a',
        reason: 'r',
        type: 'Normal',
      },
      [],
    ],
    [
      'an event with old fields',
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        eventTime: '2026-01-01T00:00:00.000000Z',
        regarding: { namespace: 'ns' },
        reportingController: 'a/b',
        reportingInstance: 'i',
        action:
          'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
        reason: 'r',
        type: 'Other',
        series: { count: 1 },
        deprecatedCount: 3,
      },
      [
        'action Invalid: Invalid value: "": can have at most 128 characters',
        'series.count Invalid: Invalid value: "": should be at least 2',
        'series.lastObservedTime Required: Required value',
        'type Invalid: Invalid value: "": has invalid value: Other',
        'count Invalid: Invalid value: "": needs to be unset',
      ],
    ],
    ['a driver', { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver' }, []],
    [
      'a driver with unknown values',
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'CSIDriver',
        spec: {
          fsGroupPolicy: 'X',
          volumeLifecycleModes: ['Y'],
          tokenRequests: [{ audience: 'a', expirationSeconds: 5 }, { audience: 'a' }],
          nodeAllocatableUpdatePeriodSeconds: 3,
        },
      },
      [
        'spec.fsGroupPolicy NotSupported: Unsupported value: "X": supported values: "File", "None", "ReadWriteOnceWithFSType"',
        'spec.tokenRequests[0].expirationSeconds Invalid: Invalid value: 5: may not specify a duration less than 10 minutes',
        'spec.tokenRequests[1].audience Duplicate: Duplicate value: "a"',
        'spec.volumeLifecycleModes NotSupported: Unsupported value: "Y": supported values: "Ephemeral", "Persistent"',
        'spec.nodeAllocatableUpdatePeriodSeconds Invalid: Invalid value: 3: must be greater than or equal to 10 seconds',
      ],
    ],
    [
      'drivers of a node',
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'CSINode',
        spec: {
          drivers: [
            { name: 'a', nodeID: 'n', topologyKeys: ['a', 'a', 'b c'], allocatable: { count: -1 } },
            { name: 'a', nodeID: '' },
          ],
        },
      },
      [
        'spec.drivers[0].allocatable.count Invalid: Invalid value: -1: must be greater than or equal to 0',
        'spec.drivers[0].topologyKeys Duplicate: Duplicate value: "a"',
        "spec.drivers[0].topologyKeys Invalid: Invalid value: \"b c\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        'spec.drivers[1].nodeID Required: Required value',
        'spec.drivers[1].name Duplicate: Duplicate value: "a"',
      ],
    ],
    [
      'a capacity',
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'CSIStorageCapacity',
        storageClassName: 'A_',
        capacity: '-1',
        nodeTopology: { matchExpressions: [{ key: 'a', operator: 'In' }] },
      },
      [
        "storageClassName Invalid: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        "nodeTopology.matchExpressions[0].values Required: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        'capacity Invalid: Invalid value: "-1": must be greater than or equal to 0',
      ],
    ],
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
    [
      'a flow schema without anything',
      { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'FlowSchema' },
      ['spec.priorityLevelConfiguration.name Required: Required value: must reference a priority level'],
    ],
    [
      'a flow schema',
      {
        apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
        kind: 'FlowSchema',
        spec: {
          matchingPrecedence: 1,
          priorityLevelConfiguration: { name: 'A_' },
          distinguisherMethod: { type: 'X' },
          rules: [
            {},
            {
              subjects: [
                { kind: 'User', user: { name: 'a' }, group: { name: 'g' } },
                { kind: 'ServiceAccount', serviceAccount: { name: '*' } },
                { kind: 'X' },
              ],
              resourceRules: [{ verbs: ['*', 'get'], apiGroups: [], resources: ['*', 'a'] }],
              nonResourceRules: [{ verbs: ['x'], nonResourceURLs: ['a', '/a//b', '/a*', '/a/*'] }],
            },
          ],
        },
      },
      [
        "spec.matchingPrecedence Invalid: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
        'spec.distinguisherMethod NotSupported: Unsupported value: "X": supported values: "ByNamespace", "ByUser"',
        "spec.priorityLevelConfiguration.name Invalid: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        'spec.rules[0].subjects Required: Required value: subjects must contain at least one value',
        'spec.rules[0] Required: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
        "spec.rules[1].subjects[0].group Forbidden: Forbidden: group is forbidden when subject kind is not 'Group'",
        'spec.rules[1].subjects[1].serviceAccount.namespace Required: Required value: must specify namespace for service account',
        'spec.rules[1].subjects[2].kind NotSupported: Unsupported value: "X": supported values: "Group", "ServiceAccount", "User"',
        'spec.rules[1].resourceRules[0].verbs Invalid: Invalid value: ["*","get"]: if \'*\' is present, must not specify other verbs',
        'spec.rules[1].resourceRules[0].apiGroups Required: Required value: resource rules must supply at least one api group',
        'spec.rules[1].resourceRules[0].resources Invalid: Invalid value: ["*","a"]: if \'*\' is present, must not specify other resources',
        'spec.rules[1].resourceRules[0].namespaces Required: Required value: resource rules that are not cluster scoped must supply at least one namespace',
        'spec.rules[1].nonResourceRules[0].verbs NotSupported: Unsupported value: ["x"]: supported values: "*", "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"',
        'spec.rules[1].nonResourceRules[0].nonResourceURLs[0] Invalid: Invalid value: "a": must start with slash',
        'spec.rules[1].nonResourceRules[0].nonResourceURLs[1] Invalid: Invalid value: "/a//b": must not contain double slash',
        'spec.rules[1].nonResourceRules[0].nonResourceURLs[2] Invalid: Invalid value: "/a*": wildcard can only do suffix matching',
      ],
    ],
    [
      'a priority level without limits',
      { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'PriorityLevelConfiguration', spec: { type: 'Limited' } },
      ['spec.limited Required: Required value: must not be empty when type is Limited'],
    ],
    [
      'a priority level that queues',
      {
        apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
        kind: 'PriorityLevelConfiguration',
        spec: {
          type: 'Limited',
          limited: {
            lendablePercent: 101,
            borrowingLimitPercent: -1,
            limitResponse: { type: 'Queue', queuing: { queues: 3, handSize: 5, queueLengthLimit: -1 } },
          },
        },
      },
      [
        'spec.limited.limitResponse.queuing.queueLengthLimit Invalid: Invalid value: -1: must be positive',
        'spec.limited.limitResponse.queuing.handSize Invalid: Invalid value: 5: should not be greater than queues (3)',
        'spec.limited.lendablePercent Invalid: Invalid value: 101: must be between 0 and 100, inclusive',
        'spec.limited.borrowingLimitPercent Invalid: Invalid value: -1: if specified, must be a non-negative integer',
      ],
    ],
    [
      'an exempt priority level',
      {
        apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
        kind: 'PriorityLevelConfiguration',
        spec: { type: 'Exempt', limited: { limitResponse: { type: 'Reject' } }, exempt: { lendablePercent: -1 } },
      },
      [
        "spec.type Invalid: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'",
        'spec.limited Forbidden: Forbidden: must be nil if the type is not Limited',
        'spec.exempt.lendablePercent Invalid: Invalid value: -1: must be between 0 and 100, inclusive',
      ],
    ],
    [
      'the exempt priority level with other shares',
      {
        apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
        kind: 'PriorityLevelConfiguration',
        metadata: { name: 'exempt' },
        spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 5 } },
      },
      [],
    ],
    [
      'the exempt priority level with limits',
      {
        apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
        kind: 'PriorityLevelConfiguration',
        metadata: { name: 'exempt' },
        spec: { type: 'Limited', limited: { nominalConcurrencyShares: -1, limitResponse: { type: 'Reject' } } },
      },
      [
        "spec.type Invalid: Invalid value: \"Limited\": type must be 'Exempt' if and only if name is 'exempt'",
        'spec.limited.nominalConcurrencyShares Invalid: Invalid value: -1: must be a non-negative integer',
        'spec Invalid: Invalid value: {"Type":"Limited","Limited":{"NominalConcurrencyShares":-1,"LimitResponse":{"Type":"Reject","Queuing":null},"LendablePercent":0,"BorrowingLimitPercent":null},"Exempt":null}: spec of \'exempt\' except the \'spec.exempt\' field must equal the fixed value',
      ],
    ],
    [
      'the flow schema of everything else, changed',
      {
        apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
        kind: 'FlowSchema',
        metadata: { name: 'catch-all' },
        spec: { priorityLevelConfiguration: { name: 'catch-all' }, matchingPrecedence: 9999, distinguisherMethod: { type: 'ByUser' } },
      },
      [
        'spec Invalid: Invalid value: {"PriorityLevelConfiguration":{"Name":"catch-all"},"MatchingPrecedence":9999,"DistinguisherMethod":{"Type":"ByUser"},"Rules":null}: spec of \'catch-all\' must equal the fixed value',
      ],
    ],
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
    [
      'a stateful set',
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        spec: {
          serviceName: 'A_b',
          selector: { matchLabels: { a: 'b' } },
          template: {
            metadata: { labels: { a: 'b' } },
            spec: {
              containers: [
                {
                  name: 'c',
                  image: 'i',
                  volumeMounts: [
                    { name: 'data', mountPath: '/d' },
                    { name: 'none', mountPath: '/n' },
                  ],
                },
              ],
            },
          },
          volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }],
        },
      },
      [
        "spec.serviceName Invalid: Invalid value: \"A_b\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        'spec.volumeClaimTemplates[0].spec.accessModes Required: Required value: at least 1 access mode is required',
        'spec.volumeClaimTemplates[0].spec.resources[storage] Required: Required value',
        'spec.template.spec.containers[0].volumeMounts[1].name NotFound: Not found: "none"',
      ],
    ],
    [
      'an attachment without anything',
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'VolumeAttachment',
        spec: { source: { inlineVolumeSpec: { capacity: { storage: '1Gi' }, nfs: { server: 's', path: '/p' } } } },
      },
      [
        'spec.attacher Required: Required value',
        'spec.source.inlineVolumeSpec.capacity Forbidden: Forbidden: may not be specified in the context of inline volumes',
        'spec.source.inlineVolumeSpec.csi Required: Required value: has to be specified in the context of inline volumes',
        'spec.source.inlineVolumeSpec.accessModes Required: Required value',
        "spec.nodeName Invalid: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        'spec.attacher Required: Required value',
        "spec.attacher Invalid: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      ],
    ],
    [
      'an attachment of a malformed volume name',
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'VolumeAttachment',
        spec: { attacher: 'a.io', nodeName: 'n', source: { persistentVolumeName: 'P_' } },
      },
      [
        "spec.source.persistentVolumeName Invalid: Invalid value: \"P_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      ],
    ],
    [
      'a volume of two capacities',
      {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        spec: { capacity: { storage: '1Gi', cpu: '1' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a' } },
      },
      ['spec.capacity NotSupported: Unsupported value: {"cpu":"1","storage":"1Gi"}: supported values: "storage"'],
    ],
  ];
  it.each(cases)('%s', (_name, object, causes) => {
    expect(created(object)).toEqual(causes);
  });
});

describe('changes of the rarer kinds', () => {
  const cases: [name: string, before: object, after: object, subresource: string, causes: string[]][] = [
    [
      'what an event says',
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        eventTime: '2026-01-01T00:00:00.000000Z',
        regarding: { namespace: 'ns' },
        reportingController: 'a/b',
        reportingInstance: 'i',
        action: 'a',
        reason: 'r',
        type: 'Normal',
      },
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        eventTime: '2026-01-01T00:00:00.000000Z',
        regarding: { namespace: 'ns' },
        reportingController: 'a/b',
        reportingInstance: 'i',
        action: 'a',
        reason: 's',
        type: 'Normal',
        note: 'x',
      },
      '',
      ['reason Invalid: Invalid value: "s": field is immutable', 'message Invalid: Invalid value: "x": field is immutable'],
    ],
    [
      'the series of an event',
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        eventTime: '2026-01-01T00:00:00.000000Z',
        regarding: { namespace: 'ns' },
        reportingController: 'a/b',
        reportingInstance: 'i',
        action: 'a',
        reason: 'r',
        type: 'Normal',
      },
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        eventTime: '2026-01-01T00:00:00.000000Z',
        regarding: { namespace: 'ns' },
        reportingController: 'a/b',
        reportingInstance: 'i',
        action: 'a',
        reason: 'r',
        type: 'Normal',
        series: { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' },
      },
      '',
      [],
    ],
    [
      'how a driver attaches',
      { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name: 'd.io' }, spec: {} },
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'CSIDriver',
        metadata: { name: 'd.io' },
        spec: { attachRequired: false, volumeLifecycleModes: ['Ephemeral'] },
      },
      '',
      [
        'spec.attachedRequired Invalid: Invalid value: false: field is immutable',
        'spec.volumeLifecycleModes Invalid: Invalid value: ["Ephemeral"]: field is immutable',
      ],
    ],
    [
      'the id of a node',
      { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', spec: { drivers: [{ name: 'a.io', nodeID: 'n', topologyKeys: ['k'] }] } },
      { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', spec: { drivers: [{ name: 'a.io', nodeID: 'm', topologyKeys: ['k'] }] } },
      '',
      ['CSINodeDriver Invalid: Invalid value: {"Name":"a.io","NodeID":"m","TopologyKeys":["k"],"Allocatable":null}: field is immutable'],
    ],
    [
      'how many volumes a node takes',
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'CSINode',
        spec: { drivers: [{ name: 'a.io', nodeID: 'n', topologyKeys: ['k'], allocatable: { count: 3 } }] },
      },
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'CSINode',
        spec: { drivers: [{ name: 'a.io', nodeID: 'n', topologyKeys: ['k'], allocatable: { count: 4 } }] },
      },
      '',
      [],
    ],
    [
      'a set whose service name was always malformed',
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        spec: {
          serviceName: 'A_',
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        spec: {
          serviceName: 'A_',
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
          replicas: 3,
        },
      },
      '',
      [],
    ],
    [
      'a set whose template was always malformed',
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        spec: { serviceName: 's', selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: {} } },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        spec: {
          serviceName: 's',
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: {} },
          replicas: 3,
        },
      },
      '',
      [],
    ],
    [
      'a template that becomes malformed',
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        spec: {
          serviceName: 's',
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        spec: { serviceName: 's', selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: {} } },
      },
      '',
      ['spec.template.spec.containers Required: Required value'],
    ],
    [
      'decisions that contradict each other',
      {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        spec: { request: 'eA==', signerName: 'a.b/c', usages: ['client auth'] },
        status: {},
      },
      {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        spec: { request: 'eA==', signerName: 'a.b/c', usages: ['client auth'] },
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
      {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        spec: { request: 'eA==', signerName: 'a.b/c', usages: ['client auth'] },
        status: {},
      },
      {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        spec: { request: 'eA==', signerName: 'a.b/c', usages: ['client auth'] },
        status: { conditions: [{ type: 'Approved', status: 'True' }], certificate: 'eA==' },
      },
      'status',
      [
        'status.certificate Invalid: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
        'status.conditions Forbidden: Forbidden: updates may not add a condition of type "Approved"',
      ],
    ],
    [
      'where a volume is attached',
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'VolumeAttachment',
        spec: { attacher: 'a.io', nodeName: 'n', source: { persistentVolumeName: 'p' } },
      },
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'VolumeAttachment',
        spec: { attacher: 'a.io', nodeName: 'm', source: { persistentVolumeName: 'p' } },
      },
      '',
      [
        'spec Invalid: Invalid value: {"Attacher":"a.io","Source":{"PersistentVolumeName":"p","InlineVolumeSpec":null},"NodeName":"m"}: field is immutable',
      ],
    ],
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
  ];
  it.each(cases)('%s', (_name, before, after, subresource, causes) => {
    expect(changed(before, after, subresource)).toEqual(causes);
  });
});
