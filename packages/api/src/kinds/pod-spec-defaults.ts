/** Defaults of pod specs that depend on other fields or that the schema does not carry. */
import type { Container, Handler, PodSpec, Probe } from '../validation/pod-types.js';
import type { ResourceList, ResourceRequirements } from '../validation/resources.js';
import { defaultPullPolicy } from './image-reference.js';
import { podRequests } from './pod-requests.js';
import { volumeDefaults } from './volume-defaults.js';

const GRACE_SECONDS = 30;

/** Fills the spec of a pod or of a template in place. */
export function podSpecDefaults(spec: PodSpec | undefined): void {
  if (spec === undefined) return;
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.terminationGracePeriodSeconds ??= GRACE_SECONDS;
  spec.schedulerName ||= 'default-scheduler';
  spec.securityContext ??= {};
  // `serviceAccount` is the old name of `serviceAccountName`; both are shown.
  const account = spec.serviceAccountName || spec.serviceAccount;
  if (account) {
    spec.serviceAccountName = account;
    spec.serviceAccount = account;
  }
  for (const list of [spec.containers, spec.initContainers, spec.ephemeralContainers]) {
    if (list !== undefined) for (const container of list) containerDefaults(container);
  }
  if (spec.volumes !== undefined) for (const volume of spec.volumes) volumeDefaults(volume);
}

/** Fills the spec of a pod in place: what templates get, and what only pods do. */
export function podDefaults(spec: PodSpec): void {
  podSpecDefaults(spec);
  for (const list of [spec.containers, spec.initContainers]) {
    if (list !== undefined) for (const container of list) requestsFromLimits(container.resources);
  }
  if (spec.resources !== undefined) podResourceDefaults(spec, spec.resources);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork !== true) return;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    for (const port of container.ports ?? []) if (!port.hostPort && port.containerPort !== undefined) port.hostPort = port.containerPort;
  }
}

function containerDefaults(container: Container): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? '');
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.resources ??= {};
  if (container.ports !== undefined) for (const port of container.ports) port.protocol ||= 'TCP';
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef !== undefined) valueFrom.fieldRef.apiVersion ||= 'v1';
    if (valueFrom?.resourceFieldRef !== undefined) valueFrom.resourceFieldRef.divisor ??= '0';
  }
  probeDefaults(container.livenessProbe);
  probeDefaults(container.readinessProbe);
  probeDefaults(container.startupProbe);
  handlerDefaults(container.lifecycle?.postStart);
  handlerDefaults(container.lifecycle?.preStop);
}

/** Limits without requests count as requests. */
function requestsFromLimits(resources: ResourceRequirements | undefined): void {
  if (resources?.limits === undefined) return;
  const requests: ResourceList = { ...resources.requests };
  for (const name in resources.limits) requests[name] ??= resources.limits[name] as string;
  if (Object.keys(requests).length > 0) resources.requests = requests;
}

/** Resources of the pod as a whole: requests come from the containers, else from the limits. */
function podResourceDefaults(spec: PodSpec, resources: ResourceRequirements): void {
  const limits: ResourceList = { ...resources.limits };
  for (const [name, total] of Object.entries(podRequests(spec, 'limits'))) {
    if (name.startsWith('hugepages-') && limits[name] === undefined) limits[name] = total;
  }
  if (Object.keys(limits).length === 0) return;
  resources.limits = limits;
  const requests: ResourceList = { ...resources.requests };
  const known = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
  for (const source of [podRequests(spec, 'requests'), limits]) {
    for (const name in source) if (known(name)) requests[name] ??= source[name] as string;
  }
  if (Object.keys(requests).length > 0) resources.requests = requests;
}

function probeDefaults(probe: Probe | undefined): void {
  if (probe === undefined) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  handlerDefaults(probe);
  if (probe.grpc !== undefined) probe.grpc.service ??= '';
}

function handlerDefaults(handler: Handler | undefined): void {
  if (handler?.httpGet === undefined) return;
  handler.httpGet.path ||= '/';
  handler.httpGet.scheme ||= 'HTTP';
}
