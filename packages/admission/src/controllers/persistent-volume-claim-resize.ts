/** PersistentVolumeClaimResize: a claim grows only when it is bound and its class allows it. */
import { type KubeObject, Quantity } from '@k/apimachinery';
import { type Claim, storageClassOf } from '../claim-fields.js';
import type { AdmissionController, AdmissionDependencies } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { isFor, isUpdate } from '../request-match.js';
import { deny } from '../response.js';

const GROUP = 'storage.k8s.io';

const sizeOf = (claim: Claim): Quantity => Quantity.parse(claim.spec?.resources?.requests?.['storage'] ?? '0');

/** The PersistentVolumeClaimResize controller. */
export function persistentVolumeClaimResize({ objects }: AdmissionDependencies): AdmissionController {
  const caches = new ObjectCaches(objects, [GROUP, 'storageclasses']);
  const isExpandable = async (claim: Claim, old: Claim): Promise<boolean> => {
    const name = storageClassOf(claim);
    if (name === '' || name !== storageClassOf(old)) return false;
    const found: KubeObject | undefined =
      objects.get(GROUP, 'storageclasses', '', name) ?? (await objects.getLive(GROUP, 'storageclasses', '', name));
    return found?.['allowVolumeExpansion'] === true;
  };
  return {
    name: 'PersistentVolumeClaimResize',
    supportsOperation: isUpdate,
    validate(request) {
      if (!isFor(request, '', 'persistentvolumeclaims') || request.object === null || request.oldObject === null) return undefined;
      const [claim, old] = [request.object as Claim, request.oldObject as Claim];
      if (sizeOf(claim).compare(sizeOf(old)) <= 0) return undefined;
      if (old.status?.phase !== 'Bound') return deny('Only bound persistent volume claims can be expanded');
      return caches.whenFilled(request, async () =>
        (await isExpandable(claim, old))
          ? undefined
          : deny('only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize'),
      );
    },
  };
}
