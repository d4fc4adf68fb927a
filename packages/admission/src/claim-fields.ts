/** The parts of persistent volume claims that controllers read. */
import type { KubeObject } from '@k/apimachinery';

/** A PersistentVolumeClaim. */
export interface Claim extends KubeObject {
  spec?: {
    storageClassName?: string;
    volumeAttributesClassName?: string;
    resources?: { requests?: Record<string, string> };
  };
  status?: {
    phase?: string;
    allocatedResources?: Record<string, string>;
    currentVolumeAttributesClassName?: string;
    modifyVolumeStatus?: { targetVolumeAttributesClassName?: string };
  };
}

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** The class that a claim asks for, the old annotation first; '' = none. */
export function storageClassOf({ metadata, spec }: Claim): string {
  return metadata?.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? '';
}
