import type { FieldErrors } from './field-errors.js';
import { validateLocalPath } from './file-paths.js';
import { internalForm } from './internal-form.js';
import { isDns1123Subdomain, isUnixId } from './names.js';
import type { PodSecurityContext, PodSpec, SeccompProfile, SecurityContext, WindowsOptions } from './pod-types.js';

const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const SYSCTL = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const SYSCTL_TEXT =
  'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';
/** The longest path that the kernel takes, without its final NUL. */
const APPARMOR_PROFILE_BYTES_MAX = 4095;
const GMSA_SPEC_BYTES_MAX = 64 * 1024;
const WINDOWS_DOMAIN_MAX = 256;
const WINDOWS_USER_MAX = 104;

function validateSeccomp(profile: SeccompProfile | undefined, at: string, errors: FieldErrors): void {
  if (profile === undefined) return;
  const { type = '', localhostProfile } = profile;
  if (type === '') errors.required(`${at}.type`, 'type is required when seccompProfile is set');
  else errors.oneOf(`${at}.type`, type, PROFILE_TYPES);
  if (type === 'Localhost') {
    if (localhostProfile === undefined) errors.required(`${at}.localhostProfile`, 'must be set when seccomp type is Localhost');
    else validateLocalPath(localhostProfile, `${at}.localhostProfile`, errors);
  } else if (localhostProfile !== undefined) {
    errors.invalid(`${at}.localhostProfile`, internalForm('SeccompProfile', profile), 'can only be set when seccomp type is Localhost');
  }
}

function validateAppArmor(profile: SeccompProfile | undefined, at: string, errors: FieldErrors): void {
  if (profile === undefined) return;
  const { type = '', localhostProfile } = profile;
  const path = `${at}.localhostProfile`;
  if (type === 'Localhost') {
    if (localhostProfile === undefined) errors.required(path, 'must be set when AppArmor type is Localhost');
    else {
      if (localhostProfile.trim() !== localhostProfile) errors.invalid(path, localhostProfile, 'must not be padded with whitespace');
      else if (localhostProfile === '') errors.required(path, 'must be set when AppArmor type is Localhost');
      if (Buffer.byteLength(localhostProfile) > APPARMOR_PROFILE_BYTES_MAX) errors.tooLong(path, APPARMOR_PROFILE_BYTES_MAX);
    }
  } else if (type === '') errors.required(`${at}.type`, 'type is required when appArmorProfile is set');
  else if (!PROFILE_TYPES.includes(type)) errors.notSupported(`${at}.type`, type, PROFILE_TYPES);
  else if (localhostProfile !== undefined) errors.invalid(path, localhostProfile, 'can only be set when AppArmor type is Localhost');
}

function validateWindowsUser(name: string, at: string, errors: FieldErrors): void {
  const fail = (detail: string): void => errors.invalid(at, name, detail);
  if (name === '') {
    fail('runAsUserName cannot be an empty string');
    return;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[\x00-\x1f\x7f]/.test(name)) {
    fail('runAsUserName cannot contain control characters');
    return;
  }
  const parts = name.split('\\');
  if (parts.length > 2) {
    fail('runAsUserName cannot contain more than one backslash');
    return;
  }
  const user = parts[parts.length - 1] as string;
  const domain = parts.length === 2 ? (parts[0] as string) : '';
  if (domain.length >= WINDOWS_DOMAIN_MAX) fail(`runAsUserName's Domain length must be under ${WINDOWS_DOMAIN_MAX} characters`);
  const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
  const dns = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
  if (parts.length === 2 && !netBios.test(domain) && !dns.test(domain)) {
    fail("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  }
  if (user === '') fail("runAsUserName's User cannot be empty");
  else if (user.length > WINDOWS_USER_MAX) fail(`runAsUserName's User length must not be longer than ${WINDOWS_USER_MAX} characters`);
  if (/^[. ]+$/.test(user)) fail("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) fail('runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]');
}

function validateWindowsOptions(options: WindowsOptions | undefined, at: string, errors: FieldErrors): void {
  if (options === undefined) return;
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  if (name !== undefined) errors.invalidEach(`${at}.gmsaCredentialSpecName`, name, isDns1123Subdomain(name));
  if (spec === '') errors.invalid(`${at}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec cannot be an empty string');
  else if (spec !== undefined && Buffer.byteLength(spec) > GMSA_SPEC_BYTES_MAX) {
    errors.invalid(`${at}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec size must be under 64 KiB');
  }
  if (user !== undefined) validateWindowsUser(user, `${at}.runAsUserName`, errors);
}

function validateIds(context: { runAsUser?: number; runAsGroup?: number }, at: string, errors: FieldErrors): void {
  const { runAsUser, runAsGroup } = context;
  if (runAsUser !== undefined) errors.invalidEach(`${at}.runAsUser`, runAsUser, isUnixId(runAsUser));
  if (runAsGroup !== undefined) errors.invalidEach(`${at}.runAsGroup`, runAsGroup, isUnixId(runAsGroup));
}

/** The security context of one container. */
export function validateSecurityContext(context: SecurityContext | undefined, hostUsers: boolean, at: string, errors: FieldErrors): void {
  if (context === undefined) return;
  validateIds(context, at, errors);
  const { procMount, privileged, allowPrivilegeEscalation, capabilities } = context;
  if (procMount !== undefined) {
    errors.oneOf(`${at}.procMount`, procMount, ['Default', 'Unmasked']);
    if (hostUsers && procMount === 'Unmasked') {
      errors.invalid(`${at}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`');
    }
  }
  validateSeccomp(context.seccompProfile, `${at}.seccompProfile`, errors);
  if (allowPrivilegeEscalation === false) {
    const refuse = (detail: string): void => errors.invalid(at, internalForm('SecurityContext', context), detail);
    if (privileged) refuse('cannot set `allowPrivilegeEscalation` to false and `privileged` to true');
    if (capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      refuse('cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN');
    }
  }
  validateWindowsOptions(context.windowsOptions, `${at}.windowsOptions`, errors);
  validateAppArmor(context.appArmorProfile, `${at}.appArmorProfile`, errors);
}

function validateSysctls(context: PodSecurityContext, spec: PodSpec, at: string, errors: FieldErrors): void {
  const seen = new Set<string>();
  context.sysctls?.forEach(({ name = '' }, i) => {
    const path = `${at}[${i}].name`;
    if (name === '') errors.required(path);
    else if (name.length > 253 || !SYSCTL.test(name)) errors.invalid(path, name, SYSCTL_TEXT);
    else if (seen.has(name)) errors.duplicate(path, name);
    seen.add(name);
    const dotted = name.replaceAll('/', '.');
    if (spec.hostNetwork && dotted.startsWith('net.')) errors.invalid(path, name, "may not be specified when 'hostNetwork' is true");
    else if (spec.hostIPC && (/^kernel\.(shm|msg|sem)/.test(dotted) || dotted.startsWith('fs.mqueue.'))) {
      errors.invalid(path, name, "may not be specified when 'hostIPC' is true");
    }
  });
}

/** The security context of a pod. */
export function validatePodSecurityContext(spec: PodSpec, at: string, errors: FieldErrors): void {
  const context = spec.securityContext;
  if (context === undefined) return;
  if (context.fsGroup !== undefined) errors.invalidEach(`${at}.fsGroup`, context.fsGroup, isUnixId(context.fsGroup));
  validateIds(context, at, errors);
  context.supplementalGroups?.forEach((group, i) => {
    errors.invalidEach(`${at}.supplementalGroups[${i}]`, group, isUnixId(group));
  });
  if (spec.shareProcessNamespace && spec.hostPID) {
    errors.invalid(`${at}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled');
  }
  validateSysctls(context, spec, `${at}.sysctls`, errors);
  const { fsGroupChangePolicy, supplementalGroupsPolicy, seLinuxChangePolicy } = context;
  if (fsGroupChangePolicy !== undefined) errors.oneOf(`${at}.fsGroupChangePolicy`, fsGroupChangePolicy, ['Always', 'OnRootMismatch']);
  validateSeccomp(context.seccompProfile, `${at}.seccompProfile`, errors);
  validateWindowsOptions(context.windowsOptions, `${at}.windowsOptions`, errors);
  validateAppArmor(context.appArmorProfile, `${at}.appArmorProfile`, errors);
  if (supplementalGroupsPolicy !== undefined) {
    errors.oneOf(`${at}.supplementalGroupsPolicy`, supplementalGroupsPolicy, ['Merge', 'Strict']);
  }
  if (seLinuxChangePolicy !== undefined) errors.oneOf(`${at}.seLinuxChangePolicy`, seLinuxChangePolicy, ['MountOption', 'Recursive']);
}
