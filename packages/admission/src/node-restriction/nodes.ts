/** What a kubelet may do to node objects. */
import type { KubeObject } from '@k/apimachinery';
import type { AdmissionRequest, AdmissionResponse } from '../interface.js';
import { deny } from '../response.js';
import { forbiddenLabelChanges } from './node-labels.js';

interface NodeSpec {
  configSource?: unknown;
  taints?: unknown[];
}

const specOf = (node: KubeObject | null): NodeSpec => (node?.['spec'] ?? {}) as NodeSpec;
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function judgeCreate(node: KubeObject, name: string): AdmissionResponse | undefined {
  if (specOf(node).configSource !== undefined)
    return deny(`node ${JSON.stringify(name)} is not allowed to create pods with a non-nil configSource`);
  const labels = forbiddenLabelChanges(node.metadata?.labels ?? {}, {});
  return labels.length === 0
    ? undefined
    : deny(`node ${JSON.stringify(name)} is not allowed to set the following labels: ${labels.join(', ')}`);
}

function judgeUpdate(node: KubeObject, old: KubeObject, name: string): AdmissionResponse | undefined {
  const [now, before] = [specOf(node), specOf(old)];
  const refuse = (what: string): AdmissionResponse => deny(`node ${JSON.stringify(name)} is not allowed to ${what}`);
  if (now.configSource !== undefined && !isSame(now.configSource, before.configSource))
    return refuse('update configSource to a new non-nil configSource');
  if (!isSame(now.taints ?? [], before.taints ?? [])) return refuse('modify taints');
  if (!isSame(node.metadata?.ownerReferences ?? [], old.metadata?.ownerReferences ?? [])) return refuse('modify ownerReferences');
  const labels = forbiddenLabelChanges(node.metadata?.labels ?? {}, old.metadata?.labels ?? {});
  return labels.length === 0 ? undefined : refuse(`modify labels: ${labels.join(', ')}`);
}

/** Its own node only, without taints, owners and labels that decide where pods run. */
export function judgeNode(request: AdmissionRequest, name: string): AdmissionResponse | undefined {
  const { object, oldObject, operation } = request;
  const requested = request.name !== '' ? request.name : (object?.metadata?.name ?? '');
  if (requested !== name) return deny(`node ${JSON.stringify(name)} is not allowed to modify node ${JSON.stringify(requested)}`);
  if (operation === 'CREATE' && object !== null) return judgeCreate(object, name);
  if (operation === 'UPDATE' && object !== null && oldObject !== null) return judgeUpdate(object, oldObject, name);
  return undefined;
}
