/** CertificateSubjectRestriction: nobody becomes a member of system:masters through a signed client certificate. */
import { type CertificateRequestSubject, parseCertificateRequest } from '../certificate-request.js';
import type { AdmissionController, AdmissionResponse } from '../interface.js';
import { isCreate, isFor } from '../request-match.js';
import { deny } from '../response.js';

const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';

async function judge(request: unknown): Promise<AdmissionResponse | undefined> {
  let subject: CertificateRequestSubject;
  try {
    subject = await parseCertificateRequest(request);
  } catch (error) {
    return deny(`failed to parse CSR: ${(error as Error).message}`);
  }
  return subject.organizations.includes('system:masters')
    ? deny('use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed')
    : undefined;
}

/** The CertificateSubjectRestriction controller. */
export function certificateSubjectRestriction(): AdmissionController {
  return {
    name: 'CertificateSubjectRestriction',
    supportsOperation: isCreate,
    validate(request) {
      if (!isFor(request, 'certificates.k8s.io', 'certificatesigningrequests')) return undefined;
      const spec = (request.object?.['spec'] ?? {}) as { signerName?: string; request?: unknown };
      return spec.signerName === CLIENT_SIGNER ? judge(spec.request) : undefined;
    },
  };
}
