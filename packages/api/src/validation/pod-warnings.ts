/** Advice about pods and pod templates: what is accepted and will not do what it seems to. */

import type { ClaimSpec } from './claims.js';
import { ipWarnings } from './ip-warnings.js';
import { nodeLabelAdvice, nodeTermWarnings } from './node-labels.js';
import { pathWarnings } from './path-warnings.js';
import { APPARMOR_CONTAINER, APPARMOR_FROM_ANNOTATION } from './pod-annotations.js';
import { eachContainer } from './pod-os.js';
import type { Container, ContainerPort, PodSpec, Volume } from './pod-types.js';
import type { PodAffinity } from './scheduling-types.js';
import { claimSpecWarnings, fractionWarnings } from './storage-warnings.js';

type Annotations = Readonly<Record<string, string>>;

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const NULL_SELECTOR = 'a null labelSelector results in matching no pod';

const ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};

const VOLUMES: Readonly<Record<string, string>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
};

/** Warnings about a pod (`at` is empty) or a pod template (`at` is its path). */
export function podWarnings(spec: PodSpec, annotations: Annotations, at: string): string[] {
  const out: string[] = [];
  const root = at === '' ? 'spec' : `${at}.spec`;
  const notes = at === '' ? 'metadata.annotations' : `${at}.metadata.annotations`;
  nodeLabels(spec, root, out);
  for (const [key, text] of Object.entries(ANNOTATIONS)) if (annotations[key] !== undefined) out.push(`${notes}[${key}]: ${text}`);
  spec.volumes?.forEach((volume, i) => {
    volumeWarnings(volume, `${root}.volumes[${i}]`, out);
  });
  out.push(...pathWarnings(spec.volumes ?? []));
  duplicates(spec.hostAliases, 'ip', `${root}.hostAliases`, out);
  duplicates(spec.imagePullSecrets, 'name', `${root}.imagePullSecrets`, out);
  spec.imagePullSecrets?.forEach(({ name = '' }, i) => {
    if (name === '') out.push(`${root}.imagePullSecrets[${i}].name: invalid empty name ""`);
  });
  out.push(...fractionWarnings(spec.overhead, ['memory', 'ephemeral-storage'], `${root}.overhead`));
  if (spec.securityContext?.seccompProfile === undefined && annotations[SECCOMP_POD] !== undefined) {
    out.push(`${notes}[${SECCOMP_POD}]: non-functional in v1.27+; use the "seccompProfile" field instead`);
  }
  eachContainer(spec, root, (container, path) => {
    containerWarnings(container, spec, annotations, notes, path, out);
  });
  portWarnings(spec, root, out);
  portNameWarnings(spec, root, out);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    out.push(`${root}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`);
  }
  for (const field of ['podAffinity', 'podAntiAffinity'] as const) {
    affinityWarnings(spec.affinity?.[field], `${root}.affinity.${field}`, out);
  }
  spec.dnsConfig?.nameservers?.forEach((ip, i) => {
    out.push(...ipWarnings(ip, `${root}.dnsConfig.nameservers[${i}]`));
  });
  spec.hostAliases?.forEach(({ ip = '' }, i) => {
    out.push(...ipWarnings(ip, `${root}.hostAliases[${i}].ip`));
  });
  return out;
}

function nodeLabels(spec: PodSpec, root: string, out: string[]): void {
  for (const key in spec.nodeSelector) {
    const advice = nodeLabelAdvice(key);
    if (advice !== undefined) out.push(`${root}.nodeSelector[${key}]: ${advice}`);
  }
  const { requiredDuringSchedulingIgnoredDuringExecution: needed, preferredDuringSchedulingIgnoredDuringExecution: wanted = [] } =
    spec.affinity?.nodeAffinity ?? {};
  const base = `${root}.affinity.nodeAffinity`;
  needed?.nodeSelectorTerms?.forEach((term, i) => {
    out.push(...nodeTermWarnings(term, false, `${base}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`));
  });
  wanted.forEach(({ preference = {} }, i) => {
    out.push(...nodeTermWarnings(preference, true, `${base}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`));
  });
  spec.topologySpreadConstraints?.forEach(({ topologyKey = '', labelSelector }, i) => {
    const path = `${root}.topologySpreadConstraints[${i}]`;
    const advice = nodeLabelAdvice(topologyKey);
    if (advice !== undefined) out.push(`${path}.topologyKey: ${topologyKey} is ${advice}`);
    if (labelSelector === undefined) out.push(`${path}.labelSelector: ${NULL_SELECTOR}`);
  });
}

function volumeWarnings(volume: Volume, path: string, out: string[]): void {
  for (const source in volume) {
    // The path has the name of Go's field.
    if (VOLUMES[source] !== undefined) out.push(`${path}.${source === 'storageos' ? 'storageOS' : source}: ${VOLUMES[source]}`);
    if (source !== 'ephemeral') continue;
    const claim = (volume[source] as { volumeClaimTemplate?: { spec?: ClaimSpec } } | undefined)?.volumeClaimTemplate?.spec;
    if (claim !== undefined) out.push(...claimSpecWarnings(claim, `${path}.ephemeral.volumeClaimTemplate.spec`));
  }
}

function duplicates<K extends string>(items: { [key in K]?: string }[] | undefined, field: K, path: string, out: string[]): void {
  const seen = new Set<string>();
  items?.forEach((item, i) => {
    const value = item[field] ?? '';
    if (seen.has(value)) out.push(`${path}[${i}].${field}: duplicate ${field} ${JSON.stringify(value)}`);
    seen.add(value);
  });
}

function containerWarnings(
  container: Container,
  spec: PodSpec,
  annotations: Annotations,
  notes: string,
  path: string,
  out: string[],
): void {
  const { name = '', securityContext, resources, env } = container;
  const seccomp = SECCOMP_CONTAINER + name;
  if (securityContext?.seccompProfile === undefined && annotations[seccomp] !== undefined) {
    out.push(`${notes}[${seccomp}]: non-functional in v1.27+; use the "seccompProfile" field instead`);
  }
  const appArmor = APPARMOR_CONTAINER + name;
  const hasProfile = spec.securityContext?.appArmorProfile !== undefined || securityContext?.appArmorProfile !== undefined;
  if (annotations[appArmor] !== undefined && (!hasProfile || APPARMOR_FROM_ANNOTATION in container)) {
    out.push(`${notes}[${appArmor}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
  }
  for (const resource of ['memory', 'ephemeral-storage']) {
    for (const field of ['limits', 'requests'] as const) {
      out.push(...fractionWarnings(resources?.[field], [resource], `${path}.resources.${field}`));
    }
  }
  const seen = new Set<string>();
  env?.forEach(({ name: variable = '', value = '', valueFrom }, i) => {
    const reference = `$(${variable})`;
    const hides = valueFrom !== undefined || value === reference || !value.includes(reference);
    if (seen.has(variable) && hides) {
      out.push(`${path}.env[${i}]: hides previous definition of ${JSON.stringify(variable)}, which may be dropped when using apply`);
    }
    seen.add(variable);
  });
}

function portWarnings(spec: PodSpec, root: string, out: string[]): void {
  const known = new Map<string, { path: string; port: ContainerPort }[]>();
  eachContainer(spec, root, ({ ports }, at) => {
    ports?.forEach((port, i) => {
      const path = `${at}.ports[${i}]`;
      const { name = '', hostIP = '', hostPort = 0, containerPort = 0, protocol = '' } = port;
      if (hostIP !== '' && hostPort === 0) {
        const shown = `{Name:${name} HostPort:0 ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
        out.push(`${path}: hostIP set without hostPort: ${shown}`);
      }
      const key = `${containerPort}/${protocol}`;
      const others = known.get(key) ?? [];
      for (const other of others) {
        const { hostIP: otherIp = '', hostPort: otherPort = 0 } = other.port;
        if (hostIP === otherIp && hostPort === otherPort) out.push(`${path}: duplicate port definition with ${other.path}`);
        else if (hostPort === 0 || otherPort === 0) out.push(`${path}: overlapping port definition with ${other.path}`);
        else if (hostPort === otherPort && (hostIP === '') !== (otherIp === '')) {
          out.push(`${path}: dangerously ambiguous port definition with ${other.path}`);
        }
      }
      known.set(key, [...others, { path, port }]);
    });
  });
}

/** Ports that are found by name are found in the first container that has them. */
function portNameWarnings(spec: PodSpec, root: string, out: string[]): void {
  const known = new Map<string, string>();
  eachContainer(spec, root, ({ ports }, at) => {
    ports?.forEach(({ name = '' }, i) => {
      const path = `${at}.ports[${i}]`;
      const first = known.get(name);
      if (name === '') return;
      if (first === undefined) known.set(name, path);
      else {
        out.push(
          `${path}: duplicate port name ${JSON.stringify(name)} with ${first}, services and probes that select ports by name will use ${first}`,
        );
      }
    });
  });
}

function affinityWarnings(affinity: PodAffinity | undefined, path: string, out: string[]): void {
  affinity?.requiredDuringSchedulingIgnoredDuringExecution?.forEach(({ labelSelector }, i) => {
    if (labelSelector === undefined)
      out.push(`${path}.requiredDuringSchedulingIgnoredDuringExecution[${i}].labelSelector: ${NULL_SELECTOR}`);
  });
  affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ podAffinityTerm }, i) => {
    if (podAffinityTerm?.labelSelector !== undefined) return;
    out.push(`${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm.labelSelector: ${NULL_SELECTOR}`);
  });
}
