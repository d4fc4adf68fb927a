import type { KindRules } from './index.js';

type Fields = Record<string, unknown>;

/** Services; cluster IPs and node ports are allocated by the server's write hook. */
export const serviceStrategy: KindRules = {
  deleteReturnsObject: true,
  allowCreateOnUpdate: true,
  fieldSelectorErrors: 'label',
  applyDefaults: (object) => {
    const spec = (object['spec'] ??= {}) as Fields;
    spec['sessionAffinity'] ??= 'None';
    spec['type'] ??= 'ClusterIP';
    if (spec['sessionAffinity'] === 'ClientIP') {
      const config = (spec['sessionAffinityConfig'] ??= {}) as { clientIP?: Fields };
      const client = (config.clientIP ??= {});
      client['timeoutSeconds'] ??= 10_800;
    }
    for (const port of (spec['ports'] as Fields[] | undefined) ?? []) {
      port['protocol'] ??= 'TCP';
      if (port['targetPort'] === undefined || port['targetPort'] === 0 || port['targetPort'] === '') port['targetPort'] = port['port'];
    }
    const external = spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer';
    if (external) spec['externalTrafficPolicy'] ??= 'Cluster';
    if (spec['type'] !== 'ExternalName') spec['internalTrafficPolicy'] ??= 'Cluster';
    if (spec['type'] === 'LoadBalancer') spec['allocateLoadBalancerNodePorts'] ??= true;
  },
  prepareForCreate: (object) => {
    object['status'] = { loadBalancer: {} };
  },
  prepareForUpdate: (object, old, subresource) => {
    if (subresource === 'status') object['spec'] = old['spec'];
    else object['status'] = old['status'];
  },
  selectFields: (object) => {
    const spec = (object['spec'] ?? {}) as Fields;
    return { 'spec.clusterIP': String(spec['clusterIP'] ?? ''), 'spec.type': String(spec['type'] ?? '') };
  },
};
