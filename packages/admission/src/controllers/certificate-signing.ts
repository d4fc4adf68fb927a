/** CertificateSigning: who puts a certificate or a condition into a request must be allowed to sign for its signer. */
import type { KubeObject } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies } from '../interface.js';
import { isFor, isUpdate } from '../request-match.js';
import { deny } from '../response.js';
import { isAllowedForSigner } from '../signer-permission.js';

/** The parts of the status that only a signer writes, comparable. */
function signedParts(object: KubeObject | null): string {
  const status = (object?.['status'] ?? {}) as { certificate?: string; conditions?: unknown[] };
  return JSON.stringify([status.certificate ?? '', status.conditions ?? []]);
}

/** The CertificateSigning controller. */
export function certificateSigning({ authorize }: AdmissionDependencies): AdmissionController {
  return {
    name: 'CertificateSigning',
    supportsOperation: isUpdate,
    validate(request) {
      if (!isFor(request, 'certificates.k8s.io', 'certificatesigningrequests', 'status')) return undefined;
      if (signedParts(request.object) === signedParts(request.oldObject)) return undefined;
      const { signerName = '' } = (request.oldObject?.['spec'] ?? {}) as { signerName?: string };
      return isAllowedForSigner(authorize, { user: request.user, verb: 'sign', signerName }).then((isAllowed) =>
        isAllowed ? undefined : deny(`user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`),
      );
    },
  };
}
