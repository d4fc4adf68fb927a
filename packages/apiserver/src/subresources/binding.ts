/** `pods/binding` and `bindings`: assigns a pod to a node. */
import { type FieldError, type KubeObject, newBadRequest, newConflict, newInvalid, notSupported, required } from '@k/apimachinery';
import type { RequestContext } from '../context.js';
import { sendStatus } from '../http/respond.js';
import { checkNamespace } from '../rest/create.js';
import { parseWriteOptions } from '../rest/options.js';
import { updateObject } from '../rest/update.js';
import { timestamp } from '../rest/write-object.js';
import { decodeReview } from '../reviews/decode-review.js';
import type { ResourceHandler, ResourceScope, ServerContext } from '../server-context.js';

interface Binding extends KubeObject {
  target?: { kind?: string; name?: string };
}

interface Condition {
  type: string;
  status: string;
  [field: string]: unknown;
}

function validateBinding(binding: Binding): FieldError[] {
  const errors: FieldError[] = [];
  const { kind = '', name = '' } = binding.target ?? {};
  if (kind !== '' && kind !== 'Node') errors.push(notSupported('target.kind', kind, ['Node', '<empty>']));
  if (name === '') errors.push(required('target.name'));
  return errors;
}

/** The pod with its node, or why it cannot have one. */
function assign(pod: KubeObject, binding: Binding, now: string): KubeObject {
  const name = pod.metadata?.name ?? '';
  const conflict = (text: string): Error => newConflict({ group: '', resource: 'pods/binding' }, name, text);
  const spec = (pod['spec'] ??= {}) as { nodeName?: string; schedulingGates?: unknown[] };
  if (pod.metadata?.deletionTimestamp !== undefined) throw conflict(`pod ${name} is being deleted, cannot be assigned to a host`);
  if ((spec.nodeName ?? '') !== '') throw conflict(`pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`);
  if ((spec.schedulingGates?.length ?? 0) > 0) throw conflict(`pod ${name} has non-empty .spec.schedulingGates`);
  spec.nodeName = binding.target?.name ?? '';
  const metadata = (pod.metadata ??= {});
  const { annotations, labels } = binding.metadata ?? {};
  if (annotations !== undefined) metadata.annotations = { ...metadata.annotations, ...annotations };
  if (labels !== undefined) metadata.labels = { ...metadata.labels, ...labels };
  const status = (pod['status'] ??= {}) as { conditions?: Condition[] };
  const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now };
  status.conditions = [...(status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled'), scheduled];
  return pod;
}

async function bind(server: ServerContext, context: RequestContext, scope: ResourceScope, podScope: ResourceScope): Promise<void> {
  const options = parseWriteOptions(context, 'CreateOptions');
  const binding = (await decodeReview(server, context, scope)) as Binding;
  checkNamespace(podScope, binding);
  const name = binding.metadata?.name ?? '';
  if (podScope.name !== '' && name !== podScope.name) {
    throw newBadRequest('name in URL does not match name in Binding object');
  }
  const errors = validateBinding(binding);
  if (errors.length > 0) throw newInvalid({ group: '', kind: 'Binding' }, name, errors);
  await updateObject(server, context, { ...podScope, name: podScope.name === '' ? name : podScope.name }, options, {
    resourceVersion: binding.metadata?.resourceVersion ?? '',
    uid: binding.metadata?.uid ?? '',
    uidConflict: 'storage',
    createIfMissing: null,
    unconditional: true,
    internal: true,
    change: (pod) => assign(pod, binding, timestamp(server.now())),
  });
  await sendStatus(context, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
}

/** POST pods/NAME/binding. */
export const handlePodBinding: ResourceHandler = (server, context, scope) => bind(server, context, scope, scope);

/** POST bindings. */
export const handleBinding: ResourceHandler = (server, context, scope) => {
  const served = server.catalogue.find('', 'v1', 'pods');
  if (served === undefined) throw new TypeError('pods are not served');
  return bind(server, context, scope, { context, served, subresource: undefined, namespace: scope.namespace, name: '' });
};
