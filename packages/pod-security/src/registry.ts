import type { Check } from './check.js';
import { appArmorProfile } from './checks/apparmor.js';
import { capabilitiesBaseline, capabilitiesRestricted } from './checks/capabilities.js';
import { hostNamespaces, hostPorts, hostProbesAndHostLifecycle, privileged, windowsHostProcess } from './checks/host-access.js';
import { procMount, procMountRestricted } from './checks/proc-mount.js';
import { allowPrivilegeEscalation, runAsNonRoot, runAsUser } from './checks/restricted-user.js';
import { seccompProfileBaseline, seccompProfileRestricted } from './checks/seccomp.js';
import { seLinuxOptions } from './checks/selinux.js';
import { sysctls } from './checks/sysctls.js';
import { hostPathVolumes, restrictedVolumes } from './checks/volumes.js';

/** Every check of Kubernetes 1.36, as data: add to it or leave some out, and hand the result to `createEvaluator`. */
export const DEFAULT_CHECKS: readonly Check[] = [
  appArmorProfile,
  capabilitiesBaseline,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbesAndHostLifecycle,
  privileged,
  procMount,
  seLinuxOptions,
  seccompProfileBaseline,
  sysctls,
  windowsHostProcess,
  allowPrivilegeEscalation,
  capabilitiesRestricted,
  procMountRestricted,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompProfileRestricted,
];
