/** Fields that an endpoint does not write, so that nobody comes to own them through it. */
import { formatGroupResource } from '@k/apimachinery';
import type { ResourceScope } from '../server-context.js';

type Paths = readonly (readonly string[])[];

const SPEC: Paths = [['spec']];
const STATUS: Paths = [['status']];
const NONE: Paths = [];

/** Status endpoints that leave more than the spec alone. */
const STATUS_ENDPOINT: Readonly<Record<string, Paths>> = {
  pods: [['spec'], ['metadata', 'deletionTimestamp'], ['metadata', 'ownerReferences']],
  'deployments.apps': [['spec'], ['metadata', 'labels']],
  'flowschemas.flowcontrol.apiserver.k8s.io': [['spec'], ['metadata']],
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': [['spec'], ['metadata']],
  'volumeattachments.storage.k8s.io': [['spec'], ['metadata']],
  'customresourcedefinitions.apiextensions.k8s.io': [['spec'], ['metadata']],
};

/** The paths that a request's endpoint leaves as they are. */
export function resetFieldsOf(scope: ResourceScope): Paths {
  const { definition, version } = scope.served;
  const subresource = scope.subresource?.name ?? '';
  const own = definition.strategy.resetFields?.[subresource];
  if (own !== undefined) return own;
  const hasStatus = version.subresources.some(({ name }) => name === 'status');
  if (!hasStatus) return NONE;
  if (subresource === 'status') {
    if (definition.custom) return [['spec'], ['metadata']];
    return STATUS_ENDPOINT[formatGroupResource(definition)] ?? SPEC;
  }
  return STATUS;
}
