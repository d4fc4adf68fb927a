import type { FieldErrors } from './field-errors.js';
import type { Container, PodSpec } from './pod-types.js';

const FOR_WINDOWS = 'cannot be set for a windows pod';
const FOR_LINUX = 'windows options cannot be set for a linux pod';

/** Calls back for every container with its path. */
export function eachContainer(spec: PodSpec, at: string, visit: (container: Container, path: string) => void): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    spec[list]?.forEach((container, i) => {
      visit(container, `${at}.${list}[${i}]`);
    });
  }
}

/** Host-process containers of Windows: all or none, and only in the host's network. */
export function validateHostProcess(spec: PodSpec, at: string, errors: FieldErrors): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  let containers = 0;
  let hostProcesses = 0;
  eachContainer(spec, at, (container, path) => {
    containers++;
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && ofPod !== own) {
      const detail = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
      errors.invalid(`${path}.securityContext.windowsOptions.hostProcess`, own, detail);
    }
    if (own ?? ofPod) hostProcesses++;
  });
  if (hostProcesses === 0) return;
  if (hostProcesses !== containers) {
    errors.invalid(at, '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers');
  }
  if (!spec.hostNetwork) {
    errors.invalid(`${at}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers');
  }
}

function validateLinux(spec: PodSpec, at: string, errors: FieldErrors): void {
  if (spec.securityContext?.windowsOptions !== undefined) errors.forbidden(`${at}.securityContext.windowsOptions`, FOR_LINUX);
  eachContainer(spec, at, (container, path) => {
    if (container.securityContext?.windowsOptions !== undefined) errors.forbidden(`${path}.securityContext.windowsOptions`, FOR_LINUX);
  });
}

/** Fields of a Windows pod that must be absent: `true` in the second place means that false counts as absent. */
const POD_FIELDS: readonly (readonly [field: string, flag?: boolean])[] = [
  ['securityContext.appArmorProfile'],
  ['securityContext.seLinuxOptions'],
  ['hostUsers'],
  ['hostPID', true],
  ['hostIPC', true],
  ['securityContext.seccompProfile'],
  ['securityContext.fsGroup'],
  ['securityContext.fsGroupChangePolicy'],
  ['securityContext.sysctls', true],
  ['shareProcessNamespace'],
  ['securityContext.runAsUser'],
  ['securityContext.runAsGroup'],
  ['securityContext.supplementalGroups'],
  ['securityContext.supplementalGroupsPolicy'],
  ['securityContext.seLinuxChangePolicy'],
];

const CONTAINER_FIELDS = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const;

function validateWindows(spec: PodSpec, at: string, errors: FieldErrors): void {
  for (const [field, flag] of POD_FIELDS) {
    const [first, second] = field.split('.') as [keyof PodSpec, string | undefined];
    const holder = spec[first] as Record<string, unknown> | undefined;
    const value = second === undefined ? spec[first] : holder?.[second];
    const absent = value === undefined || (flag === true && (value === false || (Array.isArray(value) && value.length === 0)));
    if (!absent) errors.forbidden(`${at}.${field}`, FOR_WINDOWS);
  }
  eachContainer(spec, at, (container, path) => {
    for (const field of CONTAINER_FIELDS) {
      if (container.securityContext?.[field] !== undefined) errors.forbidden(`${path}.securityContext.${field}`, FOR_WINDOWS);
    }
  });
}

/** The operating system a pod says it is for, and what that rules out. */
export function validateOs(spec: PodSpec, at: string, errors: FieldErrors): void {
  if (spec.os === undefined) return;
  const { name = '' } = spec.os;
  if (name === '') errors.required(`${at}.os.name`, 'cannot be empty');
  else if (name === 'linux') validateLinux(spec, at, errors);
  else if (name === 'windows') validateWindows(spec, at, errors);
  else errors.notSupported(`${at}.os`, name, ['linux', 'windows']);
}
