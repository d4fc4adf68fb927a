/** Feature gates of Kubernetes 1.36. Most guard what other components do: they are accepted so that one set of flags fits all. */

const namesIn = (text: string): string[] => text.trim().split(/\s+/);

/** Can only be set to what they are: the feature is there for good. */
const LOCKED_ON = namesIn(`
  AggregatedDiscoveryRemoveBetaType AnonymousAuthConfigurableEndpoints AnyVolumeDataSource APIServerTracing AuthorizeNodeWithSelectors
  AuthorizeWithSelectors BtreeWatchCache ConsistentListFromCache CPUManagerPolicyOptions CRDValidationRatcheting CSIMigrationPortworx
  CSIServiceAccountTokenSecrets CustomResourceFieldSelectors DisableAllocatorDualWrite DynamicResourceAllocation ExecProbeTimeout
  HonorPVReclaimPolicy ImageMaximumGCAge InPlacePodVerticalScaling JobBackoffLimitPerIndex JobManagedBy JobPodReplacementPolicy
  JobSuccessPolicy KubeletCgroupDriverFromCRI KubeletFineGrainedAuthz KubeletTracing LogarithmicScaleDown MatchLabelKeysInPodAffinity
  MultiCIDRServiceAllocator NFTablesProxyMode NodeInclusionPolicyInPodTopologySpread NodeSwap OrderedNamespaceDeletion
  PodLifecycleSleepAction PodLifecycleSleepActionAllowZero PodObservedGenerationTracking PodSchedulingReadiness
  PreferSameTrafficDistribution RecoverVolumeExpansionFailure RecursiveReadOnlyMounts RelaxedDNSSearchValidation
  RelaxedEnvironmentVariableValidation ResilientWatchCacheInitialization RetryGenerateName SchedulerQueueingHints
  SeparateTaintEvictionController ServiceAccountTokenJTI ServiceAccountTokenNodeBinding ServiceAccountTokenNodeBindingValidation
  ServiceAccountTokenPodNodeInfo SidecarContainers StreamingCollectionEncodingToJSON StreamingCollectionEncodingToProtobuf
  StructuredAuthenticationConfiguration SupplementalGroupsPolicy SystemdWatchdog TopologyManagerPolicyOptions VolumeAttributesClass
  WinDSR WinOverlay
`);

/** Can only be set to what they are: the old behaviour is gone for good. */
const LOCKED_OFF = namesIn('AllowOverwriteTerminationGracePeriodSeconds');

const OPEN = namesIn(`
  AllowDNSOnlyNodeCSR AllowInsecureKubeletCertificateSigningRequests AllowParsingUserUIDFromCertAuth AllowUnsafeMalformedObjectDeletion
  APIResponseCompression APIServerIdentity APIServingWithRoutine AtomicFIFO AuthorizePodWebsocketUpgradeCreatePermission
  CBORServingAndStorage ChangeContainerStatusOnKubeletRestart ClearingNominatedNodeNameAfterBinding ClientsAllowCBOR ClientsPreferCBOR
  CloudControllerManagerWatchBasedRoutesReconciliation CloudControllerManagerWebhook ClusterTrustBundle ClusterTrustBundleProjection
  ComponentFlagz ComponentStatusz ConcurrentWatchObjectDecode ConstrainedImpersonation ContainerCheckpoint ContainerRestartRules
  ContainerStopSignals ContextualLogging CoordinatedLeaderElection CPUManagerPolicyAlphaOptions CPUManagerPolicyBetaOptions
  CRDObservedGenerationTracking CrossNamespaceVolumeDataSource CSIVolumeHealth CustomCPUCFSQuotaPeriod DeclarativeValidation
  DeclarativeValidationTakeover DeploymentReplicaSetTerminatingReplicas DetectCacheInconsistency DisableCPUQuotaWithExclusiveCPUs
  DisableNodeKubeProxyVersion DRAAdminAccess DRAConsumableCapacity DRADeviceBindingConditions DRADeviceTaintRules DRADeviceTaints
  DRAExtendedResource DRAPartitionableDevices DRAPrioritizedList DRAResourceClaimDeviceStatus DRASchedulerFilterTimeout EnvFiles
  EventedPLEG ExtendWebSocketsToKubelet ExternalServiceAccountTokenSigner GangScheduling GenericWorkload GitRepoVolumeDriver
  GracefulNodeShutdown GracefulNodeShutdownBasedOnPodPriority HostnameOverride HPAConfigurableTolerance HPAScaleToZero ImageVolume
  ImageVolumeWithDigest InformerResourceVersion InOrderInformers InOrderInformersBatchProcess InPlacePodLevelResourcesVerticalScaling
  InPlacePodVerticalScalingAllocatedStatus InPlacePodVerticalScalingExclusiveCPUs InPlacePodVerticalScalingExclusiveMemory KMSv1
  KubeletCrashLoopBackOffMax KubeletEnsureSecretPulledImages KubeletInUserNamespace KubeletPodResourcesDynamicResources
  KubeletPodResourcesGet KubeletPodResourcesListUseActivePods KubeletPSI KubeletRegistrationGetOnExistsOnly KubeletSeparateDiskGC
  KubeletServiceAccountTokenForCredentialProviders ListFromCacheSnapshot LocalStorageCapacityIsolationFSQuotaMonitoring LoggingAlphaOptions
  LoggingBetaOptions MatchLabelKeysInPodTopologySpread MatchLabelKeysInPodTopologySpreadSelectorMerge MaxUnavailableStatefulSet MemoryQoS
  MutableCSINodeAllocatableCount MutablePodResourcesForSuspendedJobs MutablePVNodeAffinity MutableSchedulingDirectivesForSuspendedJobs
  MutatingAdmissionPolicy NodeDeclaredFeatures NodeLogQuery NominatedNodeNameForExpectation OpenAPIEnums OpportunisticBatching
  PodAndContainerStatsFromCRI PodCertificateRequest PodDeletionCost PodLevelResources PodLogsQuerySplitStreams
  PodReadyToStartContainersCondition PodTopologyLabelsAdmission PortForwardWebsockets PreventStaticPodAPIReferences ProcMountType
  QOSReserved ReduceDefaultCrashLoopBackOffDecay RelaxedServiceNameValidation ReloadKubeletServerCertificateFile RemoteRequestHeaderUID
  ResourceHealthStatus ResourceHealthStatusMessage RestartAllContainersOnContainerExits RotateKubeletServerCertificate
  RuntimeClassInImageCriApi SchedulerAsyncAPICalls SchedulerAsyncPreemption SchedulerPopFromBackoffQ SELinuxChangePolicy SELinuxMount
  SELinuxMountReadWriteOncePod SeparateCacheWatchRPC ServiceAccountNodeAudienceRestriction SizeBasedListCostEstimate
  StatefulSetSemanticRevisionComparison StorageCapacityScoring StorageNamespaceIndex StorageVersionAPI StorageVersionHash
  StorageVersionMigrator StrictIPCIDRValidation StructuredAuthenticationConfigurationEgressSelector
  StructuredAuthenticationConfigurationJWKSMetrics TaintTolerationComparisonOperators TokenRequestServiceAccountUIDValidation
  TopologyManagerPolicyAlphaOptions TopologyManagerPolicyBetaOptions TranslateStreamCloseWebsocketRequests UnauthenticatedHTTP2DOSMitigation
  UnknownVersionInteroperabilityProxy UnlockWhileProcessingFIFO UserNamespacesHostNetworkSupport UserNamespacesSupport VolumeLimitScaling
  WatchCacheInitializationPostStartHook WatchList WatchListClient WindowsCPUAndMemoryAffinity WindowsGracefulNodeShutdown
  WindowsHostNetwork
`);

/** Stand for every feature of a stage that is not named itself. */
const ALL = ['AllAlpha', 'AllBeta'];

const LOCKED = new Map<string, boolean>([
  ...LOCKED_ON.map((name) => [name, true] as const),
  ...LOCKED_OFF.map((name) => [name, false] as const),
]);
const KNOWN = new Set([...LOCKED.keys(), ...OPEN, ...ALL]);

/** What kube-apiserver says of a gate that it cannot set; null when it can. */
export function lockedFeatureFault(name: string, isOn: boolean): string | null {
  const value = LOCKED.get(name);
  return value === undefined || value === isOn ? null : `cannot set feature gate ${name} to ${isOn}, feature is locked to ${value}`;
}

/** False for names that are none of 1.36, as far as they are known here: patch releases remove and bring some. */
export function isKnownFeature(name: string): boolean {
  return KNOWN.has(name);
}
