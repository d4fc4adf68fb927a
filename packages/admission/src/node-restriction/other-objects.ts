/** What a kubelet may do to claims, leases, CSI nodes, resource slices and certificate requests. */
import type { KubeObject } from '@k/apimachinery';
import { type CertificateRequestSubject, parseCertificateRequest } from '../certificate-request.js';
import type { AdmissionRequest, AdmissionResponse } from '../interface.js';
import { deny } from '../response.js';

type Answer = AdmissionResponse | undefined;

const LEASES = 'kube-node-lease';
const NODE_SIGNERS = ['kubernetes.io/kube-apiserver-client-kubelet', 'kubernetes.io/kubelet-serving'];
/** Fields of a claim's status that report a resize. */
const RESIZE_FIELDS = ['capacity', 'conditions', 'allocatedResources', 'allocatedResourceStatuses'];

/** An object's own name also when it is just being created. */
const nameOf = ({ operation, name, object }: AdmissionRequest): string => (operation === 'CREATE' ? (object?.metadata?.name ?? '') : name);

/** Everything of a claim but what a resize reports, by field. */
function withoutResize(claim: KubeObject): Map<string, string> {
  const { managedFields: _managed, ...metadata } = claim.metadata ?? {};
  const status = Object.entries((claim['status'] ?? {}) as object).filter(([field]) => !RESIZE_FIELDS.includes(field));
  const parts = { ...metadata, spec: claim['spec'], ...Object.fromEntries(status.map(([field, value]) => [`status.${field}`, value])) };
  return new Map(Object.entries(parts).map(([field, value]) => [field, JSON.stringify(value)]));
}

/** Only the status, and of it only what a resize reports. */
export function judgeClaim({ operation, subresource, object, oldObject }: AdmissionRequest, name: string): Answer {
  if (subresource !== 'status') return deny('may only update PVC status');
  if (operation !== 'UPDATE' || object === null || oldObject === null) return deny(`unexpected operation ${JSON.stringify(operation)}`);
  const [now, before] = [withoutResize(object), withoutResize(oldObject)];
  const changed = [...new Set([...now.keys(), ...before.keys()])].filter((field) => now.get(field) !== before.get(field));
  if (changed.length === 0) return undefined;
  return deny(
    `node ${JSON.stringify(name)} is not allowed to update fields other than status.quantity and status.conditions: ${changed.sort().join(', ')}`,
  );
}

/** Its own lease in the namespace of leases. */
export function judgeLease(request: AdmissionRequest, name: string): Answer {
  if (request.namespace !== LEASES) return deny(`can only access leases in the ${JSON.stringify(LEASES)} system namespace`);
  return nameOf(request) === name ? undefined : deny('can only access node lease with the same name as the requesting node');
}

export function judgeCsiNode(request: AdmissionRequest, name: string): Answer {
  return nameOf(request) === name ? undefined : deny('can only access CSINode with the same name as the requesting node');
}

/** Slices never change their node, so updates need no look. */
export function judgeResourceSlice({ operation, object, oldObject }: AdmissionRequest, name: string): Answer {
  const isForeign = (slice: KubeObject | null): boolean =>
    slice !== null && ((slice['spec'] as { nodeName?: string } | undefined)?.nodeName ?? '') !== name;
  if (operation === 'CREATE' && isForeign(object)) {
    return deny('can only create ResourceSlice with the same NodeName as the requesting node');
  }
  if (operation === 'DELETE' && isForeign(oldObject)) {
    return deny('can only delete ResourceSlice with the same NodeName as the requesting node');
  }
  return undefined;
}

/** Certificates of kubelets in its own name only. */
export async function judgeCertificateRequest({ operation, subresource, object }: AdmissionRequest, name: string): Promise<Answer> {
  if (operation !== 'CREATE' || subresource !== '') return undefined;
  const { signerName = '', request } = (object?.['spec'] ?? {}) as { signerName?: string; request?: unknown };
  if (!NODE_SIGNERS.includes(signerName)) return undefined;
  let subject: CertificateRequestSubject;
  try {
    subject = await parseCertificateRequest(request);
  } catch (error) {
    return deny(`unable to parse csr: ${(error as Error).message}`);
  }
  return subject.commonName === `system:node:${name}` ? undefined : deny(`can only create a node CSR with CN=system:node:${name}`);
}
