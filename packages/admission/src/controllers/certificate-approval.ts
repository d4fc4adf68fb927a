/** CertificateApproval: who approves a request must be allowed to approve for its signer. */
import type { AdmissionController, AdmissionDependencies } from '../interface.js';
import { isFor, isUpdate } from '../request-match.js';
import { deny } from '../response.js';
import { isAllowedForSigner } from '../signer-permission.js';

/** The CertificateApproval controller. */
export function certificateApproval({ authorize }: AdmissionDependencies): AdmissionController {
  return {
    name: 'CertificateApproval',
    supportsOperation: isUpdate,
    validate(request) {
      if (!isFor(request, 'certificates.k8s.io', 'certificatesigningrequests', 'approval')) return undefined;
      const { signerName = '' } = (request.oldObject?.['spec'] ?? {}) as { signerName?: string };
      return isAllowedForSigner(authorize, { user: request.user, verb: 'approve', signerName }).then((isAllowed) =>
        isAllowed ? undefined : deny(`user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`),
      );
    },
  };
}
