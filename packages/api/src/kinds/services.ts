import type { KubeObject } from '@k/apimachinery';
import { deepEqual } from '../validation/field-errors.js';
import type { ServiceSpec } from '../validation/service-spec.js';
import type { KindRules } from './index.js';

const AFFINITY_SECONDS = 10_800;

function specOf(object: KubeObject): ServiceSpec {
  return (object['spec'] ??= {}) as ServiceSpec;
}

/** Whether a service can be reached from outside the cluster. */
function isExternal(spec: ServiceSpec): boolean {
  const { type } = spec;
  return type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);
}

function applyDefaults(object: KubeObject): void {
  const spec = specOf(object);
  spec.sessionAffinity ||= 'None';
  spec.type ||= 'ClusterIP';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP') {
    const { clientIP } = spec.sessionAffinityConfig ?? {};
    if (clientIP?.timeoutSeconds === undefined) spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: AFFINITY_SECONDS } };
  }
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    if (!port.targetPort && port.port !== undefined) port.targetPort = port.port;
  }
  if (isExternal(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') {
    spec.allocateLoadBalancerNodePorts ??= true;
    const status = object['status'] as { loadBalancer?: { ingress?: { ip?: string; ipMode?: string }[] } } | undefined;
    for (const ingress of status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
  }
}

/** Clients that know only `clusterIP` get `clusterIPs` to fit; clients that changed it mean both. */
function alignClusterIps(spec: ServiceSpec, before: ServiceSpec | null): void {
  const { clusterIP = '', clusterIPs = [] } = spec;
  if (before === null) {
    if (clusterIP !== '' && clusterIPs.length === 0) spec.clusterIPs = [clusterIP];
    return;
  }
  const { clusterIP: oldAddress = '', clusterIPs: oldAddresses = [] } = before;
  if (clusterIP === oldAddress) {
    if (clusterIPs.length === 0 && oldAddresses.length > 0) spec.clusterIPs = [...oldAddresses];
    return;
  }
  if (!deepEqual(clusterIPs, oldAddresses)) return;
  if (clusterIP === '') delete spec.clusterIPs;
  else spec.clusterIPs = [clusterIP];
}

const hasClusterIp = (spec: ServiceSpec): boolean => ['ClusterIP', 'NodePort', 'LoadBalancer'].includes(spec.type ?? '');
const hasNodePorts = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
const hasHealthPort = (spec: ServiceSpec): boolean => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
const isBalanced = (spec: ServiceSpec): boolean => spec.type === 'LoadBalancer';

/** Values that the server gave out stay when an update leaves them out. */
function keepAllocated(spec: ServiceSpec, before: ServiceSpec): void {
  if (hasClusterIp(spec) && hasClusterIp(before)) {
    if (!spec.clusterIP && before.clusterIP) spec.clusterIP = before.clusterIP;
    if ((spec.clusterIPs ?? []).length === 0 && spec.clusterIP === before.clusterIP && before.clusterIPs) {
      spec.clusterIPs = [...before.clusterIPs];
    }
  }
  if (hasNodePorts(spec) && hasNodePorts(before)) {
    const used = new Set((spec.ports ?? []).map(({ nodePort = 0 }) => nodePort));
    const byName = new Map((before.ports ?? []).map(({ name = '', nodePort = 0 }) => [name, nodePort]));
    for (const port of spec.ports ?? []) {
      const old = byName.get(port.name ?? '') ?? 0;
      if (!port.nodePort && old !== 0 && !used.has(old)) port.nodePort = old;
    }
  }
  if (hasHealthPort(spec) && hasHealthPort(before) && !spec.healthCheckNodePort && before.healthCheckNodePort) {
    spec.healthCheckNodePort = before.healthCheckNodePort;
  }
}

/** What only another type of service needs goes, when the client sent it back as it was. */
function dropUnneeded(spec: ServiceSpec, before: ServiceSpec): void {
  const drop = (needed: (spec: ServiceSpec) => boolean, ...fields: (keyof ServiceSpec)[]): void => {
    if (!needed(before) || needed(spec)) return;
    if (fields.every((field) => deepEqual(spec[field], before[field]))) for (const field of fields) delete spec[field];
  };
  drop(hasClusterIp, 'clusterIP', 'clusterIPs');
  drop(hasClusterIp, 'ipFamilies');
  drop(hasClusterIp, 'ipFamilyPolicy');
  if (hasNodePorts(before) && !hasNodePorts(spec)) {
    const old = new Set((before.ports ?? []).map(({ nodePort = 0 }) => nodePort));
    const ports = spec.ports ?? [];
    if (ports.every(({ nodePort = 0 }) => nodePort === 0 || old.has(nodePort))) for (const port of ports) delete port.nodePort;
  }
  drop(hasClusterIp, 'internalTrafficPolicy');
  drop(hasHealthPort, 'healthCheckNodePort');
  drop(isBalanced, 'allocateLoadBalancerNodePorts');
  drop(isBalanced, 'loadBalancerClass');
  drop(isExternal, 'externalTrafficPolicy');
}

/** Services; cluster IPs and node ports are allocated by the server's write hook. */
export const serviceStrategy: KindRules = {
  deleteReturnsObject: true,
  allowCreateOnUpdate: true,
  fieldSelectorErrors: 'label',
  applyDefaults,
  prepareForCreate: (object) => {
    object['status'] = { loadBalancer: {} };
    alignClusterIps(specOf(object), null);
  },
  prepareForUpdate: (object, old, subresource) => {
    if (subresource === 'status') {
      object['spec'] = old['spec'];
      return;
    }
    object['status'] = old['status'];
    const spec = specOf(object);
    const before = (old['spec'] ?? {}) as ServiceSpec;
    alignClusterIps(spec, before);
    keepAllocated(spec, before);
    dropUnneeded(spec, before);
  },
  selectFields: (object) => {
    const { clusterIP = '', type = '' } = (object['spec'] ?? {}) as ServiceSpec;
    return { 'spec.clusterIP': clusterIP, 'spec.type': type };
  },
};
