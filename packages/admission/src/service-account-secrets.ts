/** Accounts that list the secrets their pods may use. */
import type { KubeObject } from '@k/apimachinery';
import type { PodContainer, PodSpec } from './pod-fields.js';

/** A ServiceAccount. */
export interface ServiceAccount extends KubeObject {
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: { name?: string }[];
  secrets?: { name?: string }[];
}

/**
 * The first secret of a pod that its account does not list, as a message; null when there is none.
 *
 * @param ephemeralOnly - Look at ephemeral containers instead of everything else.
 */
export function foreignSecret(spec: PodSpec, account: ServiceAccount, ephemeralOnly: boolean): string | null {
  const name = account.metadata?.name ?? '';
  const own = new Set((account.secrets ?? []).map((secret) => secret.name));
  const ofContainer = (container: PodContainer, kind: string): string | null => {
    for (const env of container.env ?? []) {
      const secret = env.valueFrom?.secretKeyRef?.name;
      if (secret !== undefined && !own.has(secret)) {
        return `${kind} ${container.name} with envVar ${env.name} referencing secret.secretName="${secret}" is not allowed because service account ${name} does not reference that secret`;
      }
    }
    for (const { secretRef } of container.envFrom ?? []) {
      if (secretRef?.name !== undefined && !own.has(secretRef.name)) {
        return `${kind} ${container.name} with envFrom referencing secret.secretName="${secretRef.name}" is not allowed because service account ${name} does not reference that secret`;
      }
    }
    return null;
  };
  const first = (containers: PodContainer[] | undefined, kind: string): string | null => {
    for (const container of containers ?? []) {
      const fault = ofContainer(container, kind);
      if (fault !== null) return fault;
    }
    return null;
  };
  if (ephemeralOnly) return first(spec.ephemeralContainers, 'ephemeral container');
  for (const volume of spec.volumes ?? []) {
    const secret = (volume['secret'] as { secretName?: string } | undefined)?.secretName;
    if (secret !== undefined && !own.has(secret)) {
      return `volume with secret.secretName="${secret}" is not allowed because service account ${name} does not reference that secret`;
    }
  }
  const fault = first(spec.initContainers, 'init container') ?? first(spec.containers, 'container');
  if (fault !== null) return fault;
  const pull = new Set((account.imagePullSecrets ?? []).map((secret) => secret.name));
  const i = (spec.imagePullSecrets ?? []).findIndex((secret) => !pull.has(secret.name));
  return i < 0
    ? null
    : `imagePullSecrets[${i}].name="${spec.imagePullSecrets?.[i]?.name ?? ''}" is not allowed because service account ${name} does not reference that imagePullSecret`;
}
