/** StorageObjectInUseProtection: claims, volumes and attributes classes wait for their users before they go. */
import type { AdmissionController } from '../interface.js';
import { isCreate } from '../request-match.js';

const FINALIZERS: Readonly<Record<string, string>> = {
  'persistentvolumeclaims.': 'kubernetes.io/pvc-protection',
  'persistentvolumes.': 'kubernetes.io/pv-protection',
  'volumeattributesclasses.storage.k8s.io': 'kubernetes.io/vac-protection',
};

/** The StorageObjectInUseProtection controller. */
export function storageObjectInUseProtection(): AdmissionController {
  return {
    name: 'StorageObjectInUseProtection',
    supportsOperation: isCreate,
    admit(request) {
      const { object, resource, subresource } = request;
      const finalizer = FINALIZERS[`${resource.resource}.${resource.group}`];
      if (finalizer === undefined || subresource !== '' || object === null) return undefined;
      const metadata = (object.metadata ??= {});
      const finalizers = metadata.finalizers ?? [];
      if (!finalizers.includes(finalizer)) metadata.finalizers = [...finalizers, finalizer];
      return undefined;
    },
  };
}
