import { testCreations } from '../support/validation-table.js';

testCreations('new flow schemas and priority levels', [
  [
    'a flow schema and a subject of names that every object has',
    {
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
      kind: 'FlowSchema',
      metadata: { name: 'constructor' },
      spec: {
        priorityLevelConfiguration: { name: 'p' },
        rules: [{ subjects: [{ kind: 'constructor' }], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] }],
      },
    },
    ['spec.rules[0].subjects[0].kind NotSupported: Unsupported value: "constructor": supported values: "Group", "ServiceAccount", "User"'],
  ],
  [
    'a priority level of a name that every object has',
    {
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
      kind: 'PriorityLevelConfiguration',
      metadata: { name: 'constructor' },
      spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
    },
    [],
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
]);
