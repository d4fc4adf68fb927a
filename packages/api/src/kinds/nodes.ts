import type { KubeObject } from '@k/apimachinery';
import type { KindRules } from './index.js';
import { statusSubresource } from './status.js';

interface NodeFields {
  spec?: { podCIDR?: string; podCIDRs?: string[]; unschedulable?: boolean };
  status?: { capacity?: object; allocatable?: object };
}

/** The first range of addresses is also shown by itself; what can be allocated is the capacity, unless the kubelet says less. */
function nodeDefaults(object: KubeObject): void {
  const { spec, status } = object as NodeFields;
  if (spec !== undefined) {
    const { podCIDR = '', podCIDRs = [] } = spec;
    if (podCIDR !== '' && podCIDRs[0] !== podCIDR) spec.podCIDRs = [podCIDR];
    else if (podCIDR === '' && podCIDRs[0] !== undefined) spec.podCIDR = podCIDRs[0];
  }
  if (status?.capacity !== undefined) status.allocatable ??= { ...status.capacity };
}

/** Nodes. */
export const nodeStrategy: KindRules = {
  ...statusSubresource,
  prepareForCreate: () => {},
  applyDefaults: nodeDefaults,
  selectFields: (object) => ({ 'spec.unschedulable': String((object as NodeFields).spec?.unschedulable ?? false) }),
  fieldSelectorErrors: 'label',
};
