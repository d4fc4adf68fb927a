/** Gives pods their service account, its token volume and its pull secrets. */
import { randomInt } from 'node:crypto';
import type { KubeObject } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest, AdmissionResponse } from '../interface.js';
import { type PodContainer, type PodSpec, podSpec } from '../pod-fields.js';
import { isPod } from '../request-match.js';
import { deny } from '../response.js';

const MIRROR = 'kubernetes.io/config.mirror';
const ENFORCE_SECRETS = 'kubernetes.io/enforce-mountable-secrets';
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const TOKEN_SECONDS = 3607;
/** The account of a new namespace may still be on its way. */
const DEFAULT_TRIES = 10;

interface ServiceAccount extends KubeObject {
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: { name?: string }[];
  secrets?: { name?: string }[];
}

function tokenVolume(name: string): { name: string; projected: object } {
  return {
    name,
    projected: {
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
    },
  };
}

function mountToken(spec: PodSpec): void {
  const existing = spec.volumes?.find(({ name }) => name.startsWith(VOLUME_PREFIX));
  const suffix = Array.from({ length: 5 }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)]).join('');
  const name = existing?.name ?? `${VOLUME_PREFIX}${suffix}`;
  let needed = false;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    if (container.volumeMounts?.some(({ mountPath }) => mountPath === MOUNT_PATH)) continue;
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: MOUNT_PATH }];
    needed = true;
  }
  if (needed && existing === undefined) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

/** The first secret that the account does not list. */
function foreignSecret(spec: PodSpec, account: ServiceAccount, ephemeralOnly: boolean): string | null {
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

function checkMirror(spec: PodSpec): AdmissionResponse | undefined {
  if ((spec.serviceAccountName ?? '') !== '') return deny('a mirror pod may not reference service accounts');
  const usesSecret = (spec.volumes ?? []).some((volume) => volume['secret'] !== undefined);
  const envSecret = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].some(
    (container) =>
      (container.env ?? []).some(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined) ||
      (container.envFrom ?? []).some(({ secretRef }) => secretRef !== undefined),
  );
  if (usesSecret || envSecret) return deny('a mirror pod may not reference secrets');
  const projects = (spec.volumes ?? []).some((volume) =>
    ((volume['projected'] as { sources?: { serviceAccountToken?: object }[] } | undefined)?.sources ?? []).some(
      ({ serviceAccountToken }) => serviceAccountToken !== undefined,
    ),
  );
  return projects ? deny('a mirror pod may not use ServiceAccountToken volume projections') : undefined;
}

/** The ServiceAccount controller. */
export function serviceAccount({ objects }: AdmissionDependencies): AdmissionController {
  const find = async (namespace: string, name: string): Promise<ServiceAccount | undefined> => {
    const cached = objects.get('', 'serviceaccounts', namespace, name);
    if (cached !== undefined) return cached;
    for (let attempt = 0; attempt < (name === 'default' ? DEFAULT_TRIES : 1); attempt++) {
      if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 100 + randomInt(100)));
      const live = await objects.getLive('', 'serviceaccounts', namespace, name);
      if (live !== undefined) return live;
    }
    return undefined;
  };
  const isMirror = (request: AdmissionRequest): boolean => request.object?.metadata?.annotations?.[MIRROR] !== undefined;
  return {
    name: 'ServiceAccount',
    supportsOperation: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    async admit(request) {
      if (request.operation !== 'CREATE' || !isPod(request) || request.object === null) return undefined;
      const spec = podSpec(request.object);
      if (isMirror(request)) return checkMirror(spec);
      const name = (spec.serviceAccountName ||= 'default');
      spec.serviceAccount = name;
      const account = await find(request.namespace, name);
      if (account === undefined) {
        return deny(`error looking up service account ${request.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`);
      }
      if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec);
      if ((spec.imagePullSecrets?.length ?? 0) === 0 && (account.imagePullSecrets?.length ?? 0) > 0) {
        spec.imagePullSecrets = account.imagePullSecrets?.map(({ name: secret }) => ({ name: secret ?? '' })) ?? [];
      }
      return undefined;
    },
    async validate(request) {
      const isEphemeral = request.operation === 'UPDATE' && isPod(request, 'ephemeralcontainers');
      if (request.object === null || (!isEphemeral && (request.operation !== 'CREATE' || !isPod(request)))) return undefined;
      const spec = podSpec(request.object);
      if (isMirror(request)) return checkMirror(spec);
      const name = spec.serviceAccountName ?? '';
      if (name === '') return deny(`no service account specified for pod ${request.namespace}/${request.name}`);
      const account = await find(request.namespace, name);
      if (account === undefined) {
        return deny(`error looking up service account ${request.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`);
      }
      if (!['true', 'True', 'TRUE', '1', 't', 'T'].includes(account.metadata?.annotations?.[ENFORCE_SECRETS] ?? '')) return undefined;
      const fault = foreignSecret(spec, account, isEphemeral);
      return fault === null ? undefined : deny(fault);
    },
  };
}
