/** ClusterTrustBundleAttest: who publishes trust for a signer must be allowed to attest for it. */
import type { KubeObject } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies } from '../interface.js';
import { isFor, isWrite } from '../request-match.js';
import { deny } from '../response.js';
import { isAllowedForSigner } from '../signer-permission.js';

interface BundleSpec {
  signerName?: string;
  trustBundle?: string;
}

const specOf = (bundle: KubeObject | null): BundleSpec => (bundle?.['spec'] ?? {}) as BundleSpec;

/** The ClusterTrustBundleAttest controller. */
export function clusterTrustBundleAttest({ authorize }: AdmissionDependencies): AdmissionController {
  return {
    name: 'ClusterTrustBundleAttest',
    supportsOperation: isWrite,
    validate(request) {
      if (!isFor(request, 'certificates.k8s.io', 'clustertrustbundles')) return undefined;
      const { signerName = '', trustBundle } = specOf(request.object);
      if (signerName === '') return undefined;
      if (request.operation === 'UPDATE' && specOf(request.oldObject).trustBundle === trustBundle) return undefined;
      return isAllowedForSigner(authorize, { user: request.user, verb: 'attest', signerName }).then((isAllowed) =>
        isAllowed ? undefined : deny(`user not permitted to attest for signerName ${JSON.stringify(signerName)}`),
      );
    },
  };
}
