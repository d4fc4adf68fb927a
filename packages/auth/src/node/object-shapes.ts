/** The parts of stored objects that tell which of them a node may see. */

interface Metadata {
  name?: string;
  namespace?: string;
  annotations?: Record<string, string> | null;
}

/** A reference to an object of the same namespace, or of the one it names. */
export interface LocalReference {
  name?: string;
  namespace?: string;
}

interface ContainerShape {
  env?: readonly { valueFrom?: { secretKeyRef?: LocalReference; configMapKeyRef?: LocalReference } }[] | null;
  envFrom?: readonly { secretRef?: LocalReference; configMapRef?: LocalReference }[] | null;
}

/** A source of a pod's or of a persistent volume that may name a secret. */
export interface VolumeSourceShape {
  azureFile?: { secretName?: string; secretNamespace?: string | null };
  cephfs?: { secretRef?: LocalReference };
  cinder?: { secretRef?: LocalReference };
  csi?: {
    nodePublishSecretRef?: LocalReference;
    nodeStageSecretRef?: LocalReference;
    nodeExpandSecretRef?: LocalReference;
  };
  flexVolume?: { secretRef?: LocalReference };
  iscsi?: { secretRef?: LocalReference };
  rbd?: { secretRef?: LocalReference };
  scaleIO?: { secretRef?: LocalReference };
  storageos?: { secretRef?: LocalReference };
}

interface PodVolumeShape extends VolumeSourceShape {
  name?: string;
  secret?: { secretName?: string };
  configMap?: LocalReference;
  persistentVolumeClaim?: { claimName?: string };
  ephemeral?: object;
  projected?: { sources?: readonly { secret?: LocalReference; configMap?: LocalReference }[] | null };
}

/** What counts of a Pod. */
export interface PodShape {
  metadata?: Metadata;
  spec?: {
    nodeName?: string;
    serviceAccountName?: string;
    imagePullSecrets?: readonly LocalReference[] | null;
    initContainers?: readonly ContainerShape[] | null;
    containers?: readonly ContainerShape[] | null;
    ephemeralContainers?: readonly ContainerShape[] | null;
    volumes?: readonly PodVolumeShape[] | null;
    resourceClaims?: readonly { resourceClaimName?: string | null }[] | null;
  };
  status?: {
    resourceClaimStatuses?: readonly { resourceClaimName?: string | null }[] | null;
    extendedResourceClaimStatus?: { resourceClaimName?: string } | null;
  };
}

/** What counts of a PersistentVolume. */
export interface PersistentVolumeShape {
  metadata?: Metadata;
  spec?: VolumeSourceShape & { claimRef?: LocalReference };
}

/** What counts of a VolumeAttachment or a ResourceSlice. */
export interface NodeBoundShape {
  metadata?: Metadata;
  spec?: { nodeName?: string | null };
}
