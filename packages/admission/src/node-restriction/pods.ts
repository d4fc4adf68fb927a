/** What a kubelet may do to pods: create and delete its mirror pods, report their status, evict them. */
import { type KubeObject, newNotFound } from '@k/apimachinery';
import type { AdmissionRequest, AdmissionResponse, ObjectSource } from '../interface.js';
import { podSpec } from '../pod-fields.js';
import { referredResource } from '../pod-references.js';
import { deny } from '../response.js';

type Answer = AdmissionResponse | undefined;

const MIRROR = 'kubernetes.io/config.mirror';

/** A pod as it is stored. @throws StatusError 404. */
export async function storedPod(objects: ObjectSource, namespace: string, name: string): Promise<KubeObject> {
  const pod = objects.get('', 'pods', namespace, name) ?? (await objects.getLive('', 'pods', namespace, name));
  if (pod === undefined) throw newNotFound({ group: '', resource: 'pods' }, name);
  return pod;
}

async function checkOwner(objects: ObjectSource, pod: KubeObject, name: string): Promise<Answer> {
  const node = JSON.stringify(name);
  const [owner, ...others] = pod.metadata?.ownerReferences ?? [];
  if (owner === undefined || others.length > 0)
    return deny(`node ${node} can only create pods with a single owner reference set to itself`);
  if (owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== name) {
    return deny(`node ${node} can only create pods with an owner reference set to itself`);
  }
  if (owner.controller !== true) return deny(`node ${node} can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion === true) return deny(`node ${node} must not set blockOwnerDeletion on an owner reference`);
  let found: KubeObject | undefined;
  try {
    found = objects.get('', 'nodes', '', name) ?? (await objects.getLive('', 'nodes', '', name));
  } catch (error) {
    return deny(`error looking up node ${name} to verify uid: ${(error as Error).message}`);
  }
  if (found === undefined) throw newNotFound({ group: '', resource: 'nodes' }, name);
  const uid = found.metadata?.uid ?? '';
  return owner.uid === uid ? undefined : deny(`node ${name} UID mismatch: expected ${owner.uid} got ${uid}`);
}

async function judgeCreate(objects: ObjectSource, pod: KubeObject, name: string): Promise<Answer> {
  const node = JSON.stringify(name);
  if (pod.metadata?.annotations?.[MIRROR] === undefined) {
    return deny(`pod does not have "${MIRROR}" annotation, node ${node} can only create mirror pods`);
  }
  const spec = podSpec(pod);
  if (spec.nodeName !== name) return deny(`node ${node} can only create pods with spec.nodeName set to itself`);
  const refusal = await checkOwner(objects, pod, name);
  if (refusal !== undefined) return refusal;
  const referred = referredResource(spec);
  return referred === null ? undefined : deny(`node ${node} can not create pods that reference ${referred}`);
}

function judgeStatus(request: AdmissionRequest, name: string): Answer {
  const { object, oldObject, operation } = request;
  if (operation !== 'UPDATE' || object === null || oldObject === null) return deny(`unexpected operation ${JSON.stringify(operation)}`);
  const node = JSON.stringify(name);
  if (podSpec(oldObject).nodeName !== name)
    return deny(`node ${node} can only update pod status for pods with spec.nodeName set to itself`);
  const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
  const sorted = (labels: Record<string, string> = {}): unknown => Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  if (!isSame(sorted(object.metadata?.labels), sorted(oldObject.metadata?.labels))) {
    return deny(`node ${node} cannot update labels through pod status`);
  }
  type Claims = { resourceClaimStatuses?: unknown; extendedResourceClaimStatus?: unknown };
  const [now, before] = [object, oldObject].map((pod) => (pod['status'] ?? {}) as Claims) as [Claims, Claims];
  // The spelling is what clients of Kubernetes see.
  if (!isSame(now.resourceClaimStatuses, before.resourceClaimStatuses)) return deny(`node ${node} cannot update resource claim statues`);
  if (!isSame(now.extendedResourceClaimStatus, before.extendedResourceClaimStatus)) {
    return deny(`node ${node} cannot update extended resource claim status`);
  }
  return undefined;
}

async function judgeEviction(objects: ObjectSource, request: AdmissionRequest, name: string): Promise<Answer> {
  if (request.operation !== 'CREATE') return deny(`unexpected operation ${request.operation}`);
  const pod = request.name !== '' ? request.name : (request.object?.metadata?.name ?? '');
  if (pod === '') return deny('could not determine pod from request data');
  const found = await storedPod(objects, request.namespace, pod);
  return podSpec({ ...found }).nodeName === name ? undefined : deny(`node ${name} can only evict pods with spec.nodeName set to itself`);
}

/** Judges requests on pods and their subresources. */
export async function judgePod(objects: ObjectSource, request: AdmissionRequest, name: string): Promise<Answer> {
  const { operation, object, subresource } = request;
  const node = JSON.stringify(name);
  if (subresource === 'status') return judgeStatus(request, name);
  if (subresource === 'eviction') return judgeEviction(objects, request, name);
  if (subresource !== '')
    return deny(`unexpected pod subresource ${JSON.stringify(subresource)}, only 'status' and 'eviction' are allowed`);
  if (operation === 'CREATE' && object !== null) return judgeCreate(objects, object, name);
  if (operation !== 'DELETE') {
    return deny(`unexpected operation ${JSON.stringify(operation)}, node ${node} can only create and delete mirror pods`);
  }
  const found = request.oldObject ?? (await storedPod(objects, request.namespace, request.name));
  return podSpec({ ...found }).nodeName === name ? undefined : deny(`node ${node} can only delete pods with spec.nodeName set to itself`);
}
