/** The parts of pods that controllers read and write. */
import type { KubeObject } from '@k/apimachinery';

export interface ResourceRequirements {
  limits?: Record<string, string>;
  requests?: Record<string, string>;
}

export interface PodContainer {
  name: string;
  image?: string;
  imagePullPolicy?: string;
  restartPolicy?: string;
  resources?: ResourceRequirements;
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
  env?: { name: string; valueFrom?: { secretKeyRef?: { name?: string }; configMapKeyRef?: { name?: string } } }[];
  envFrom?: { secretRef?: { name?: string }; configMapRef?: { name?: string } }[];
}

export interface Toleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
  tolerationSeconds?: number;
}

export interface PodSpec {
  containers?: PodContainer[];
  initContainers?: PodContainer[];
  ephemeralContainers?: PodContainer[];
  volumes?: ({ name: string } & Record<string, unknown>)[];
  serviceAccountName?: string;
  serviceAccount?: string;
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: { name?: string }[];
  priorityClassName?: string;
  priority?: number;
  preemptionPolicy?: string;
  tolerations?: Toleration[];
  nodeSelector?: Record<string, string>;
  nodeName?: string;
  runtimeClassName?: string;
  overhead?: Record<string, string>;
  activeDeadlineSeconds?: number;
  affinity?: { podAntiAffinity?: AffinityTerms; podAffinity?: AffinityTerms };
  resources?: ResourceRequirements;
  resourceClaims?: { name?: string }[];
}

export interface AffinityTerms {
  requiredDuringSchedulingIgnoredDuringExecution?: AffinityTerm[];
  preferredDuringSchedulingIgnoredDuringExecution?: { podAffinityTerm?: AffinityTerm }[];
}

export interface AffinityTerm {
  topologyKey?: string;
  namespaces?: string[];
  namespaceSelector?: object;
}

/** The spec of a pod; made when it is absent. */
export function podSpec(pod: KubeObject): PodSpec {
  return (pod['spec'] ??= {}) as PodSpec;
}
