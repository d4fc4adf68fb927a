import type { KubeObject } from '@k/apimachinery';
import type { FieldErrors } from './field-errors.js';
import { isDualStack, parseIp, validateIp } from './ip-address.js';
import { isDns1123Subdomain, isQualifiedName } from './names.js';
import { validatePodAnnotationChanges } from './pod-annotations.js';
import type { PodSpec } from './pod-types.js';

interface ContainerStatus {
  name?: string;
  state?: { terminated?: { exitCode?: number } };
}

interface PodStatus {
  conditions?: { type?: string }[];
  nominatedNodeName?: string;
  qosClass?: string;
  hostIP?: string;
  podIPs?: { ip?: string }[];
  hostIPs?: { ip?: string }[];
  containerStatuses?: ContainerStatus[];
  initContainerStatuses?: ContainerStatus[];
  ephemeralContainerStatuses?: ContainerStatus[];
}

const SYSTEM_CONDITIONS = new Set(['PodScheduled', 'Ready', 'Initialized']);

/** A container that ended for good does not run again. */
function validateTransitions(
  now: ContainerStatus[] = [],
  before: ContainerStatus[] = [],
  restartable: (status: ContainerStatus) => boolean,
  at: string,
  errors: FieldErrors,
): void {
  before.forEach((old, i) => {
    if (old.state?.terminated === undefined || restartable(old)) return;
    for (const status of now) {
      if (status.name === old.name && status.state?.terminated === undefined) {
        errors.forbidden(`${at}[${i}].state`, 'may not be transitioned to non-terminated state');
      }
    }
  });
}

function validateAddresses(list: { ip?: string }[] = [], at: string, errors: FieldErrors): void {
  const seen = new Set<string>();
  list.forEach(({ ip = '' }, i) => {
    validateIp(ip, `${at}[${i}]`, errors);
  });
  if (list.length < 2) return;
  if (list.length > 2 || !isDualStack(list.map(({ ip = '' }) => parseIp(ip)?.family))) {
    const shown = list.map(({ ip = '' }) => ({ IP: ip }));
    errors.invalid(at, shown, 'may specify no more than one IP for each IP family');
  }
  list.forEach(({ ip = '' }, i) => {
    if (seen.has(ip)) errors.duplicate(`${at}[${i}]`, { IP: ip });
    seen.add(ip);
  });
}

/** A change of a pod's status. */
export function validatePodStatus(pod: KubeObject, old: KubeObject, errors: FieldErrors): void {
  validatePodAnnotationChanges(pod.metadata?.annotations, old.metadata?.annotations, 'metadata.annotations', errors);
  const status = (pod['status'] as PodStatus | undefined) ?? {};
  const before = (old['status'] as PodStatus | undefined) ?? {};
  const spec = (old['spec'] as PodSpec | undefined) ?? {};
  status.conditions?.forEach(({ type = '' }, i) => {
    if (!SYSTEM_CONDITIONS.has(type)) errors.invalidEach(`metadata.conditions[${i}].Type`, type, isQualifiedName(type));
  });
  const nominated = status.nominatedNodeName ?? '';
  if (nominated !== '' && nominated !== before.nominatedNodeName) {
    errors.invalidEach('status.nominatedNodeName', nominated, isDns1123Subdomain(nominated));
  }
  errors.immutable('status.qosClass', status.qosClass ?? '', before.qosClass ?? '');
  const policy = spec.restartPolicy;
  const byPolicy = (container: ContainerStatus): boolean =>
    policy === 'Always' || (policy === 'OnFailure' && container.state?.terminated?.exitCode !== 0);
  const sidecars = new Set((spec.initContainers ?? []).filter((init) => init.restartPolicy === 'Always').map((init) => init.name));
  validateTransitions(status.containerStatuses, before.containerStatuses, byPolicy, 'status.containerStatuses', errors);
  validateTransitions(
    status.initContainerStatuses,
    before.initContainerStatuses,
    (container) => byPolicy(container) || sidecars.has(container.name),
    'status.initContainerStatuses',
    errors,
  );
  const never = (): boolean => false;
  const ephemeral = 'status.ephemeralContainerStatuses';
  validateTransitions(status.ephemeralContainerStatuses, before.ephemeralContainerStatuses, never, ephemeral, errors);
  validateAddresses(status.podIPs, 'status.podIPs', errors);
  const first = status.hostIPs?.[0];
  if (first !== undefined && first.ip !== status.hostIP) {
    errors.invalid('status.hostIPs[0].ip', first.ip ?? '', 'must be equal to `hostIP`');
  }
  validateAddresses(status.hostIPs, 'status.hostIPs', errors);
}
