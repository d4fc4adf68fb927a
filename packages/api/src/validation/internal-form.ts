/**
 * Shapes of upstream's internal types, which some messages print: Go field names, every field, `null` for what is absent.
 *
 * One line per type, fields in Go's order: `GoName[=jsonName]:type`.
 *   s i b     string, number, bool that are zero when absent
 *   *         null when absent, otherwise as it stands in JSON (pointers, maps, lists of scalars)
 *   L         a label selector, whose fields have JSON names
 *   T *T []T  a struct: always there, null when absent, in a list
 *   +T        the fields of T belong to the same level
 */
import type { Selector } from './selectors.js';

const TYPES: Readonly<Record<string, string>> = {
  PodTemplateSpec: 'Spec:PodSpec',
  PodSpec:
    'Volumes:[]Volume InitContainers:[]Container Containers:[]Container EphemeralContainers:[]EphemeralContainer RestartPolicy:s TerminationGracePeriodSeconds:* ActiveDeadlineSeconds:* DNSPolicy=dnsPolicy:s NodeSelector:* ServiceAccountName:s AutomountServiceAccountToken:* NodeName:s SecurityContext:*PodSecurityContext ImagePullSecrets:[]LocalObjectReference Hostname:s Subdomain:s SetHostnameAsFQDN=setHostnameAsFQDN:* Affinity:*Affinity SchedulerName:s Tolerations:[]Toleration HostAliases:[]HostAlias PriorityClassName:s Priority:* PreemptionPolicy:* DNSConfig=dnsConfig:*PodDNSConfig ReadinessGates:[]PodReadinessGate RuntimeClassName:* Overhead:* EnableServiceLinks:* TopologySpreadConstraints:[]TopologySpreadConstraint OS=os:*PodOS SchedulingGates:[]PodSchedulingGate ResourceClaims:[]PodResourceClaim Resources:*ResourceRequirements HostnameOverride:* SchedulingGroup:*PodSchedulingGroup',
  PodSecurityContext:
    'HostNetwork:b HostPID=hostPID:b HostIPC=hostIPC:b ShareProcessNamespace:* HostUsers:* SELinuxOptions=seLinuxOptions:*SELinuxOptions WindowsOptions:*WindowsOptions RunAsUser:* RunAsGroup:* RunAsNonRoot:* SupplementalGroups:* SupplementalGroupsPolicy:* FSGroup=fsGroup:* FSGroupChangePolicy=fsGroupChangePolicy:* Sysctls:[]Sysctl SeccompProfile:*SeccompProfile AppArmorProfile:*AppArmorProfile SELinuxChangePolicy=seLinuxChangePolicy:*',
  SecurityContext:
    'Capabilities:*Capabilities Privileged:* SELinuxOptions=seLinuxOptions:*SELinuxOptions WindowsOptions:*WindowsOptions RunAsUser:* RunAsGroup:* RunAsNonRoot:* ReadOnlyRootFilesystem:* AllowPrivilegeEscalation:* ProcMount:* SeccompProfile:*SeccompProfile AppArmorProfile:*AppArmorProfile',
  Capabilities: 'Add:* Drop:*',
  SELinuxOptions: 'User:s Role:s Type:s Level:s',
  WindowsOptions: 'GMSACredentialSpecName=gmsaCredentialSpecName:* GMSACredentialSpec=gmsaCredentialSpec:* RunAsUserName:* HostProcess:*',
  SeccompProfile: 'Type:s LocalhostProfile:*',
  AppArmorProfile: 'Type:s LocalhostProfile:*',
  Sysctl: 'Name:s Value:s',
  Container:
    'Name:s Image:s Command:* Args:* WorkingDir:s Ports:[]ContainerPort EnvFrom:[]EnvFromSource Env:[]EnvVar Resources:ResourceRequirements ResizePolicy:[]ContainerResizePolicy RestartPolicy:* RestartPolicyRules:[]ContainerRestartRule VolumeMounts:[]VolumeMount VolumeDevices:[]VolumeDevice LivenessProbe:*Probe ReadinessProbe:*Probe StartupProbe:*Probe Lifecycle:*Lifecycle TerminationMessagePath:s TerminationMessagePolicy:s ImagePullPolicy:s SecurityContext:*SecurityContext Stdin:b StdinOnce:b TTY=tty:b',
  EphemeralContainer: 'C:+Container TargetContainerName:s',
  ContainerPort: 'Name:s HostPort:i ContainerPort:i Protocol:s HostIP=hostIP:s',
  EnvFromSource: 'Prefix:s ConfigMapRef:*OptionalReference SecretRef:*OptionalReference',
  OptionalReference: 'Name:s Optional:*',
  EnvVar: 'Name:s Value:s ValueFrom:*EnvVarSource',
  EnvVarSource:
    'FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector ConfigMapKeyRef:*KeySelector SecretKeyRef:*KeySelector FileKeyRef:*FileKeySelector',
  ObjectFieldSelector: 'APIVersion=apiVersion:s FieldPath:s',
  ResourceFieldSelector: 'ContainerName:s Resource:s Divisor:*',
  KeySelector: 'Name:s Key:s Optional:*',
  FileKeySelector: 'VolumeName:s Path:s Key:s Optional:*',
  ResourceRequirements: 'Limits:* Requests:* Claims:[]ResourceClaim',
  ResourceClaim: 'Name:s Request:s',
  ContainerResizePolicy: 'ResourceName:s RestartPolicy:s',
  ContainerRestartRule: 'Action:s ExitCodes:*ExitCodes',
  ExitCodes: 'Operator:s Values:*',
  VolumeMount: 'Name:s ReadOnly:b RecursiveReadOnly:* MountPath:s SubPath:s MountPropagation:* SubPathExpr:s',
  VolumeDevice: 'Name:s DevicePath:s',
  Probe:
    'Exec:*ExecAction HTTPGet=httpGet:*HTTPGetAction TCPSocket=tcpSocket:*TCPSocketAction GRPC=grpc:*GRPCAction InitialDelaySeconds:i TimeoutSeconds:i PeriodSeconds:i SuccessThreshold:i FailureThreshold:i TerminationGracePeriodSeconds:*',
  Lifecycle: 'PostStart:*LifecycleHandler PreStop:*LifecycleHandler StopSignal:*',
  LifecycleHandler: 'Exec:*ExecAction HTTPGet=httpGet:*HTTPGetAction TCPSocket=tcpSocket:*TCPSocketAction Sleep:*SleepAction',
  ExecAction: 'Command:*',
  HTTPGetAction: 'Path:s Port:i Host:s Scheme:s HTTPHeaders=httpHeaders:[]Sysctl',
  TCPSocketAction: 'Port:i Host:s',
  GRPCAction: 'Port:i Service:*',
  SleepAction: 'Seconds:i',
  LocalObjectReference: 'Name:s',
  Toleration: 'Key:s Operator:s Value:s Effect:s TolerationSeconds:*',
  HostAlias: 'IP=ip:s Hostnames:*',
  PodDNSConfig: 'Nameservers:* Searches:* Options:[]PodDNSConfigOption',
  PodDNSConfigOption: 'Name:s Value:*',
  PodReadinessGate: 'ConditionType:s',
  TopologySpreadConstraint:
    'MaxSkew:i TopologyKey:s WhenUnsatisfiable:s LabelSelector:L MinDomains:* NodeAffinityPolicy:* NodeTaintsPolicy:* MatchLabelKeys:*',
  PodOS: 'Name:s',
  PodSchedulingGate: 'Name:s',
  PodSchedulingGroup: 'PodGroupName:*',
  PodResourceClaim: 'Name:s ResourceClaimName:* ResourceClaimTemplateName:*',
  Affinity: 'NodeAffinity:*NodeAffinity PodAffinity:*PodAffinity PodAntiAffinity:*PodAffinity',
  NodeAffinity:
    'RequiredDuringSchedulingIgnoredDuringExecution:*NodeSelector PreferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm',
  NodeSelector: 'NodeSelectorTerms:[]NodeSelectorTerm',
  NodeSelectorTerm: 'MatchExpressions:[]NodeSelectorRequirement MatchFields:[]NodeSelectorRequirement',
  NodeSelectorRequirement: 'Key:s Operator:s Values:*',
  PreferredSchedulingTerm: 'Weight:i Preference:NodeSelectorTerm',
  PodAffinity:
    'RequiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm PreferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm',
  WeightedPodAffinityTerm: 'Weight:i PodAffinityTerm:PodAffinityTerm',
  PodAffinityTerm: 'LabelSelector:L Namespaces:* TopologyKey:s NamespaceSelector:L MatchLabelKeys:* MismatchLabelKeys:*',
  Volume:
    'Name:s HostPath:*HostPath EmptyDir:*EmptyDir GCEPersistentDisk=gcePersistentDisk:* AWSElasticBlockStore=awsElasticBlockStore:* GitRepo:* Secret:*SecretVolume NFS=nfs:*NFS ISCSI=iscsi:* Glusterfs:* PersistentVolumeClaim:*ClaimVolume RBD=rbd:* Quobyte:* FlexVolume:* Cinder:* CephFS=cephfs:* Flocker:* DownwardAPI:*DownwardVolume FC=fc:* AzureFile:* ConfigMap:*ConfigMapVolume VsphereVolume:* AzureDisk:* PhotonPersistentDisk:* Projected:*ProjectedVolume PortworxVolume:* ScaleIO=scaleIO:* StorageOS=storageos:* CSI=csi:*CSIVolume Ephemeral:* Image:*ImageVolume',
  HostPath: 'Path:s Type:*',
  EmptyDir: 'Medium:s SizeLimit:*',
  SecretVolume: 'SecretName:s Items:[]KeyToPath DefaultMode:* Optional:*',
  ConfigMapVolume: 'Name:s Items:[]KeyToPath DefaultMode:* Optional:*',
  KeyToPath: 'Key:s Path:s Mode:*',
  NFS: 'Server:s Path:s ReadOnly:b',
  ClaimVolume: 'ClaimName:s ReadOnly:b',
  DownwardVolume: 'Items:[]DownwardFile DefaultMode:*',
  DownwardFile: 'Path:s FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector Mode:*',
  ProjectedVolume: 'Sources:[]VolumeProjection DefaultMode:*',
  VolumeProjection:
    'Secret:*KeyedProjection DownwardAPI:*DownwardProjection ConfigMap:*KeyedProjection ServiceAccountToken:*TokenProjection ClusterTrustBundle:* PodCertificate:*',
  KeyedProjection: 'Name:s Items:[]KeyToPath Optional:*',
  DownwardProjection: 'Items:[]DownwardFile',
  TokenProjection: 'Audience:s ExpirationSeconds:i Path:s',
  CSIVolume: 'Driver:s ReadOnly:* FSType=fsType:* VolumeAttributes:* NodePublishSecretRef:*LocalObjectReference',
  ImageVolume: 'Reference:s PullPolicy:s',
  PersistentVolumeClaimSpec:
    'AccessModes:* Selector:L Resources:VolumeResources VolumeName:s StorageClassName:* VolumeMode:* DataSource:*TypedReference DataSourceRef:*TypedNamespacedReference VolumeAttributesClassName:*',
  VolumeResources: 'Limits:* Requests:*',
  TypedReference: 'APIGroup=apiGroup:* Kind:s Name:s',
  TypedNamespacedReference: 'APIGroup=apiGroup:* Kind:s Name:s Namespace:*',
  PersistentVolumeSource:
    'GCEPersistentDisk=gcePersistentDisk:* AWSElasticBlockStore=awsElasticBlockStore:* HostPath:*HostPath Glusterfs:* NFS=nfs:*NFS RBD=rbd:* Quobyte:* ISCSI=iscsi:* FlexVolume:* Cinder:* CephFS=cephfs:* FC=fc:* Flocker:* AzureFile:* VsphereVolume:* AzureDisk:* PhotonPersistentDisk:* PortworxVolume:* ScaleIO=scaleIO:* Local:*LocalVolume StorageOS=storageos:* CSI=csi:*CSIPersistentVolume',
  LocalVolume: 'Path:s FSType=fsType:*',
  CSIPersistentVolume:
    'Driver:s VolumeHandle:s ReadOnly:b FSType=fsType:s VolumeAttributes:* ControllerPublishSecretRef:*SecretReference NodeStageSecretRef:*SecretReference NodePublishSecretRef:*SecretReference ControllerExpandSecretRef:*SecretReference NodeExpandSecretRef:*SecretReference',
  SecretReference: 'Name:s Namespace:s',
  VolumeNodeAffinity: 'Required:*NodeSelector',
  ServicePort: 'Name:s Protocol:s AppProtocol:* Port:i TargetPort:i NodePort:i',
  Taint: 'Key:s Value:s Effect:s TimeAdded:*',
  DeploymentStrategy: 'Type:s RollingUpdate:*RollingUpdate',
  DaemonSetUpdateStrategy: 'Type:s RollingUpdate:*RollingUpdate',
  RollingUpdate: 'MaxUnavailable:i MaxSurge:i',
  StatefulSetUpdateStrategy: 'Type:s RollingUpdate:*StatefulSetRollingUpdate',
  StatefulSetRollingUpdate: 'Partition:i MaxUnavailable:*',
  PodDisruptionBudgetSpec: 'MinAvailable:* Selector:L MaxUnavailable:* UnhealthyPodEvictionPolicy:*',
  RoleRef: 'APIGroup=apiGroup:s Kind:s Name:s',
  ScopeSelector: 'MatchExpressions:[]ScopeRequirement',
  ScopeRequirement: 'ScopeName:s Operator:s Values:*',
  SuccessPolicy: 'Rules:[]SuccessPolicyRule',
  SuccessPolicyRule: 'SucceededIndexes:* SucceededCount:*',
  PodFailurePolicy: 'Rules:[]PodFailurePolicyRule',
  PodFailurePolicyRule: 'Action:s OnExitCodes:*OnExitCodes OnPodConditions:[]OnPodCondition',
  OnExitCodes: 'ContainerName:* Operator:s Values:*',
  OnPodCondition: 'Type:s Status:s',
  ParentReference: 'Group:s Resource:s Namespace:s Name:s',
  EndpointAddress: 'IP=ip:s',
  NodeAddress: 'Type:s Address:s',
  CSINodeDriver: 'Name:s NodeID=nodeID:s TopologyKeys:* Allocatable:*VolumeNodeResources',
  VolumeNodeResources: 'Count:*',
  VolumeAttachmentSpec: 'Attacher:s Source:VolumeAttachmentSource NodeName:s',
  VolumeAttachmentSource: 'PersistentVolumeName:* InlineVolumeSpec:*',
  ResourceClaimSpec: 'Devices:DeviceClaim',
  DeviceClaim: 'Requests:[]DeviceRequest Constraints:[]DeviceConstraint Config:[]DeviceClaimConfiguration',
  DeviceRequest: 'Name:s Exactly:*ExactDeviceRequest FirstAvailable:[]DeviceSubRequest',
  ExactDeviceRequest:
    'DeviceClassName:s Selectors:[]DeviceSelector AllocationMode:s Count:i AdminAccess:* Tolerations:[]DeviceToleration Capacity:*CapacityRequirements',
  DeviceSubRequest:
    'Name:s DeviceClassName:s Selectors:[]DeviceSelector AllocationMode:s Count:i Tolerations:[]DeviceToleration Capacity:*CapacityRequirements',
  DeviceSelector: 'CEL=cel:*CELDeviceSelector',
  CELDeviceSelector: 'Expression:s',
  DeviceToleration: 'Key:s Operator:s Value:s Effect:s TolerationSeconds:*',
  CapacityRequirements: 'Requests:*',
  DeviceConstraint: 'Requests:* MatchAttribute:* DistinctAttribute:*',
  DeviceClaimConfiguration: 'Requests:* Opaque:*OpaqueDeviceConfiguration',
  OpaqueDeviceConfiguration: 'Driver:s Parameters:*',
  FlowSchemaSpec:
    'PriorityLevelConfiguration:LocalObjectReference MatchingPrecedence:i DistinguisherMethod:*FlowDistinguisherMethod Rules:[]PolicyRulesWithSubjects',
  FlowDistinguisherMethod: 'Type:s',
  PolicyRulesWithSubjects: 'Subjects:[]FlowSubject ResourceRules:[]ResourcePolicyRule NonResourceRules:[]NonResourcePolicyRule',
  FlowSubject: 'Kind:s User:*LocalObjectReference Group:*LocalObjectReference ServiceAccount:*ServiceAccountSubject',
  ServiceAccountSubject: 'Namespace:s Name:s',
  ResourcePolicyRule: 'Verbs:* APIGroups=apiGroups:* Resources:* ClusterScope:b Namespaces:*',
  NonResourcePolicyRule: 'Verbs:* NonResourceURLs=nonResourceURLs:*',
  PriorityLevelConfigurationSpec: 'Type:s Limited:*LimitedPriorityLevelConfiguration Exempt:*ExemptPriorityLevelConfiguration',
  LimitedPriorityLevelConfiguration: 'NominalConcurrencyShares:i LimitResponse:LimitResponse LendablePercent:* BorrowingLimitPercent:*',
  ExemptPriorityLevelConfiguration: 'NominalConcurrencyShares:* LendablePercent:*',
  LimitResponse: 'Type:s Queuing:*QueuingConfiguration',
  QueuingConfiguration: 'Queues:i HandSize:i QueueLengthLimit:i',
};

type Fields = Record<string, unknown>;

/** Turns an object into what Go prints for its internal type. Unknown types throw RangeError. */
export function internalForm(type: string, value: object | undefined): Fields {
  const out: Fields = {};
  fill(out, type, (value ?? {}) as Fields);
  return out;
}

function fill(out: Fields, type: string, source: Fields): void {
  const line = TYPES[type];
  if (line === undefined) throw new RangeError(`"${type}" is no internal type`);
  const fields = type === 'PodSpec' ? withHostFlags(source) : source;
  for (const entry of line.split(' ')) {
    const [left = '', kind = ''] = entry.split(':');
    if (kind.startsWith('+')) {
      fill(out, kind.slice(1), fields);
      continue;
    }
    const [name = '', own] = left.split('=');
    out[name] = convert(kind, fields[own ?? `${(name[0] as string).toLowerCase()}${name.slice(1)}`]);
  }
}

function convert(kind: string, value: unknown): unknown {
  switch (kind) {
    case 's':
      return value ?? '';
    case 'i':
      return value ?? 0;
    case 'b':
      return value ?? false;
    case '*':
      return sortedMap(value);
    case 'L':
      return selectorForm(value as Selector | undefined);
  }
  if (kind.startsWith('[]')) {
    if (value === undefined) return null;
    return (value as object[]).map((item) => internalForm(kind.slice(2), item));
  }
  if (kind.startsWith('*')) return value === undefined ? null : internalForm(kind.slice(1), value as object);
  return internalForm(kind, value as object | undefined);
}

/** A map as Go prints it: its keys in order; `null` for none. */
export function sortedMap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value ?? null;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A label selector as Go prints it: labels in order, fields of conditions in the order of the type. */
export function selectorForm(selector: Selector | undefined): Fields | null {
  if (selector === undefined) return null;
  const { matchLabels, matchExpressions } = selector;
  const out: Fields = {};
  if (matchLabels !== undefined && Object.keys(matchLabels).length > 0) out['matchLabels'] = sortedMap(matchLabels);
  if (matchExpressions !== undefined && matchExpressions.length > 0) {
    out['matchExpressions'] = matchExpressions.map(({ key = '', operator = '', values }) => ({
      key,
      operator,
      ...(values === undefined || values.length === 0 ? {} : { values }),
    }));
  }
  return out;
}

/** Internally a pod's host namespaces are fields of its security context. */
function withHostFlags(spec: Fields): Fields {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers, securityContext } = spec;
  const moved = { hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers, ...((securityContext as Fields | undefined) ?? {}) };
  return { ...spec, securityContext: moved };
}
