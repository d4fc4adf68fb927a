/** DefaultStorageClass: claims that name no class get the default one. */
import type { AdmissionController, AdmissionDependencies } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { isCreate, isFor } from '../request-match.js';
import { defaultClassOf } from './default-class.js';

const GROUP = 'storage.k8s.io';
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const DEFAULT_ANNOTATIONS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

/** The DefaultStorageClass controller. */
export function defaultStorageClass({ objects }: AdmissionDependencies): AdmissionController {
  const caches = new ObjectCaches(objects, [GROUP, 'storageclasses']);
  return {
    name: 'DefaultStorageClass',
    supportsOperation: isCreate,
    admit(request) {
      const { object } = request;
      if (!isFor(request, '', 'persistentvolumeclaims') || object === null) return undefined;
      const spec = (object['spec'] ??= {}) as { storageClassName?: string };
      if (spec.storageClassName !== undefined || object.metadata?.annotations?.[CLASS_ANNOTATION] !== undefined) return undefined;
      return caches.whenFilled(request, () => {
        const chosen = defaultClassOf(objects.list(GROUP, 'storageclasses', ''), DEFAULT_ANNOTATIONS);
        if (chosen !== undefined) spec.storageClassName = chosen.metadata?.name ?? '';
        return undefined;
      });
    },
  };
}
