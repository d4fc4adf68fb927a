/** What a pod, or a volume for it, refers to. */
import type { LocalReference, PersistentVolumeShape, PodShape, VolumeSourceShape } from './object-shapes.js';

/** A kind of object that nodes see only when something of theirs refers to it. */
export type ReferencedResource =
  | 'secrets'
  | 'configmaps'
  | 'persistentvolumeclaims'
  | 'persistentvolumes'
  | 'resourceclaims'
  | 'serviceaccounts';

/** One object that is referred to. */
export interface Reference {
  resource: ReferencedResource;
  namespace: string;
  name: string;
}

/** The annotation of a pod that a node runs of itself; such a pod refers to nothing. */
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

/** The objects a pod refers to, each once or more often. */
export function podReferences(pod: PodShape): Reference[] {
  const { metadata = {}, spec = {}, status = {} } = pod;
  const namespace = metadata.namespace ?? '';
  const out: Reference[] = [];
  if (metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) return out;
  const add = (resource: ReferencedResource, name: string | null | undefined): void => {
    if (name !== undefined && name !== null && name !== '') out.push({ resource, namespace, name });
  };
  add('serviceaccounts', spec.serviceAccountName);
  for (const { name } of spec.imagePullSecrets ?? []) add('secrets', name);
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])]) {
    for (const { valueFrom } of container.env ?? []) {
      add('secrets', valueFrom?.secretKeyRef?.name);
      add('configmaps', valueFrom?.configMapKeyRef?.name);
    }
    for (const { secretRef, configMapRef } of container.envFrom ?? []) {
      add('secrets', secretRef?.name);
      add('configmaps', configMapRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    for (const { name } of secretsOf(volume)) add('secrets', name);
    add('secrets', volume.secret?.secretName);
    add('configmaps', volume.configMap?.name);
    add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName);
    if (volume.ephemeral !== undefined) add('persistentvolumeclaims', `${metadata.name ?? ''}-${volume.name ?? ''}`);
    for (const { secret, configMap } of volume.projected?.sources ?? []) {
      add('secrets', secret?.name);
      add('configmaps', configMap?.name);
    }
  }
  for (const { resourceClaimName } of [...(spec.resourceClaims ?? []), ...(status.resourceClaimStatuses ?? [])]) {
    add('resourceclaims', resourceClaimName);
  }
  add('resourceclaims', status.extendedResourceClaimStatus?.resourceClaimName);
  return out;
}

/** The secrets that a node needs for a persistent volume; those without a namespace lie in the claim's. */
export function volumeSecrets({ spec = {} }: PersistentVolumeShape): Reference[] {
  const claimNamespace = spec.claimRef?.namespace ?? '';
  return secretsOf(spec).flatMap(({ namespace, name = '' }): Reference[] =>
    name === '' ? [] : [{ resource: 'secrets', namespace: namespace || claimNamespace, name }],
  );
}

function secretsOf(source: VolumeSourceShape): LocalReference[] {
  const { azureFile, cephfs, cinder, csi, flexVolume, iscsi, rbd, scaleIO, storageos } = source;
  const refs = [cephfs, cinder, flexVolume, iscsi, rbd, scaleIO, storageos].map((part) => part?.secretRef);
  refs.push(csi?.nodePublishSecretRef, csi?.nodeStageSecretRef, csi?.nodeExpandSecretRef);
  if (azureFile?.secretName !== undefined) {
    const namespace = azureFile.secretNamespace ?? '';
    refs.push({ name: azureFile.secretName, ...(namespace === '' ? {} : { namespace }) });
  }
  return refs.filter((ref) => ref !== undefined);
}
