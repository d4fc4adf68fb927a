/** EventRateLimit: holds back clients that flood the server with events. */
import { type KubeObject, newStatusError } from '@k/apimachinery';
import { ConfigurationReader } from '../configuration-reader.js';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest } from '../interface.js';
import { isWrite } from '../request-match.js';
import { TokenBucket } from '../token-bucket.js';

type LimitType = 'Server' | 'Namespace' | 'User' | 'SourceAndObject';

/** One limit; each key of its type has a bucket of its own. */
export interface EventLimit {
  type: LimitType;
  /** Events per second. */
  qps: number;
  /** Events at once. */
  burst: number;
  /** Keys remembered; the one not used for longest goes first. */
  cacheSize: number;
}

interface EventFields extends KubeObject {
  source?: { component?: string; host?: string };
  involvedObject?: { kind?: string; namespace?: string; name?: string; uid?: string; apiVersion?: string };
}

const CACHE_SIZE = 4096;

const KEYS: Readonly<Record<LimitType, (request: AdmissionRequest) => string>> = {
  Server: () => '',
  Namespace: ({ namespace }) => namespace,
  User: ({ user }) => user.username,
  SourceAndObject: ({ object }) => {
    const { source, involvedObject } = (object ?? {}) as EventFields;
    const { kind, namespace, name, uid, apiVersion } = involvedObject ?? {};
    return [source?.component, source?.host, kind, namespace, name, uid, apiVersion].map((part) => part ?? '').join('');
  },
};

/** @throws {RangeError} naming the field and the value that is wrong. */
export function parseEventRateLimitConfiguration(configuration: unknown): EventLimit[] {
  const reader = new ConfigurationReader('EventRateLimit', configuration);
  reader.expectKind([['eventratelimit.admission.k8s.io/v1alpha1', 'Configuration']]);
  reader.expectFields(['apiVersion', 'kind', 'limits']);
  const limits = reader.list('limits');
  if (limits.length === 0) throw new RangeError('EventRateLimit.limits: must not be empty');
  return limits.map((entry) => {
    entry.expectFields(['type', 'qps', 'burst', 'cacheSize']);
    const type = entry.string('type');
    if (!Object.hasOwn(KEYS, type)) throw entry.wrong('type', type, `is not one of ${Object.keys(KEYS).join(', ')}`);
    const [qps, burst, cacheSize] = [entry.integer('qps'), entry.integer('burst'), entry.integer('cacheSize')];
    if (burst <= 0) throw entry.wrong('burst', burst, 'must be positive');
    if (qps <= 0) throw entry.wrong('qps', qps, 'must be positive');
    if (cacheSize < 0) throw entry.wrong('cacheSize', cacheSize, 'must not be negative');
    return { type: type as LimitType, qps, burst, cacheSize: cacheSize === 0 ? CACHE_SIZE : cacheSize };
  });
}

/** Takes an event from the bucket of its key; answers with the text of a refusal. */
function enforcer({ type, qps, burst, cacheSize }: EventLimit, now: () => number): (request: AdmissionRequest) => string | null {
  const buckets = new Map<string, TokenBucket>();
  return (request) => {
    const key = KEYS[type](request);
    const bucket = buckets.get(key) ?? new TokenBucket({ perSecond: qps, burst, now });
    buckets.delete(key);
    buckets.set(key, bucket);
    if (buckets.size > cacheSize) buckets.delete(buckets.keys().next().value as string);
    return bucket.take() ? null : `limit reached on type ${type} for key ${key}`;
  };
}

/** The EventRateLimit controller. */
export function eventRateLimit({ now = Date.now }: AdmissionDependencies, limits: readonly EventLimit[]): AdmissionController {
  const enforcers = limits.map((limit) => enforcer(limit, now));
  return {
    name: 'EventRateLimit',
    supportsOperation: isWrite,
    validate(request) {
      const { kind, dryRun } = request;
      if (kind.group !== '' || kind.kind !== 'Event' || dryRun) return undefined;
      // Every limit is charged, also when another one refuses.
      const faults = [...new Set(enforcers.flatMap((take) => take(request) ?? []))];
      if (faults.length === 0) return undefined;
      const text = faults.length === 1 ? (faults[0] as string) : `[${faults.join(', ')}]`;
      throw newStatusError(429, 'TooManyRequests', `Too many requests: ${text}`);
    },
  };
}
