import type { SchemaTable } from './notation.js';

/** Shapes of `flowcontrol.v1`, release 1.36, in the notation of `notation.ts`. */
export const flowcontrolV1Schemas = (): SchemaTable => ({
  ExemptPriorityLevelConfiguration: {
    lendablePercent: 'int32',
    nominalConcurrencyShares: 'int32',
  },
  FlowDistinguisherMethod: {
    type: 'string required default("")',
  },
  FlowSchema: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'FlowSchemaSpec default({})',
    status: 'FlowSchemaStatus default({})',
  },
  FlowSchemaCondition: {
    lastTransitionTime: 'time',
    message: 'string',
    reason: 'string',
    status: 'string',
    type: 'string',
  },
  FlowSchemaList: {
    apiVersion: 'string',
    items: '[]FlowSchema required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  FlowSchemaSpec: {
    distinguisherMethod: 'FlowDistinguisherMethod',
    matchingPrecedence: 'int32 default(0)',
    priorityLevelConfiguration: 'PriorityLevelConfigurationReference required default({})',
    rules: '[]PolicyRulesWithSubjects atomic',
  },
  FlowSchemaStatus: {
    conditions: '[]FlowSchemaCondition map(type) patch(merge) key(type)',
  },
  GroupSubject: {
    name: 'string required default("")',
  },
  LimitResponse: {
    '@union': 'type(queuing)',
    queuing: 'QueuingConfiguration',
    type: 'string required default("")',
  },
  LimitedPriorityLevelConfiguration: {
    borrowingLimitPercent: 'int32',
    lendablePercent: 'int32',
    limitResponse: 'LimitResponse default({})',
    nominalConcurrencyShares: 'int32',
  },
  NonResourcePolicyRule: {
    '@required': 'verbs,nonResourceURLs',
    nonResourceURLs: '[]string set required',
    verbs: '[]string set required',
  },
  PolicyRulesWithSubjects: {
    nonResourceRules: '[]NonResourcePolicyRule atomic',
    resourceRules: '[]ResourcePolicyRule atomic',
    subjects: '[]Subject required atomic',
  },
  PriorityLevelConfiguration: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'PriorityLevelConfigurationSpec default({})',
    status: 'PriorityLevelConfigurationStatus default({})',
  },
  PriorityLevelConfigurationCondition: {
    lastTransitionTime: 'time',
    message: 'string',
    reason: 'string',
    status: 'string',
    type: 'string',
  },
  PriorityLevelConfigurationList: {
    apiVersion: 'string',
    items: '[]PriorityLevelConfiguration required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  PriorityLevelConfigurationReference: {
    name: 'string required default("")',
  },
  PriorityLevelConfigurationSpec: {
    '@union': 'type(exempt,limited)',
    exempt: 'ExemptPriorityLevelConfiguration',
    limited: 'LimitedPriorityLevelConfiguration',
    type: 'string required default("")',
  },
  PriorityLevelConfigurationStatus: {
    conditions: '[]PriorityLevelConfigurationCondition map(type) patch(merge) key(type)',
  },
  QueuingConfiguration: {
    handSize: 'int32 default(0)',
    queueLengthLimit: 'int32 default(0)',
    queues: 'int32 default(0)',
  },
  ResourcePolicyRule: {
    '@required': 'verbs,apiGroups,resources',
    apiGroups: '[]string set required',
    clusterScope: 'bool',
    namespaces: '[]string set',
    resources: '[]string set required',
    verbs: '[]string set required',
  },
  ServiceAccountSubject: {
    '@required': 'namespace,name',
    name: 'string required default("")',
    namespace: 'string required default("")',
  },
  Subject: {
    '@union': 'kind(group,serviceAccount,user)',
    group: 'GroupSubject',
    kind: 'string required default("")',
    serviceAccount: 'ServiceAccountSubject',
    user: 'UserSubject',
  },
  UserSubject: {
    name: 'string required default("")',
  },
});
