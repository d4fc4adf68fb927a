/** Gives pods their service account, its token volume and its pull secrets. */
import { randomInt } from 'node:crypto';
import { newStatusError } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest, AdmissionResponse } from '../interface.js';
import { type PodSpec, podSpec } from '../pod-fields.js';
import { projectsServiceAccountToken, refersToSecrets } from '../pod-references.js';
import { isPod } from '../request-match.js';
import { deny } from '../response.js';
import { foreignSecret, type ServiceAccount } from '../service-account-secrets.js';

const MIRROR = 'kubernetes.io/config.mirror';
const ENFORCE_SECRETS = 'kubernetes.io/enforce-mountable-secrets';
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const TOKEN_SECONDS = 3607;
/** The account of a new namespace may still be on its way. */
const DEFAULT_TRIES = 10;

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

/** Pods that a kubelet mirrors from files bring nothing of the API with them. */
function checkMirror(spec: PodSpec): AdmissionResponse | undefined {
  if ((spec.serviceAccountName ?? '') !== '') return deny('a mirror pod may not reference service accounts');
  if (refersToSecrets(spec)) return deny('a mirror pod may not reference secrets');
  return projectsServiceAccountToken(spec) ? deny('a mirror pod may not use ServiceAccountToken volume projections') : undefined;
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
      if (fault === null) return undefined;
      // Upstream sends the faults of ephemeral containers as errors without a reason.
      if (isEphemeral) throw newStatusError(500, '', fault);
      return deny(fault);
    },
  };
}
