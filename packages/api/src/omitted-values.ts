/**
 * Which values of built-in kinds do not survive Go's round trip: a field that is no pointer and may be left out is left
 * out when it holds its zero value. OpenAPI does not tell pointers from values, so the names are listed here.
 */
import type { Schema } from '@k/apimachinery';

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** Optional texts that are pointers: an empty one is kept. */
const POINTER_TEXTS = words(`
  apiGroup appProtocol completionMode containerName distinguisherMethod failedIndexes failurePolicy fsGroupChangePolicy
  fsGroupPolicy gmsaCredentialSpec gmsaCredentialSpecName holderIdentity hostname hostnameOverride ingressClassName
  internalTrafficPolicy ipFamilyPolicy ipMode loadBalancerClass localhostProfile managedBy matchPolicy mountPropagation
  nodeAffinityPolicy nodeName nodeTaintsPolicy parameterNotFoundAction path pathType persistentVolumeName
  podReplacementPolicy preemptionPolicy preferredHolder procMount protocol reason reclaimPolicy recursiveReadOnly
  reinvocationPolicy resourceClaimName resourceClaimTemplateName restartPolicy runAsUserName runtimeClassName scope
  seLinuxChangePolicy selectPolicy service sideEffects signerName stopSignal storageClassName strategy succeededIndexes
  supplementalGroupsPolicy timeZone trafficDistribution type unhealthyPodEvictionPolicy url value volumeAttributesClassName
  volumeBindingMode volumeMode zone namespace fsType name`);

/** Fields that are plain texts although their name is a pointer's elsewhere. */
const PLAIN_TEXTS = words(`
  PodSpec.nodeName PodSpec.restartPolicy PodSpec.hostname EnvVar.value Toleration.value Taint.value ServicePort.protocol
  ServicePort.name ContainerPort.protocol ContainerPort.name HTTPGetAction.path ServiceSpec.type Secret.type
  ObjectMeta.name ObjectMeta.namespace LocalObjectReference.name ConfigMapVolumeSource.name ConfigMapProjection.name
  SecretProjection.name ConfigMapKeySelector.name SecretKeySelector.name ConfigMapEnvSource.name SecretEnvSource.name
  ObjectReference.name ObjectReference.namespace SecretReference.name SecretReference.namespace Subject.namespace
  DeploymentStrategy.type DaemonSetUpdateStrategy.type StatefulSetUpdateStrategy.type SELinuxOptions.type
  ISCSIVolumeSource.fsType NFSVolumeSource.path EmptyDirVolumeSource.medium`);

/** Optional numbers and flags that are no pointers: zero and false go. */
const PLAIN_VALUES = words(`
  availableReplicas count fullyLabeledReplicas globalDefault healthCheckNodePort hostIPC hostNetwork hostPID hostPort
  initialDelaySeconds insecureSkipTLSVerify minReadySeconds nodePort observedGeneration paused periodSeconds
  publishNotReadyAddresses readOnly readyReplicas sslEnabled stdin stdinOnce successThreshold failureThreshold tty
  unavailableReplicas unschedulable updatedReplicas`);

const POINTER_VALUES = words('CSIVolumeSource.readOnly AzureDiskVolumeSource.readOnly');

/**
 * Whether Go leaves out the value of an optional field: an empty list or map, and a zero value that is no pointer's.
 *
 * @param struct - The name of the type that holds the field, e.g. `PodSpec`.
 */
export function isOmitted(value: unknown, schema: Schema, key: string, struct: string): boolean {
  if (schema.default !== undefined) return false;
  switch (typeof value) {
    case 'string':
      if (value !== '' || schema.type !== 'string' || schema.format === 'quantity') return false;
      return !POINTER_TEXTS.has(key) || PLAIN_TEXTS.has(`${struct}.${key}`);
    case 'number':
    case 'boolean':
      if ((value !== 0 && value !== false) || schema.type === 'int-or-string') return false;
      return PLAIN_VALUES.has(key) && !POINTER_VALUES.has(`${struct}.${key}`);
    case 'object':
      if (Array.isArray(value)) return value.length === 0;
      if (schema.values === undefined) return false;
      for (const _key in value as object) return false;
      return true;
    default:
      return false;
  }
}

/** Times that are no pointers outside of conditions, where all are: shown as null while they are not set. */
const SHOWN_TIMES = words(`
  ContainerStateRunning.startedAt ContainerStateTerminated.startedAt ContainerStateTerminated.finishedAt VolumeError.time
  EventSeries.lastObservedTime`);

/** Whether Go shows a time that is not set as null. */
export function isShownTime(schema: Schema, key: string, struct: string): boolean {
  if (schema.format !== 'date-time' && schema.format !== 'micro-time') return false;
  return struct.endsWith('Condition') || SHOWN_TIMES.has(`${struct}.${key}`);
}
