import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `flowcontrol.v1`, release 1.36, in the notation of `notation.ts`. */
export const flowcontrolV1Fields: FieldNumbers = {
  ExemptPriorityLevelConfiguration: 'nominalConcurrencyShares lendablePercent',
  FlowDistinguisherMethod: 'type',
  FlowSchema: 'metadata spec status',
  FlowSchemaCondition: 'type status lastTransitionTime reason message',
  FlowSchemaList: 'metadata items',
  FlowSchemaSpec: 'priorityLevelConfiguration matchingPrecedence~ distinguisherMethod rules',
  FlowSchemaStatus: 'conditions',
  GroupSubject: 'name',
  LimitResponse: 'type queuing',
  LimitedPriorityLevelConfiguration: 'nominalConcurrencyShares limitResponse lendablePercent borrowingLimitPercent',
  NonResourcePolicyRule: 'verbs nonResourceURLs=6',
  PolicyRulesWithSubjects: 'subjects resourceRules nonResourceRules',
  PriorityLevelConfiguration: 'metadata spec status',
  PriorityLevelConfigurationCondition: 'type status lastTransitionTime reason message',
  PriorityLevelConfigurationList: 'metadata items',
  PriorityLevelConfigurationReference: 'name',
  PriorityLevelConfigurationSpec: 'type limited exempt',
  PriorityLevelConfigurationStatus: 'conditions',
  QueuingConfiguration: 'queues~ handSize~ queueLengthLimit~',
  ResourcePolicyRule: 'verbs apiGroups resources clusterScope~ namespaces',
  ServiceAccountSubject: 'namespace name',
  Subject: 'kind user group serviceAccount',
  UserSubject: 'name',
};
