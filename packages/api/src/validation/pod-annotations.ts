import type { FieldErrors } from './field-errors.js';
import { validateLocalPath } from './file-paths.js';
import { eachContainer } from './pod-os.js';
import type { PodSpec, SeccompProfile } from './pod-types.js';

type Annotations = Record<string, string> | undefined;

export const MIRROR_POD = 'kubernetes.io/config.mirror';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
/** Followed by a container's name. */
export const APPARMOR_CONTAINER = 'container.apparmor.security.beta.kubernetes.io/';
/** Marks containers of new pods whose annotation deserves a warning; no part of what is stored. */
export const APPARMOR_FROM_ANNOTATION: unique symbol = Symbol('AppArmor profile from annotation');

function validateSeccompName(profile: string, at: string, errors: FieldErrors): void {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return;
  if (profile.startsWith('localhost/')) validateLocalPath(profile.slice('localhost/'.length), at, errors);
  else errors.invalid(at, profile, 'must be a valid seccomp profile');
}

/** Annotations of pods that mean something to the server. */
export function validatePodAnnotations(annotations: Annotations, spec: PodSpec, at: string, errors: FieldErrors): void {
  if (annotations === undefined) return;
  const mirror = annotations[MIRROR_POD];
  if (mirror !== undefined && (spec.nodeName ?? '') === '') {
    errors.invalid(`${at}[${MIRROR_POD}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set');
  }
  const cost = annotations[DELETION_COST];
  if (cost !== undefined && (!/^(0|-?[1-9]\d{0,9})$/.test(cost) || Math.abs(Number(cost)) > 2147483647)) {
    errors.invalid(`${at}[${DELETION_COST}]`, cost, 'must be a 32bit integer');
  }
  for (const key in annotations) {
    const value = annotations[key] as string;
    if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER)) validateSeccompName(value, `${at}.${key}`, errors);
    if (!key.startsWith(APPARMOR_CONTAINER)) continue;
    const name = key.slice(APPARMOR_CONTAINER.length);
    let found = false;
    eachContainer(spec, '', (container) => {
      found ||= container.name === name;
    });
    if (!found) errors.invalid(`${at}[${key}]`, name, 'container not found');
    if (value !== '' && value !== 'runtime/default' && value !== 'unconfined' && !value.startsWith('localhost/')) {
      errors.invalid(`${at}[${key}]`, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`);
    }
  }
}

function matchProfile(
  annotation: string | undefined,
  profile: SeccompProfile | undefined,
  name: string,
  at: string,
  errors: FieldErrors,
): void {
  if (annotation === undefined || profile === undefined) return;
  const type = { Unconfined: ['unconfined'], RuntimeDefault: ['runtime/default', ...(name === 'seccomp' ? ['docker/default'] : [])] }[
    profile.type as 'Unconfined' | 'RuntimeDefault'
  ];
  const wrongType = `${name} type in annotation and field must match`;
  if (type !== undefined) {
    if (!type.includes(annotation)) errors.forbidden(`${at}.type`, wrongType);
  } else if (profile.type === 'Localhost') {
    if (!annotation.startsWith('localhost/')) errors.forbidden(`${at}.type`, wrongType);
    else if (annotation.slice('localhost/'.length) !== profile.localhostProfile) {
      errors.forbidden(`${at}.localhostProfile`, `${name} profile in annotation and field must match`);
    }
  }
}

/** Profiles given both by annotation and by field must agree. */
export function validateProfileAnnotations(annotations: Annotations, spec: PodSpec, at: string, errors: FieldErrors): void {
  if (annotations === undefined) return;
  const ofPod = spec.securityContext;
  matchProfile(annotations[SECCOMP_POD], ofPod?.seccompProfile, 'seccomp', `${at}.securityContext.seccompProfile`, errors);
  eachContainer(spec, at, ({ name = '', securityContext }, path) => {
    const where = `${path}.securityContext.seccompProfile`;
    matchProfile(annotations[`${SECCOMP_CONTAINER}${name}`], securityContext?.seccompProfile, 'seccomp', where, errors);
  });
  if (spec.os?.name === 'windows') return;
  eachContainer(spec, at, ({ name = '', securityContext }, path) => {
    const profile = securityContext?.appArmorProfile ?? ofPod?.appArmorProfile;
    const where = `${path}.securityContext.appArmorProfile`;
    matchProfile(annotations[`${APPARMOR_CONTAINER}${name}`], profile, 'apparmor', where, errors);
  });
}

/** Annotations of a pod that may not change. */
export function validatePodAnnotationChanges(now: Annotations, before: Annotations, at: string, errors: FieldErrors): void {
  const fixed = (key: string): string => {
    if (key.startsWith(APPARMOR_CONTAINER)) return 'AppArmor annotations';
    return key === MIRROR_POD ? 'mirror pod annotation' : '';
  };
  for (const key in before) {
    if (now?.[key] === before[key]) continue;
    const what = fixed(key);
    if (what !== '') errors.forbidden(`${at}[${key}]`, `may not remove or update ${what}`);
  }
  for (const key in now) {
    if (before?.[key] !== undefined) continue;
    const what = fixed(key);
    if (what !== '') errors.forbidden(`${at}[${key}]`, `may not add ${what}`);
  }
}
