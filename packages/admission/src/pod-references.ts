/** The API objects that a pod refers to. */
import type { PodContainer, PodSpec } from './pod-fields.js';

type Fields = Record<string, unknown>;

/** Where volume sources name a secret, as paths; all but `secret` and `projected`. */
const SECRET_PATHS: readonly (readonly string[])[] = [
  ['azureFile', 'secretName'],
  ['cephfs', 'secretRef', 'name'],
  ['cinder', 'secretRef', 'name'],
  ['flexVolume', 'secretRef', 'name'],
  ['rbd', 'secretRef', 'name'],
  ['secret', 'secretName'],
  ['scaleIO', 'secretRef', 'name'],
  ['iscsi', 'secretRef', 'name'],
  ['storageos', 'secretRef', 'name'],
  ['csi', 'nodePublishSecretRef', 'name'],
];

const at = (fields: Fields, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (typeof value === 'object' && value !== null ? (value as Fields)[key] : undefined), fields);

/** All containers of a pod, in the order init, regular, ephemeral. */
export function allContainers({ initContainers = [], containers = [], ephemeralContainers = [] }: PodSpec): PodContainer[] {
  return [...initContainers, ...containers, ...ephemeralContainers];
}

function projectedSources(volume: Fields): Fields[] {
  return ((volume['projected'] as { sources?: Fields[] } | undefined)?.sources ?? []) as Fields[];
}

/** True when any part of the pod names a secret. */
export function refersToSecrets(spec: PodSpec): boolean {
  if ((spec.imagePullSecrets?.length ?? 0) > 0) return true;
  const inEnvironment = allContainers(spec).some(
    ({ env = [], envFrom = [] }) =>
      env.some(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined) || envFrom.some(({ secretRef }) => secretRef !== undefined),
  );
  return (
    inEnvironment ||
    (spec.volumes ?? []).some((volume) => {
      const isDirect = SECRET_PATHS.some((path) => typeof at(volume, path) === 'string');
      return isDirect || projectedSources(volume).some((source) => source['secret'] !== undefined);
    })
  );
}

/** True when any part of the pod names a config map. */
export function refersToConfigMaps(spec: PodSpec): boolean {
  const inEnvironment = allContainers(spec).some(
    ({ env = [], envFrom = [] }) =>
      env.some(({ valueFrom }) => valueFrom?.configMapKeyRef !== undefined) ||
      envFrom.some(({ configMapRef }) => configMapRef !== undefined),
  );
  return (
    inEnvironment ||
    (spec.volumes ?? []).some(
      (volume) => volume['configMap'] !== undefined || projectedSources(volume).some((source) => source['configMap'] !== undefined),
    )
  );
}

/** True when a volume projects a service account token. */
export function projectsServiceAccountToken(spec: PodSpec): boolean {
  return (spec.volumes ?? []).some((volume) => projectedSources(volume).some((source) => source['serviceAccountToken'] !== undefined));
}

/** The first resource of the API that a pod refers to; null when it stands alone. */
export function referredResource(spec: PodSpec): string | null {
  if ((spec.serviceAccountName ?? '') !== '') return 'serviceaccounts';
  if (refersToSecrets(spec)) return 'secrets';
  if (refersToConfigMaps(spec)) return 'configmaps';
  if ((spec.resourceClaims?.length ?? 0) > 0) return 'resourceclaims';
  for (const volume of spec.volumes ?? []) {
    if (volume['persistentVolumeClaim'] !== undefined || volume['ephemeral'] !== undefined) return 'persistentvolumeclaims';
    for (const source of projectedSources(volume)) {
      if (source['serviceAccountToken'] !== undefined) return 'serviceaccounts';
      if (source['clusterTrustBundle'] !== undefined) return 'clustertrustbundles';
      if (source['podCertificate'] !== undefined) return 'podcertificates';
    }
  }
  return null;
}
