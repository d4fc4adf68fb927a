/** One row of discovery: what `GET /api/v1` and `/apis/GROUP/VERSION` list, in the order of release 1.36. */
export interface DiscoveryRow {
  /** `pods`, or `pods/status` for a subresource. */
  name: string;
  singular: string;
  namespaced: boolean;
  kind: string;
  /** Where the kind lives, when not in the group version of the row. */
  gv?: readonly [group: string, version: string];
  /** Absent = the eight of an ordinary resource. */
  verbs?: readonly string[];
  shortNames?: readonly string[];
  categories?: readonly string[];
  /** Schema as `package/Name`. Absent for rows without an object of their own. */
  schema?: string;
}

/** Groups after the core group, in discovery order, with their versions, preferred first. */
export const DISCOVERY_GROUPS: readonly { name: string; versions: readonly string[] }[] = [
  { name: 'apiregistration.k8s.io', versions: ['v1'] },
  { name: 'apps', versions: ['v1'] },
  { name: 'events.k8s.io', versions: ['v1'] },
  { name: 'authentication.k8s.io', versions: ['v1'] },
  { name: 'authorization.k8s.io', versions: ['v1'] },
  { name: 'autoscaling', versions: ['v2', 'v1'] },
  { name: 'batch', versions: ['v1'] },
  { name: 'certificates.k8s.io', versions: ['v1'] },
  { name: 'networking.k8s.io', versions: ['v1'] },
  { name: 'policy', versions: ['v1'] },
  { name: 'rbac.authorization.k8s.io', versions: ['v1'] },
  { name: 'storage.k8s.io', versions: ['v1'] },
  { name: 'admissionregistration.k8s.io', versions: ['v1'] },
  { name: 'apiextensions.k8s.io', versions: ['v1'] },
  { name: 'scheduling.k8s.io', versions: ['v1'] },
  { name: 'coordination.k8s.io', versions: ['v1'] },
  { name: 'node.k8s.io', versions: ['v1'] },
  { name: 'discovery.k8s.io', versions: ['v1'] },
  { name: 'resource.k8s.io', versions: ['v1'] },
  { name: 'flowcontrol.apiserver.k8s.io', versions: ['v1'] },
];

/** Rows by group version. */
export const DISCOVERY_ROWS: Readonly<Record<string, readonly DiscoveryRow[]>> = {
  'v1': [
    { name: 'bindings', singular: 'binding', namespaced: true, kind: 'Binding', verbs: ['create'], schema: 'core.v1/Binding' },
    { name: 'componentstatuses', singular: 'componentstatus', namespaced: false, kind: 'ComponentStatus', verbs: ['get', 'list'], shortNames: ['cs'], schema: 'core.v1/ComponentStatus' },
    { name: 'configmaps', singular: 'configmap', namespaced: true, kind: 'ConfigMap', shortNames: ['cm'], schema: 'core.v1/ConfigMap' },
    { name: 'endpoints', singular: 'endpoints', namespaced: true, kind: 'Endpoints', shortNames: ['ep'], schema: 'core.v1/Endpoints' },
    { name: 'events', singular: 'event', namespaced: true, kind: 'Event', shortNames: ['ev'], schema: 'core.v1/Event' },
    { name: 'limitranges', singular: 'limitrange', namespaced: true, kind: 'LimitRange', shortNames: ['limits'], schema: 'core.v1/LimitRange' },
    { name: 'namespaces', singular: 'namespace', namespaced: false, kind: 'Namespace', verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'], shortNames: ['ns'], schema: 'core.v1/Namespace' },
    { name: 'namespaces/finalize', singular: '', namespaced: false, kind: 'Namespace', verbs: ['update'], schema: 'core.v1/Namespace' },
    { name: 'namespaces/status', singular: '', namespaced: false, kind: 'Namespace', verbs: ['get', 'patch', 'update'], schema: 'core.v1/Namespace' },
    { name: 'nodes', singular: 'node', namespaced: false, kind: 'Node', shortNames: ['no'], schema: 'core.v1/Node' },
    { name: 'nodes/proxy', singular: '', namespaced: false, kind: 'NodeProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
    { name: 'nodes/status', singular: '', namespaced: false, kind: 'Node', verbs: ['get', 'patch', 'update'], schema: 'core.v1/Node' },
    { name: 'persistentvolumeclaims', singular: 'persistentvolumeclaim', namespaced: true, kind: 'PersistentVolumeClaim', shortNames: ['pvc'], schema: 'core.v1/PersistentVolumeClaim' },
    { name: 'persistentvolumeclaims/status', singular: '', namespaced: true, kind: 'PersistentVolumeClaim', verbs: ['get', 'patch', 'update'], schema: 'core.v1/PersistentVolumeClaim' },
    { name: 'persistentvolumes', singular: 'persistentvolume', namespaced: false, kind: 'PersistentVolume', shortNames: ['pv'], schema: 'core.v1/PersistentVolume' },
    { name: 'persistentvolumes/status', singular: '', namespaced: false, kind: 'PersistentVolume', verbs: ['get', 'patch', 'update'], schema: 'core.v1/PersistentVolume' },
    { name: 'pods', singular: 'pod', namespaced: true, kind: 'Pod', shortNames: ['po'], categories: ['all'], schema: 'core.v1/Pod' },
    { name: 'pods/attach', singular: '', namespaced: true, kind: 'PodAttachOptions', verbs: ['create', 'get'] },
    { name: 'pods/binding', singular: '', namespaced: true, kind: 'Binding', verbs: ['create'], schema: 'core.v1/Binding' },
    { name: 'pods/ephemeralcontainers', singular: '', namespaced: true, kind: 'Pod', verbs: ['get', 'patch', 'update'], schema: 'core.v1/Pod' },
    { name: 'pods/eviction', singular: '', namespaced: true, kind: 'Eviction', gv: ['policy', 'v1'], verbs: ['create'], schema: 'policy.v1/Eviction' },
    { name: 'pods/exec', singular: '', namespaced: true, kind: 'PodExecOptions', verbs: ['create', 'get'] },
    { name: 'pods/log', singular: '', namespaced: true, kind: 'Pod', verbs: ['get'], schema: 'core.v1/Pod' },
    { name: 'pods/portforward', singular: '', namespaced: true, kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
    { name: 'pods/proxy', singular: '', namespaced: true, kind: 'PodProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
    { name: 'pods/resize', singular: '', namespaced: true, kind: 'Pod', verbs: ['get', 'patch', 'update'], schema: 'core.v1/Pod' },
    { name: 'pods/status', singular: '', namespaced: true, kind: 'Pod', verbs: ['get', 'patch', 'update'], schema: 'core.v1/Pod' },
    { name: 'podtemplates', singular: 'podtemplate', namespaced: true, kind: 'PodTemplate', schema: 'core.v1/PodTemplate' },
    { name: 'replicationcontrollers', singular: 'replicationcontroller', namespaced: true, kind: 'ReplicationController', shortNames: ['rc'], categories: ['all'], schema: 'core.v1/ReplicationController' },
    { name: 'replicationcontrollers/scale', singular: '', namespaced: true, kind: 'Scale', gv: ['autoscaling', 'v1'], verbs: ['get', 'patch', 'update'], schema: 'autoscaling.v1/Scale' },
    { name: 'replicationcontrollers/status', singular: '', namespaced: true, kind: 'ReplicationController', verbs: ['get', 'patch', 'update'], schema: 'core.v1/ReplicationController' },
    { name: 'resourcequotas', singular: 'resourcequota', namespaced: true, kind: 'ResourceQuota', shortNames: ['quota'], schema: 'core.v1/ResourceQuota' },
    { name: 'resourcequotas/status', singular: '', namespaced: true, kind: 'ResourceQuota', verbs: ['get', 'patch', 'update'], schema: 'core.v1/ResourceQuota' },
    { name: 'secrets', singular: 'secret', namespaced: true, kind: 'Secret', schema: 'core.v1/Secret' },
    { name: 'serviceaccounts', singular: 'serviceaccount', namespaced: true, kind: 'ServiceAccount', shortNames: ['sa'], schema: 'core.v1/ServiceAccount' },
    { name: 'serviceaccounts/token', singular: '', namespaced: true, kind: 'TokenRequest', gv: ['authentication.k8s.io', 'v1'], verbs: ['create'], schema: 'authentication.v1/TokenRequest' },
    { name: 'services', singular: 'service', namespaced: true, kind: 'Service', shortNames: ['svc'], categories: ['all'], schema: 'core.v1/Service' },
    { name: 'services/proxy', singular: '', namespaced: true, kind: 'ServiceProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
    { name: 'services/status', singular: '', namespaced: true, kind: 'Service', verbs: ['get', 'patch', 'update'], schema: 'core.v1/Service' },
  ],
  'apiregistration.k8s.io/v1': [
    { name: 'apiservices', singular: 'apiservice', namespaced: false, kind: 'APIService', categories: ['api-extensions'], schema: 'apiregistration.v1/APIService' },
    { name: 'apiservices/status', singular: '', namespaced: false, kind: 'APIService', verbs: ['get', 'patch', 'update'], schema: 'apiregistration.v1/APIService' },
  ],
  'apps/v1': [
    { name: 'controllerrevisions', singular: 'controllerrevision', namespaced: true, kind: 'ControllerRevision', schema: 'apps.v1/ControllerRevision' },
    { name: 'daemonsets', singular: 'daemonset', namespaced: true, kind: 'DaemonSet', shortNames: ['ds'], categories: ['all'], schema: 'apps.v1/DaemonSet' },
    { name: 'daemonsets/status', singular: '', namespaced: true, kind: 'DaemonSet', verbs: ['get', 'patch', 'update'], schema: 'apps.v1/DaemonSet' },
    { name: 'deployments', singular: 'deployment', namespaced: true, kind: 'Deployment', shortNames: ['deploy'], categories: ['all'], schema: 'apps.v1/Deployment' },
    { name: 'deployments/scale', singular: '', namespaced: true, kind: 'Scale', gv: ['autoscaling', 'v1'], verbs: ['get', 'patch', 'update'], schema: 'autoscaling.v1/Scale' },
    { name: 'deployments/status', singular: '', namespaced: true, kind: 'Deployment', verbs: ['get', 'patch', 'update'], schema: 'apps.v1/Deployment' },
    { name: 'replicasets', singular: 'replicaset', namespaced: true, kind: 'ReplicaSet', shortNames: ['rs'], categories: ['all'], schema: 'apps.v1/ReplicaSet' },
    { name: 'replicasets/scale', singular: '', namespaced: true, kind: 'Scale', gv: ['autoscaling', 'v1'], verbs: ['get', 'patch', 'update'], schema: 'autoscaling.v1/Scale' },
    { name: 'replicasets/status', singular: '', namespaced: true, kind: 'ReplicaSet', verbs: ['get', 'patch', 'update'], schema: 'apps.v1/ReplicaSet' },
    { name: 'statefulsets', singular: 'statefulset', namespaced: true, kind: 'StatefulSet', shortNames: ['sts'], categories: ['all'], schema: 'apps.v1/StatefulSet' },
    { name: 'statefulsets/scale', singular: '', namespaced: true, kind: 'Scale', gv: ['autoscaling', 'v1'], verbs: ['get', 'patch', 'update'], schema: 'autoscaling.v1/Scale' },
    { name: 'statefulsets/status', singular: '', namespaced: true, kind: 'StatefulSet', verbs: ['get', 'patch', 'update'], schema: 'apps.v1/StatefulSet' },
  ],
  'events.k8s.io/v1': [
    { name: 'events', singular: 'event', namespaced: true, kind: 'Event', shortNames: ['ev'], schema: 'events.v1/Event' },
  ],
  'authentication.k8s.io/v1': [
    { name: 'selfsubjectreviews', singular: 'selfsubjectreview', namespaced: false, kind: 'SelfSubjectReview', verbs: ['create'], schema: 'authentication.v1/SelfSubjectReview' },
    { name: 'tokenreviews', singular: 'tokenreview', namespaced: false, kind: 'TokenReview', verbs: ['create'], schema: 'authentication.v1/TokenReview' },
  ],
  'authorization.k8s.io/v1': [
    { name: 'localsubjectaccessreviews', singular: 'localsubjectaccessreview', namespaced: true, kind: 'LocalSubjectAccessReview', verbs: ['create'], schema: 'authorization.v1/LocalSubjectAccessReview' },
    { name: 'selfsubjectaccessreviews', singular: 'selfsubjectaccessreview', namespaced: false, kind: 'SelfSubjectAccessReview', verbs: ['create'], schema: 'authorization.v1/SelfSubjectAccessReview' },
    { name: 'selfsubjectrulesreviews', singular: 'selfsubjectrulesreview', namespaced: false, kind: 'SelfSubjectRulesReview', verbs: ['create'], schema: 'authorization.v1/SelfSubjectRulesReview' },
    { name: 'subjectaccessreviews', singular: 'subjectaccessreview', namespaced: false, kind: 'SubjectAccessReview', verbs: ['create'], schema: 'authorization.v1/SubjectAccessReview' },
  ],
  'autoscaling/v2': [
    { name: 'horizontalpodautoscalers', singular: 'horizontalpodautoscaler', namespaced: true, kind: 'HorizontalPodAutoscaler', shortNames: ['hpa'], categories: ['all'], schema: 'autoscaling.v2/HorizontalPodAutoscaler' },
    { name: 'horizontalpodautoscalers/status', singular: '', namespaced: true, kind: 'HorizontalPodAutoscaler', verbs: ['get', 'patch', 'update'], schema: 'autoscaling.v2/HorizontalPodAutoscaler' },
  ],
  'autoscaling/v1': [
    { name: 'horizontalpodautoscalers', singular: 'horizontalpodautoscaler', namespaced: true, kind: 'HorizontalPodAutoscaler', shortNames: ['hpa'], categories: ['all'], schema: 'autoscaling.v1/HorizontalPodAutoscaler' },
    { name: 'horizontalpodautoscalers/status', singular: '', namespaced: true, kind: 'HorizontalPodAutoscaler', verbs: ['get', 'patch', 'update'], schema: 'autoscaling.v1/HorizontalPodAutoscaler' },
  ],
  'batch/v1': [
    { name: 'cronjobs', singular: 'cronjob', namespaced: true, kind: 'CronJob', shortNames: ['cj'], categories: ['all'], schema: 'batch.v1/CronJob' },
    { name: 'cronjobs/status', singular: '', namespaced: true, kind: 'CronJob', verbs: ['get', 'patch', 'update'], schema: 'batch.v1/CronJob' },
    { name: 'jobs', singular: 'job', namespaced: true, kind: 'Job', categories: ['all'], schema: 'batch.v1/Job' },
    { name: 'jobs/status', singular: '', namespaced: true, kind: 'Job', verbs: ['get', 'patch', 'update'], schema: 'batch.v1/Job' },
  ],
  'certificates.k8s.io/v1': [
    { name: 'certificatesigningrequests', singular: 'certificatesigningrequest', namespaced: false, kind: 'CertificateSigningRequest', shortNames: ['csr'], schema: 'certificates.v1/CertificateSigningRequest' },
    { name: 'certificatesigningrequests/approval', singular: '', namespaced: false, kind: 'CertificateSigningRequest', verbs: ['get', 'patch', 'update'], schema: 'certificates.v1/CertificateSigningRequest' },
    { name: 'certificatesigningrequests/status', singular: '', namespaced: false, kind: 'CertificateSigningRequest', verbs: ['get', 'patch', 'update'], schema: 'certificates.v1/CertificateSigningRequest' },
  ],
  'networking.k8s.io/v1': [
    { name: 'ingressclasses', singular: 'ingressclass', namespaced: false, kind: 'IngressClass', schema: 'networking.v1/IngressClass' },
    { name: 'ingresses', singular: 'ingress', namespaced: true, kind: 'Ingress', shortNames: ['ing'], schema: 'networking.v1/Ingress' },
    { name: 'ingresses/status', singular: '', namespaced: true, kind: 'Ingress', verbs: ['get', 'patch', 'update'], schema: 'networking.v1/Ingress' },
    { name: 'ipaddresses', singular: 'ipaddress', namespaced: false, kind: 'IPAddress', shortNames: ['ip'], schema: 'networking.v1/IPAddress' },
    { name: 'networkpolicies', singular: 'networkpolicy', namespaced: true, kind: 'NetworkPolicy', shortNames: ['netpol'], schema: 'networking.v1/NetworkPolicy' },
    { name: 'servicecidrs', singular: 'servicecidr', namespaced: false, kind: 'ServiceCIDR', schema: 'networking.v1/ServiceCIDR' },
    { name: 'servicecidrs/status', singular: '', namespaced: false, kind: 'ServiceCIDR', verbs: ['get', 'patch', 'update'], schema: 'networking.v1/ServiceCIDR' },
  ],
  'policy/v1': [
    { name: 'poddisruptionbudgets', singular: 'poddisruptionbudget', namespaced: true, kind: 'PodDisruptionBudget', shortNames: ['pdb'], schema: 'policy.v1/PodDisruptionBudget' },
    { name: 'poddisruptionbudgets/status', singular: '', namespaced: true, kind: 'PodDisruptionBudget', verbs: ['get', 'patch', 'update'], schema: 'policy.v1/PodDisruptionBudget' },
  ],
  'rbac.authorization.k8s.io/v1': [
    { name: 'clusterrolebindings', singular: 'clusterrolebinding', namespaced: false, kind: 'ClusterRoleBinding', schema: 'rbac.v1/ClusterRoleBinding' },
    { name: 'clusterroles', singular: 'clusterrole', namespaced: false, kind: 'ClusterRole', schema: 'rbac.v1/ClusterRole' },
    { name: 'rolebindings', singular: 'rolebinding', namespaced: true, kind: 'RoleBinding', schema: 'rbac.v1/RoleBinding' },
    { name: 'roles', singular: 'role', namespaced: true, kind: 'Role', schema: 'rbac.v1/Role' },
  ],
  'storage.k8s.io/v1': [
    { name: 'csidrivers', singular: 'csidriver', namespaced: false, kind: 'CSIDriver', schema: 'storage.v1/CSIDriver' },
    { name: 'csinodes', singular: 'csinode', namespaced: false, kind: 'CSINode', schema: 'storage.v1/CSINode' },
    { name: 'csistoragecapacities', singular: 'csistoragecapacity', namespaced: true, kind: 'CSIStorageCapacity', schema: 'storage.v1/CSIStorageCapacity' },
    { name: 'storageclasses', singular: 'storageclass', namespaced: false, kind: 'StorageClass', shortNames: ['sc'], schema: 'storage.v1/StorageClass' },
    { name: 'volumeattachments', singular: 'volumeattachment', namespaced: false, kind: 'VolumeAttachment', schema: 'storage.v1/VolumeAttachment' },
    { name: 'volumeattachments/status', singular: '', namespaced: false, kind: 'VolumeAttachment', verbs: ['get', 'patch', 'update'], schema: 'storage.v1/VolumeAttachment' },
    { name: 'volumeattributesclasses', singular: 'volumeattributesclass', namespaced: false, kind: 'VolumeAttributesClass', shortNames: ['vac'], schema: 'storage.v1/VolumeAttributesClass' },
  ],
  'admissionregistration.k8s.io/v1': [
    { name: 'mutatingadmissionpolicies', singular: 'mutatingadmissionpolicy', namespaced: false, kind: 'MutatingAdmissionPolicy', categories: ['api-extensions'], schema: 'admissionregistration.v1/MutatingAdmissionPolicy' },
    { name: 'mutatingadmissionpolicybindings', singular: 'mutatingadmissionpolicybinding', namespaced: false, kind: 'MutatingAdmissionPolicyBinding', categories: ['api-extensions'], schema: 'admissionregistration.v1/MutatingAdmissionPolicyBinding' },
    { name: 'mutatingwebhookconfigurations', singular: 'mutatingwebhookconfiguration', namespaced: false, kind: 'MutatingWebhookConfiguration', categories: ['api-extensions'], schema: 'admissionregistration.v1/MutatingWebhookConfiguration' },
    { name: 'validatingadmissionpolicies', singular: 'validatingadmissionpolicy', namespaced: false, kind: 'ValidatingAdmissionPolicy', categories: ['api-extensions'], schema: 'admissionregistration.v1/ValidatingAdmissionPolicy' },
    { name: 'validatingadmissionpolicies/status', singular: '', namespaced: false, kind: 'ValidatingAdmissionPolicy', verbs: ['get', 'patch', 'update'], schema: 'admissionregistration.v1/ValidatingAdmissionPolicy' },
    { name: 'validatingadmissionpolicybindings', singular: 'validatingadmissionpolicybinding', namespaced: false, kind: 'ValidatingAdmissionPolicyBinding', categories: ['api-extensions'], schema: 'admissionregistration.v1/ValidatingAdmissionPolicyBinding' },
    { name: 'validatingwebhookconfigurations', singular: 'validatingwebhookconfiguration', namespaced: false, kind: 'ValidatingWebhookConfiguration', categories: ['api-extensions'], schema: 'admissionregistration.v1/ValidatingWebhookConfiguration' },
  ],
  'apiextensions.k8s.io/v1': [
    { name: 'customresourcedefinitions', singular: 'customresourcedefinition', namespaced: false, kind: 'CustomResourceDefinition', shortNames: ['crd', 'crds'], categories: ['api-extensions'], schema: 'apiextensions.v1/CustomResourceDefinition' },
    { name: 'customresourcedefinitions/status', singular: '', namespaced: false, kind: 'CustomResourceDefinition', verbs: ['get', 'patch', 'update'], schema: 'apiextensions.v1/CustomResourceDefinition' },
  ],
  'scheduling.k8s.io/v1': [
    { name: 'priorityclasses', singular: 'priorityclass', namespaced: false, kind: 'PriorityClass', shortNames: ['pc'], schema: 'scheduling.v1/PriorityClass' },
  ],
  'coordination.k8s.io/v1': [
    { name: 'leases', singular: 'lease', namespaced: true, kind: 'Lease', schema: 'coordination.v1/Lease' },
  ],
  'node.k8s.io/v1': [
    { name: 'runtimeclasses', singular: 'runtimeclass', namespaced: false, kind: 'RuntimeClass', schema: 'node.v1/RuntimeClass' },
  ],
  'discovery.k8s.io/v1': [
    { name: 'endpointslices', singular: 'endpointslice', namespaced: true, kind: 'EndpointSlice', schema: 'discovery.v1/EndpointSlice' },
  ],
  'resource.k8s.io/v1': [
    { name: 'deviceclasses', singular: 'deviceclass', namespaced: false, kind: 'DeviceClass', schema: 'resource.v1/DeviceClass' },
    { name: 'resourceclaims', singular: 'resourceclaim', namespaced: true, kind: 'ResourceClaim', schema: 'resource.v1/ResourceClaim' },
    { name: 'resourceclaims/status', singular: '', namespaced: true, kind: 'ResourceClaim', verbs: ['get', 'patch', 'update'], schema: 'resource.v1/ResourceClaim' },
    { name: 'resourceclaimtemplates', singular: 'resourceclaimtemplate', namespaced: true, kind: 'ResourceClaimTemplate', schema: 'resource.v1/ResourceClaimTemplate' },
    { name: 'resourceslices', singular: 'resourceslice', namespaced: false, kind: 'ResourceSlice', schema: 'resource.v1/ResourceSlice' },
  ],
  'flowcontrol.apiserver.k8s.io/v1': [
    { name: 'flowschemas', singular: 'flowschema', namespaced: false, kind: 'FlowSchema', schema: 'flowcontrol.v1/FlowSchema' },
    { name: 'flowschemas/status', singular: '', namespaced: false, kind: 'FlowSchema', verbs: ['get', 'patch', 'update'], schema: 'flowcontrol.v1/FlowSchema' },
    { name: 'prioritylevelconfigurations', singular: 'prioritylevelconfiguration', namespaced: false, kind: 'PriorityLevelConfiguration', schema: 'flowcontrol.v1/PriorityLevelConfiguration' },
    { name: 'prioritylevelconfigurations/status', singular: '', namespaced: false, kind: 'PriorityLevelConfiguration', verbs: ['get', 'patch', 'update'], schema: 'flowcontrol.v1/PriorityLevelConfiguration' },
  ],
};
