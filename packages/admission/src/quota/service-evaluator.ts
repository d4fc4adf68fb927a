/** Services: their number, their node ports and load balancers. */
import { Quantity } from '@k/apimachinery';
import { isFor, isWrite } from '../request-match.js';
import type { QuotaEvaluator } from './evaluator.js';

interface ServiceSpec {
  type?: string;
  ports?: { nodePort?: number }[];
  allocateLoadBalancerNodePorts?: boolean;
}

const NAMES: ReadonlySet<string> = new Set(['services', 'count/services', 'services.nodeports', 'services.loadbalancers']);

function nodePortCount({ type, ports = [], allocateLoadBalancerNodePorts }: ServiceSpec): number {
  if (type === 'NodePort') return ports.length;
  if (type !== 'LoadBalancer') return 0;
  return allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort = 0 }) => nodePort !== 0).length : ports.length;
}

export function serviceEvaluator(): QuotaEvaluator {
  return {
    group: '',
    resource: 'services',
    hasScopes: false,
    handles: (request) => isFor(request, '', 'services') && isWrite(request.operation),
    matchingNames: (names) => [...names].filter((name) => NAMES.has(name)),
    usage(service) {
      const spec = (service['spec'] ?? {}) as ServiceSpec;
      return new Map([
        ['count/services', Quantity.of(1n)],
        ['services', Quantity.of(1n)],
        ['services.nodeports', Quantity.of(BigInt(nodePortCount(spec)))],
        ['services.loadbalancers', Quantity.of(spec.type === 'LoadBalancer' ? 1n : 0n)],
      ]);
    },
    matchesScope: () => false,
    missing: () => null,
  };
}
