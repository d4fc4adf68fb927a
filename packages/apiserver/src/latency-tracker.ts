/** Where the time of one request goes, for the audit events of slow ones. */
import type { ResourceStorage } from '@k/storage';
import type { ServerContext } from './server-context.js';

/** Requests that take no longer have nothing to explain. */
const SLOW_MS = 500;
const PREFIX = 'apiserver.latency.k8s.io/';

/** What is measured; upstream's names. */
export type LatencyLayer =
  | 'authentication'
  | 'authorization'
  | 'etcd'
  | 'impersonation'
  | 'mutating-webhook'
  | 'response-write'
  | 'serialize-response-object'
  | 'transform-response-object'
  | 'validating-webhook';

/** Adds up the milliseconds of one request by layer. */
export class LatencyTracker {
  readonly #ms = new Map<LatencyLayer, number>();

  add(layer: LatencyLayer, ms: number): void {
    this.#ms.set(layer, (this.#ms.get(layer) ?? 0) + ms);
  }

  /** For what happens several times at once: the longest counts. */
  atLeast(layer: LatencyLayer, ms: number): void {
    this.#ms.set(layer, Math.max(this.#ms.get(layer) ?? 0, ms));
  }

  /** Measures what is done, until its promise settles. */
  time<T>(layer: LatencyLayer, work: () => T): T {
    const started = performance.now();
    const done = (): void => this.add(layer, performance.now() - started);
    const result = work();
    if (result instanceof Promise) return result.finally(done) as T;
    done();
    return result;
  }

  /** Annotations of a request that took so many milliseconds; none when it was quick. */
  annotations(totalMs: number): [key: string, value: string][] {
    if (totalMs <= SLOW_MS) return [];
    const out: [string, string][] = [];
    for (const [layer, ms] of this.#ms) if (ms > 0) out.push([`${PREFIX}${layer}`, durationText(ms)]);
    if (out.length > 0) out.push([`${PREFIX}total`, durationText(totalMs)]);
    return out;
  }
}

/** A duration to the microsecond, as Go prints it: `45µs`, `612.345ms`, `1.234567s`, `1m2.5s`. */
export function durationText(ms: number): string {
  const micros = Math.max(1, Math.round(ms * 1000));
  if (micros < 1000) return `${micros}µs`;
  if (micros < 1_000_000) return `${micros / 1000}ms`;
  const hours = Math.floor(micros / 3_600_000_000);
  const minutes = Math.floor((micros % 3_600_000_000) / 60_000_000);
  const seconds = `${(micros % 60_000_000) / 1_000_000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

const STORE_CALLS: ReadonlySet<string | symbol> = new Set([
  'get',
  'list',
  'create',
  'update',
  'delete',
] satisfies (keyof ResourceStorage)[]);

/** Methods see the object that they belong to, not what stands before it. */
function passThrough<T extends object>(target: T, key: string | symbol): unknown {
  const value: unknown = Reflect.get(target, key);
  return typeof value === 'function' ? value.bind(target) : value;
}

/** The server as a request sees it that is measured: what its storages do counts as etcd's. */
export function withTimedStorage(server: ServerContext, latency: LatencyTracker): ServerContext {
  const timed = (storage: ResourceStorage): ResourceStorage =>
    new Proxy(storage, {
      get(target, key) {
        const value = passThrough(target, key);
        if (typeof value !== 'function' || !STORE_CALLS.has(key)) return value;
        return (...args: unknown[]) => latency.time('etcd', () => value(...args));
      },
    });
  const registry = new Proxy(server.registry, {
    get(target, key) {
      if (key !== 'storage') return passThrough(target, key);
      return (definition: Parameters<typeof target.storage>[0]) => timed(target.storage(definition));
    },
  });
  return { ...server, registry };
}
