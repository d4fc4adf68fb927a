import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `meta.v1`, release 1.36, in the notation of `notation.ts`. */
export const metaV1Fields: FieldNumbers = {
  APIGroup: 'name versions preferredVersion serverAddressByClientCIDRs',
  APIGroupList: 'groups',
  APIResource: 'name namespaced~ kind verbs+ shortNames singularName categories group version storageVersionHash',
  APIResourceList: 'groupVersion resources',
  APIVersions: 'versions serverAddressByClientCIDRs',
  Condition: 'type status observedGeneration~ lastTransitionTime reason message',
  DeleteOptions:
    'gracePeriodSeconds preconditions orphanDependents propagationPolicy dryRun ignoreStoreReadErrorWithClusterBreakingPotential',
  FieldSelectorRequirement: 'key operator values',
  GroupVersionForDiscovery: 'groupVersion version',
  GroupVersionKind: 'group version kind',
  LabelSelector: 'matchLabels matchExpressions',
  LabelSelectorRequirement: 'key operator values',
  ListMeta: 'selfLink resourceVersion continue remainingItemCount shardInfo',
  ManagedFieldsEntry: 'manager operation apiVersion time fieldsType=6 fieldsV1 subresource',
  ObjectMeta:
    'name generateName namespace selfLink uid resourceVersion generation~ creationTimestamp deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences finalizers managedFields=17',
  OwnerReference: 'kind name=3 uid apiVersion controller blockOwnerDeletion',
  PartialObjectMetadata: 'metadata',
  PartialObjectMetadataList: 'metadata items',
  Preconditions: 'uid resourceVersion',
  ServerAddressByClientCIDR: 'clientCIDR serverAddress',
  ShardInfo: 'selector',
  Status: 'metadata status message reason details code~',
  StatusCause: 'reason message field',
  StatusDetails: 'name group kind causes retryAfterSeconds~ uid',
  WatchEvent: 'type object',
};
