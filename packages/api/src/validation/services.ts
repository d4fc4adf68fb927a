import type { FieldError, KubeObject } from '@k/apimachinery';
import { PROTOCOLS } from './containers.js';
import { FieldErrors } from './field-errors.js';
import { internalForm } from './internal-form.js';
import { isDualStack, parseIp, validateCidr, validateIp, validateNonSpecialIp } from './ip-address.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Label, isDns1123Subdomain, isPortNumber, isQualifiedName } from './names.js';
import { validatePortReference } from './probes.js';
import { validateLabels } from './selectors.js';
import { validateClusterIpChange, validateFamilyChange } from './service-changes.js';
import { isHeadless, type ServicePort, type ServiceSpec } from './service-spec.js';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const FAMILIES = ['IPv4', 'IPv6'];
const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const TRAFFIC_POLICIES = ['Cluster', 'Local'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameNode', 'PreferSameZone'];
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints';
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode';
/** One day: how long clients may stay with one pod. */
const AFFINITY_SECONDS_MAX = 86_400;
const LOAD_BALANCERS_ONLY = "may only be used when `type` is 'LoadBalancer'";

/** The spec of a service. */
export function serviceSpec(object: KubeObject): ServiceSpec {
  return (object['spec'] as ServiceSpec | undefined) ?? {};
}

function needsHealthCheck(spec: ServiceSpec): boolean {
  return spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

function validateType(spec: ServiceSpec, errors: FieldErrors): void {
  if ((spec.ports ?? []).length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName') errors.required('spec.ports');
  if (spec.type === 'LoadBalancer' || spec.type === 'NodePort') {
    if (isHeadless(spec)) errors.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`);
  } else if (spec.type === 'ExternalName') {
    const unset = 'may not be set for ExternalName services';
    if ((spec.clusterIPs ?? []).length > 0) errors.forbidden('spec.clusterIPs', unset);
    if ((spec.ipFamilies ?? []).length > 0) errors.forbidden('spec.ipFamilies', unset);
    if (spec.ipFamilyPolicy !== undefined) errors.forbidden('spec.ipFamilyPolicy', unset);
    const name = (spec.externalName ?? '').replace(/\.$/, '');
    if (name === '') errors.required('spec.externalName');
    else errors.invalidEach('spec.externalName', name, isDns1123Subdomain(name));
  }
}

function validatePorts(ports: ServicePort[], errors: FieldErrors): void {
  const names = new Set<string>();
  ports.forEach((port, i) => {
    const at = `spec.ports[${i}]`;
    const { name = '', protocol = '', appProtocol } = port;
    if (name !== '') {
      errors.invalidEach(`${at}.name`, name, isDns1123Label(name));
      if (names.has(name)) errors.duplicate(`${at}.name`, name);
      names.add(name);
    } else if (ports.length > 1) errors.required(`${at}.name`);
    errors.invalidEach(`${at}.port`, port.port ?? 0, isPortNumber(port.port ?? 0));
    if (protocol === '') errors.required(`${at}.protocol`);
    else errors.oneOf(`${at}.protocol`, protocol, PROTOCOLS);
    validatePortReference(port.targetPort, `${at}.targetPort`, errors);
    if (appProtocol !== undefined) errors.invalidEach(`${at}.appProtocol`, appProtocol, isQualifiedName(appProtocol));
  });
}

function validateAffinity(spec: ServiceSpec, errors: FieldErrors): void {
  const { sessionAffinity = '', sessionAffinityConfig: config } = spec;
  if (sessionAffinity === '') errors.required('spec.sessionAffinity');
  else errors.oneOf('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None']);
  const at = 'spec.sessionAffinityConfig';
  if (sessionAffinity === 'None') {
    if (config !== undefined) errors.forbidden(at, 'must not be set when session affinity is None');
    return;
  }
  if (sessionAffinity !== 'ClientIP') return;
  const needed = 'when session affinity type is ClientIP';
  if (config === undefined) {
    errors.required(at, needed);
    return;
  }
  if (config.clientIP === undefined) {
    errors.required(`${at}.clientIP`, needed);
    return;
  }
  const seconds = config.clientIP.timeoutSeconds;
  if (seconds === undefined) {
    errors.required(`${at}.clientIP.timeoutSeconds`, needed);
    return;
  }
  if (seconds <= 0 || seconds > AFFINITY_SECONDS_MAX) {
    errors.invalid(`${at}.clientIP.timeoutSeconds`, seconds, `must be greater than 0 and less than ${AFFINITY_SECONDS_MAX}`);
  }
}

/** Cluster IPs and families, and how they fit together. */
export function validateClusterIps(spec: ServiceSpec, errors: FieldErrors): void {
  if (spec.type === 'ExternalName') return;
  const { clusterIP = '', clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  const at = 'spec.clusterIPs';
  if (clusterIP === '') {
    if (clusterIPs.length > 0) errors.invalid(at, clusterIPs, 'must be empty when `clusterIP` is not specified');
  } else if (clusterIPs.length === 0) errors.required(at);
  else if (clusterIPs[0] !== clusterIP) errors.invalid(at, clusterIPs, 'first value must match `clusterIP`');
  const seen = new Set<string>();
  ipFamilies.forEach((family, i) => {
    errors.oneOf(`spec.ipFamilies[${i}]`, family, FAMILIES);
    if (seen.has(family)) errors.duplicate(`spec.ipFamilies[${i}]`, family);
    seen.add(family);
  });
  if (ipFamilyPolicy !== undefined) errors.oneOf('spec.ipFamilyPolicy', ipFamilyPolicy, FAMILY_POLICIES);
  let malformed = false;
  clusterIPs.forEach((address, i) => {
    if (i === 0 && address === 'None') {
      if (clusterIPs.length === 1) return;
      malformed = true;
      errors.invalid(at, clusterIPs, "'None' must be the first and only value");
    } else if (!validateIp(address, `${at}[${i}]`, errors)) malformed = true;
  });
  if (clusterIPs.length > 2) errors.invalid(at, clusterIPs, 'may only hold up to 2 values');
  if (malformed) return;
  const families = clusterIPs.map((address) => parseIp(address)?.family);
  if (clusterIPs.length > 1 && !isDualStack(families)) {
    errors.invalid(at, clusterIPs, 'may specify no more than one IP for each IP family');
  }
  if (isHeadless(spec)) return;
  clusterIPs.forEach((address, i) => {
    const wanted = ipFamilies[i];
    const six = families[i] === 6;
    if ((wanted === 'IPv4' && six) || (wanted === 'IPv6' && !six)) {
      errors.invalid(`${at}[${i}]`, address, `expected an ${wanted} value as indicated by \`ipFamilies[${i}]\``);
    }
  });
}

/** Errors of a service's cluster IPs and families alone. */
export function clusterIpFaults(object: KubeObject): FieldError[] {
  const errors = new FieldErrors();
  validateClusterIps(serviceSpec(object), errors);
  return errors.list;
}

/** What ports must not have in common, and which types have node ports. */
function validatePortUse(spec: ServiceSpec, errors: FieldErrors): void {
  const ports = spec.ports ?? [];
  if ((spec.type ?? '') === '') errors.required('spec.type');
  else errors.oneOf('spec.type', spec.type, TYPES);
  if (spec.type === 'ClusterIP') {
    ports.forEach(({ nodePort = 0 }, i) => {
      if (nodePort !== 0) errors.forbidden(`spec.ports[${i}].nodePort`, "may not be used when `type` is 'ClusterIP'");
    });
  }
  if (ports.length < 2) return;
  const nodePorts = new Set<string>();
  ports.forEach(({ nodePort = 0, protocol = '' }, i) => {
    const key = `${protocol}/${nodePort}`;
    if (nodePort !== 0 && nodePorts.has(key)) errors.duplicate(`spec.ports[${i}].nodePort`, nodePort);
    nodePorts.add(key);
  });
  const taken = new Set<string>();
  ports.forEach(({ port = 0, protocol = '' }, i) => {
    const key = `${protocol}/${port}`;
    if (taken.has(key)) errors.duplicate(`spec.ports[${i}]`, internalForm('ServicePort', { protocol, port }));
    taken.add(key);
  });
}

function validateSourceRanges(object: KubeObject, spec: ServiceSpec, errors: FieldErrors): void {
  const ranges = spec.loadBalancerSourceRanges ?? [];
  const annotation = object.metadata?.annotations?.[SOURCE_RANGES];
  const wrongType = spec.type !== 'LoadBalancer';
  if (ranges.length > 0) {
    const at = 'spec.LoadBalancerSourceRanges';
    if (wrongType) errors.forbidden(at, LOAD_BALANCERS_ONLY);
    ranges.forEach((range, i) => {
      validateCidr(range.trim(), `${at}[${i}]`, errors);
    });
  } else if (annotation !== undefined) {
    const at = `metadata.annotations[${SOURCE_RANGES}]`;
    if (wrongType) errors.forbidden(at, LOAD_BALANCERS_ONLY);
    if (annotation.trim() !== '') for (const range of annotation.split(',')) validateCidr(range.trim(), at, errors);
  }
}

function validateLoadBalancerClass(spec: ServiceSpec, old: ServiceSpec | null, errors: FieldErrors): void {
  const { loadBalancerClass } = spec;
  const at = 'spec.loadBalancerClass';
  const balances = spec.type === 'LoadBalancer';
  if (old?.type === 'LoadBalancer' && balances && old.loadBalancerClass !== loadBalancerClass) {
    errors.invalid(at, loadBalancerClass ?? null, 'may not change once set');
  }
  if (loadBalancerClass === undefined) return;
  if (balances) errors.invalidEach(at, loadBalancerClass, isQualifiedName(loadBalancerClass));
  else errors.forbidden(at, LOAD_BALANCERS_ONLY);
}

function validateTraffic(spec: ServiceSpec, errors: FieldErrors): void {
  const { type, externalTrafficPolicy: external = '', internalTrafficPolicy: internal, healthCheckNodePort: health = 0 } = spec;
  const reachable = type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);
  if (!reachable) {
    if (external !== '') errors.invalid('spec.externalTrafficPolicy', external, 'may only be set for externally-accessible services');
  } else if (external === '') errors.required('spec.externalTrafficPolicy');
  else errors.oneOf('spec.externalTrafficPolicy', external, TRAFFIC_POLICIES);
  if (!needsHealthCheck(spec)) {
    if (health !== 0) {
      const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
      errors.invalid('spec.healthCheckNodePort', health, detail);
    }
  } else if (health === 0) errors.required('spec.healthCheckNodePort');
  else errors.invalidEach('spec.healthCheckNodePort', health, isPortNumber(health));
  if (internal !== undefined) errors.oneOf('spec.internalTrafficPolicy', internal, TRAFFIC_POLICIES);
  else if (type === 'NodePort' || type === 'LoadBalancer' || type === 'ClusterIP') errors.required('spec.internalTrafficPolicy');
  if (spec.trafficDistribution !== undefined) errors.oneOf('spec.trafficDistribution', spec.trafficDistribution, DISTRIBUTIONS);
}

function validateService(object: KubeObject, errors: FieldErrors): void {
  const spec = serviceSpec(object);
  const annotations = object.metadata?.annotations;
  const mode = annotations?.[TOPOLOGY_MODE];
  const hints = annotations?.[TOPOLOGY_HINTS];
  if (mode !== undefined && hints !== undefined && mode !== hints) {
    const detail = `must match annotations[${TOPOLOGY_HINTS}] when both are specified`;
    errors.invalid(`metadata.annotations[${TOPOLOGY_MODE}]`, mode, detail);
  }
  validateType(spec, errors);
  validatePorts(spec.ports ?? [], errors);
  validateLabels(spec.selector, 'spec.selector', errors);
  validateAffinity(spec, errors);
  validateClusterIps(spec, errors);
  spec.externalIPs?.forEach((address, i) => {
    if (validateIp(address, `spec.externalIPs[${i}]`, errors)) validateNonSpecialIp(address, `spec.externalIPs[${i}]`, errors);
  });
  validatePortUse(spec, errors);
  validateSourceRanges(object, spec, errors);
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer') {
    errors.forbidden('spec.allocateLoadBalancerNodePorts', LOAD_BALANCERS_ONLY);
  }
  validateLoadBalancerClass(spec, null, errors);
  validateTraffic(spec, errors);
}

function validateStatus(object: KubeObject, _old: KubeObject, errors: FieldErrors): void {
  const status = object['status'] as { loadBalancer?: { ingress?: { ip?: string; ipMode?: string; hostname?: string }[] } } | undefined;
  const ingress = status?.loadBalancer?.ingress ?? [];
  const at = 'status.loadBalancer.ingress';
  if (ingress.length > 0 && serviceSpec(object).type !== 'LoadBalancer') {
    errors.forbidden(at, "may only be used when `spec.type` is 'LoadBalancer'");
    return;
  }
  ingress.forEach(({ ip = '', ipMode, hostname = '' }, i) => {
    const path = `${at}[${i}]`;
    if (ip !== '') validateIp(ip, `${path}.ip`, errors);
    if (ipMode === undefined) {
      if (ip !== '') errors.required(`${path}.ipMode`, 'must be specified when `ip` is set');
    } else if (ip === '') errors.forbidden(`${path}.ipMode`, 'may not be specified when `ip` is not set');
    else errors.oneOf(`${path}.ipMode`, ipMode, ['Proxy', 'VIP']);
    if (hostname === '') return;
    errors.invalidEach(`${path}.hostname`, hostname, isDns1123Subdomain(hostname));
    if (parseIp(hostname) !== null) errors.invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address');
  });
}

/** Services. */
export const serviceValidation: KindValidation = {
  nameRule: (name, prefix) => isDns1123Label(prefix ? name.replace(/-$/, 'a') : name),
  create: validateService,
  metadataOnUpdate: 'both',
  update: (object, old, errors) => {
    const spec = serviceSpec(object);
    const before = serviceSpec(old);
    validateClusterIpChange(spec, before, errors);
    validateFamilyChange(spec, before, errors);
    validateLoadBalancerClass(spec, before, errors);
    if (needsHealthCheck(before) && needsHealthCheck(spec) && before.healthCheckNodePort !== spec.healthCheckNodePort) {
      errors.forbidden('spec.healthCheckNodePort', 'field is immutable');
    }
    validateService(object, errors);
  },
  subresources: { status: validateStatus },
};
