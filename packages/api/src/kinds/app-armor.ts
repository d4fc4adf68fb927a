import type { KubeObject } from '@k/apimachinery';
import { deepEqual } from '../validation/field-errors.js';
import { APPARMOR_CONTAINER, APPARMOR_FROM_ANNOTATION } from '../validation/pod-annotations.js';
import type { PodSpec, SeccompProfile } from '../validation/pod-types.js';

const LOCALHOST = 'localhost/';

/** The profile that an annotation asks for; null when it asks for none that a field could hold. */
function profileOf(annotation: string): SeccompProfile | null {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  if (!annotation.startsWith(LOCALHOST)) return null;
  const localhostProfile = annotation.slice(LOCALHOST.length);
  // What the field's own rules would refuse is not copied.
  if (localhostProfile === '' || localhostProfile.trim() !== localhostProfile || localhostProfile.length > 4095) return null;
  return { type: 'Localhost', localhostProfile };
}

/**
 * Copies AppArmor profiles of a new pod's containers from the old annotations to the fields, not back. Mutates the pod
 * and marks the containers whose annotation deserves a warning, which the pod's warnings read.
 */
export function syncAppArmor(pod: KubeObject): void {
  const spec = (pod['spec'] ?? {}) as PodSpec;
  if (spec.os?.name === 'windows') return;
  const annotations = pod.metadata?.annotations ?? {};
  const ofPod = spec.securityContext?.appArmorProfile;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])]) {
    const key = APPARMOR_CONTAINER + (container.name ?? '');
    const annotation = annotations[key];
    const own = container.securityContext?.appArmorProfile;
    if (annotation !== undefined && own === undefined) {
      const profile = profileOf(annotation);
      const isNew = profile !== null && !deepEqual(profile, ofPod);
      if (isNew) container.securityContext = { ...container.securityContext, appArmorProfile: profile };
      if (profile === null || isNew) Object.defineProperty(container, APPARMOR_FROM_ANNOTATION, { value: true });
    }
  }
}
