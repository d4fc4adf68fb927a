import { testChanges, testCreations } from '../support/validation-table.js';

testCreations('new drivers, capacities, attachments and volumes', [
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
]);

testChanges('changed drivers, capacities, attachments and volumes', [
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
]);
