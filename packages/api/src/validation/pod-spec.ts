import { Quantity } from '@k/apimachinery';
import {
  type ContainerContext,
  validateContainers,
  validateEphemeralContainers,
  validateImagePadding,
  validateInitContainers,
} from './containers.js';
import type { FieldErrors } from './field-errors.js';
import { internalForm } from './internal-form.js';
import { validateIp } from './ip-address.js';
import { isDns1123Label, isDns1123Subdomain, isDns1123SubdomainWithUnderscore, isQualifiedName, rangeText } from './names.js';
import { validateHostProcess, validateOs } from './pod-os.js';
import type { DnsConfig, PodContext, PodSpec } from './pod-types.js';
import { type ResourceList, validatePodResourceName, validateResourceRequirements } from './resources.js';
import { validateAffinity, validateTolerations, validateTopologySpread } from './scheduling.js';
import { validatePodSecurityContext } from './security-context.js';
import { validateLabels } from './selectors.js';
import { validateVolumes } from './volumes.js';

const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const NAMESERVERS_MAX = 3;
const SEARCH_PATHS_MAX = 32;
const SEARCH_LIST_CHARS_MAX = 2048;
const HOSTNAME_OVERRIDE_MAX = 64;

function validateResourceClaims(spec: PodSpec, at: string, errors: FieldErrors): readonly string[] {
  const names = new Set<string>();
  spec.resourceClaims?.forEach((claim, i) => {
    const path = `${at}[${i}]`;
    const { name = '', resourceClaimName, resourceClaimTemplateName } = claim;
    if (name === '') errors.required(`${path}.name`);
    else if (names.has(name)) errors.duplicate(`${path}.name`, name);
    else {
      errors.invalidEach(`${path}.name`, name, isDns1123Label(name));
      names.add(name);
    }
    const refuse = (detail: string): void => errors.invalid(path, internalForm('PodResourceClaim', claim), detail);
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
      refuse('at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified');
    } else if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
      refuse('must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
    }
    for (const field of ['resourceClaimName', 'resourceClaimTemplateName'] as const) {
      const value = claim[field];
      if (value !== undefined) errors.invalidEach(`${path}.${field}`, value, isDns1123Subdomain(value));
    }
  });
  return [...names];
}

function validateDns(policy: string, config: DnsConfig | undefined, at: string, errors: FieldErrors): void {
  if (policy === 'None') {
    if (config === undefined) {
      errors.required(at, 'must provide `dnsConfig` when `dnsPolicy` is None');
      return;
    }
    if ((config.nameservers ?? []).length === 0) {
      errors.required(`${at}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None');
      return;
    }
  }
  if (config === undefined) return;
  const { nameservers = [], searches = [], options = [] } = config;
  if (nameservers.length > NAMESERVERS_MAX) {
    errors.invalid(`${at}.nameservers`, nameservers, `must not have more than ${NAMESERVERS_MAX} nameservers`);
  }
  nameservers.forEach((address, i) => {
    validateIp(address, `${at}.nameservers[${i}]`, errors);
  });
  if (searches.length > SEARCH_PATHS_MAX) {
    errors.invalid(`${at}.searches`, searches, `must not have more than ${SEARCH_PATHS_MAX} search paths`);
  }
  if (searches.join(' ').length > SEARCH_LIST_CHARS_MAX) {
    const detail = `must not have more than ${SEARCH_LIST_CHARS_MAX} characters (including spaces) in the search list`;
    errors.invalid(`${at}.searches`, searches, detail);
  }
  searches.forEach((search, i) => {
    if (search === '.') return;
    const name = search.replace(/\.$/, '');
    errors.invalidEach(`${at}.searches[${i}]`, name, isDns1123SubdomainWithUnderscore(name));
  });
  options.forEach(({ name = '' }, i) => {
    if (name === '') errors.required(`${at}.options[${i}]`, 'must not be empty');
  });
}

/** Ports in the host's network are the host's ports. */
function validateHostNetworkPorts(spec: PodSpec, isPod: boolean, at: string, errors: FieldErrors): void {
  if (!spec.hostNetwork) return;
  spec.containers?.forEach((container, i) => {
    container.ports?.forEach(({ hostPort = 0, containerPort = 0 }, j) => {
      if ((isPod || hostPort !== 0) && hostPort !== containerPort) {
        const path = `${at}.containers[${i}].ports[${j}].hostPort`;
        errors.invalid(path, hostPort, 'must match `containerPort` when `hostNetwork` is true');
      }
    });
  });
}

function validateGates(spec: PodSpec, at: string, errors: FieldErrors): void {
  spec.readinessGates?.forEach(({ conditionType = '' }, i) => {
    errors.invalidEach(`${at}.readinessGates[${i}].conditionType`, conditionType, isQualifiedName(conditionType));
  });
  const seen = new Set<string>();
  spec.schedulingGates?.forEach(({ name = '' }, i) => {
    errors.invalidEach(`${at}.schedulingGates[${i}]`, name, isQualifiedName(name));
    if (seen.has(name)) errors.duplicate(`${at}.schedulingGates[${i}]`, name);
    seen.add(name);
  });
}

/** A pod in a user namespace of its own may share none of the host's namespaces. */
function validateHostUsers(spec: PodSpec, at: string, errors: FieldErrors): void {
  if (spec.hostUsers !== false) return;
  const shared: [string, boolean | undefined][] = [
    ['hostNetwork', spec.hostNetwork],
    ['HostPID', spec.hostPID],
    ['HostIPC', spec.hostIPC],
  ];
  for (const [field, on] of shared) if (on) errors.forbidden(`${at}.${field}`, 'when `pod.Spec.HostUsers` is false');
}

/** Requests and limits of the whole pod: no less than its containers' requests, no limit below a container's. */
function validatePodResources(spec: PodSpec, claimNames: readonly string[], at: string, errors: FieldErrors): void {
  const { resources } = spec;
  if (resources === undefined) return;
  if (resources.claims !== undefined) errors.forbidden(`${at}.claims`, 'claims cannot be set for Resources at pod-level');
  validateResourceRequirements(resources, at, errors, { claimNames, validateName: validatePodResourceName });
  const total = new Map<string, Quantity>();
  for (const container of spec.containers ?? []) {
    const requests = container.resources?.requests ?? {};
    for (const name in requests) total.set(name, (total.get(name) ?? Quantity.zero()).add(Quantity.parse(requests[name] as string)));
  }
  for (const [name, sum] of total) {
    const text = (resources.requests as ResourceList | undefined)?.[name];
    const own = text === undefined ? Quantity.zero() : Quantity.parse(text);
    if (sum.compare(own) > 0) {
      const detail = `must be greater than or equal to aggregate container requests of ${sum.toString()}`;
      errors.invalid(`${at}.requests[${name}]`, own.toString(), detail);
    }
  }
  spec.containers?.forEach((container, i) => {
    const limits = container.resources?.limits ?? {};
    for (const name in limits) {
      const text = resources.limits?.[name];
      if (text === undefined) continue;
      const limit = Quantity.parse(limits[name] as string);
      const own = Quantity.parse(text);
      if (limit.compare(own) > 0) {
        const detail = `must be less than or equal to pod limits of ${own.toString()}`;
        errors.invalid(`${at}.containers[${i}][${name}].limits`, limit.toString(), detail);
      }
    }
  });
}

function validateNames(spec: PodSpec, at: string, errors: FieldErrors): void {
  const { serviceAccountName = '', nodeName = '', activeDeadlineSeconds: deadline, hostname = '', subdomain = '' } = spec;
  if (serviceAccountName !== '') {
    errors.invalidEach(`${at}.serviceAccountName`, serviceAccountName, isDns1123Subdomain(serviceAccountName));
  }
  if (nodeName !== '') errors.invalidEach(`${at}.nodeName`, nodeName, isDns1123Subdomain(nodeName));
  if (deadline !== undefined && (deadline < 1 || deadline > 2147483647)) {
    errors.invalid(`${at}.activeDeadlineSeconds`, deadline, rangeText(1, 2147483647));
  }
  if (hostname !== '') errors.invalidEach(`${at}.hostname`, hostname, isDns1123Label(hostname));
  if (subdomain !== '') errors.invalidEach(`${at}.subdomain`, subdomain, isDns1123Label(subdomain));
  const { hostnameOverride } = spec;
  if (hostnameOverride === undefined) return;
  const path = `${at}.hostnameOverride`;
  if (spec.hostNetwork) errors.forbidden(path, 'may not be set when `hostNetwork` is true');
  if (spec.setHostnameAsFQDN) errors.forbidden(path, 'may not be set when `setHostnameAsFQDN` is true');
  if (hostnameOverride.length > HOSTNAME_OVERRIDE_MAX) errors.tooLong(path, HOSTNAME_OVERRIDE_MAX);
  errors.invalidEach(path, hostnameOverride, isDns1123Subdomain(hostnameOverride));
}

/** The rest: tolerations, aliases, classes, policies and overhead. */
function validateClasses(spec: PodSpec, at: string, errors: FieldErrors): void {
  validateTolerations(spec.tolerations, `${at}.tolerations`, errors);
  spec.hostAliases?.forEach(({ ip = '', hostnames = [] }, i) => {
    validateIp(ip, `${at}.hostAliases[${i}].ip`, errors);
    hostnames.forEach((name, j) => {
      errors.invalidEach(`${at}.hostAliases[${i}].hostnames[${j}]`, name, isDns1123Subdomain(name));
    });
  });
  const { priorityClassName = '', runtimeClassName, preemptionPolicy, overhead } = spec;
  if (priorityClassName !== '') errors.invalidEach(`${at}.priorityClassName`, priorityClassName, isDns1123Subdomain(priorityClassName));
  if (runtimeClassName !== undefined) errors.invalidEach(`${at}.runtimeClassName`, runtimeClassName, isDns1123Subdomain(runtimeClassName));
  if (preemptionPolicy === '') errors.required(`${at}.preemptionPolicy`);
  else if (preemptionPolicy !== undefined) errors.oneOf(`${at}.preemptionPolicy`, preemptionPolicy, ['PreemptLowerPriority', 'Never']);
  if (overhead !== undefined) validateResourceRequirements({ limits: overhead }, `${at}.overhead`, errors, { claimNames: [] });
  validateOs(spec, at, errors);
}

/** A pod spec, of a pod or of a template; causes come in upstream's order. */
export function validatePodSpec(spec: PodSpec, pod: PodContext, at: string, errors: FieldErrors): void {
  if (spec.terminationGracePeriodSeconds === undefined) errors.required(`${at}.terminationGracePeriodSeconds`);
  const volumes = validateVolumes(spec.volumes, pod, `${at}.volumes`, errors);
  const claimNames = validateResourceClaims(spec, `${at}.resourceClaims`, errors);
  const context: ContainerContext = { ...pod, spec, volumes, claimNames, hostUsers: spec.hostUsers !== false };
  validateContainers(context, `${at}.containers`, errors);
  validateInitContainers(context, `${at}.initContainers`, errors);
  validateEphemeralContainers(context, `${at}.ephemeralContainers`, errors);
  validatePodResources(spec, claimNames, `${at}.resources`, errors);
  validateHostNetworkPorts(spec, pod.isPod, at, errors);
  const { restartPolicy = '', dnsPolicy = '' } = spec;
  if (restartPolicy === '') errors.required(`${at}.restartPolicy`);
  else errors.oneOf(`${at}.restartPolicy`, restartPolicy, ['Always', 'OnFailure', 'Never']);
  if (dnsPolicy === '') errors.required(`${at}.dnsPolicy`);
  else errors.oneOf(`${at}.dnsPolicy`, dnsPolicy, DNS_POLICIES);
  validateLabels(spec.nodeSelector, `${at}.nodeSelector`, errors);
  validatePodSecurityContext(spec, `${at}.securityContext`, errors);
  validateAffinity(spec.affinity, `${at}.affinity`, errors);
  validateDns(dnsPolicy, spec.dnsConfig, `${at}.dnsConfig`, errors);
  validateGates(spec, at, errors);
  validateTopologySpread(spec.topologySpreadConstraints, `${at}.topologySpreadConstraints`, errors);
  validateHostProcess(spec, at, errors);
  validateHostUsers(spec, at, errors);
  validateNames(spec, at, errors);
  validateClasses(spec, at, errors);
}

/** What only a pod's own spec must keep to. */
export function validatePodOnly(spec: PodSpec, at: string, errors: FieldErrors): void {
  if ((spec.serviceAccountName ?? '') === '') {
    spec.volumes?.forEach((volume, i) => {
      const sources = (volume['projected'] as { sources?: { serviceAccountToken?: object }[] } | undefined)?.sources;
      sources?.forEach((source, j) => {
        if (source.serviceAccountToken === undefined) return;
        const path = `${at}.volumes[${i}].projected.sources[${j}].serviceAccountToken`;
        errors.forbidden(path, 'must not be specified when serviceAccountName is not set');
      });
    });
  }
  for (const list of ['containers', 'initContainers'] as const) {
    spec[list]?.forEach((container, i) => {
      validateImagePadding(container, `${at}.${list}[${i}]`, errors);
    });
  }
}
