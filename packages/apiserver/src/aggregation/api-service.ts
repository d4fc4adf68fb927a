import type { ServicePortReference } from '@k/admission/webhooks';
import type { KubeObject } from '@k/apimachinery';

/** Where APIServices are. */
export const API_REGISTRATION = 'apiregistration.k8s.io';
/** Their resource. */
export const API_SERVICES = 'apiservices';

/** A condition of an APIService. */
export interface ApiServiceCondition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  lastTransitionTime: string;
  reason: string;
  message: string;
}

interface ApiServiceSpec {
  group?: string;
  version?: string;
  groupPriorityMinimum?: number;
  versionPriority?: number;
  service?: { name?: string; namespace?: string; port?: number };
  caBundle?: string;
  insecureSkipTLSVerify?: boolean;
}

/** A group version that another server answers for. */
export interface RemoteApiService {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  readonly service: ServicePortReference;
  /** PEM; '' = the authorities that Node knows. */
  readonly caBundle: string;
  readonly isTlsVerified: boolean;
  /** What the condition `Available` says. */
  readonly isAvailable: boolean;
  /** Changes when another server, or the same one in another way, answers. */
  readonly identity: string;
}

/** The part of an APIService that says who answers; null when that is this server itself. */
export function remoteApiService(object: KubeObject): RemoteApiService | null {
  const spec = (object['spec'] ?? {}) as ApiServiceSpec;
  if (spec.service === undefined) return null;
  const { name = '', namespace = '', port = 443 } = spec.service;
  const service = { namespace, name, port };
  const isTlsVerified = spec.insecureSkipTLSVerify !== true;
  const caBundle = Buffer.from(spec.caBundle ?? '', 'base64').toString('utf8');
  return {
    name: object.metadata?.name ?? '',
    group: spec.group ?? '',
    version: spec.version ?? '',
    groupPriority: spec.groupPriorityMinimum ?? 0,
    versionPriority: spec.versionPriority ?? 0,
    service,
    caBundle,
    isTlsVerified,
    isAvailable: availabilityOf(object)?.status === 'True',
    identity: JSON.stringify([service, caBundle, isTlsVerified]),
  };
}

/** The condition `Available`. */
export function availabilityOf(object: KubeObject): ApiServiceCondition | undefined {
  return conditionsOf(object).find(({ type }) => type === 'Available');
}

/** The APIService with a new condition `Available`; null when it has it already. The time of the last change stays where nothing changed. */
export function withAvailability(object: KubeObject, next: ApiServiceCondition): KubeObject | null {
  const now = availabilityOf(object);
  if (now?.status === next.status && now.reason === next.reason && now.message === next.message) return null;
  const condition = now?.status === next.status ? { ...next, lastTransitionTime: now.lastTransitionTime } : next;
  const conditions = conditionsOf(object);
  const place = conditions.findIndex(({ type }) => type === 'Available');
  const all = place < 0 ? [...conditions, condition] : conditions.with(place, condition);
  return { ...object, status: { ...(object['status'] as object | undefined), conditions: all } };
}

function conditionsOf(object: KubeObject): ApiServiceCondition[] {
  return ((object['status'] as { conditions?: ApiServiceCondition[] } | undefined)?.conditions ?? []) as ApiServiceCondition[];
}
