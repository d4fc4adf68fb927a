/** What a LimitRange puts into a pod that leaves requests or limits open. */
import type { KubeObject } from '@k/apimachinery';
import { type PodContainer, podSpec } from '../pod-fields.js';
import type { LimitItem } from './limit-range.js';

const ANNOTATION = 'kubernetes.io/limit-ranger';

/** Fills requests and limits in place, and says in an annotation what was filled. */
export function applyLimitDefaults(pod: KubeObject, items: readonly LimitItem[]): void {
  const limits: Record<string, string> = {};
  const requests: Record<string, string> = {};
  for (const item of items) {
    if (item.type !== 'Container') continue;
    Object.assign(limits, item.default);
    Object.assign(requests, item.defaultRequest);
  }
  const spec = podSpec(pod);
  const remarks: string[] = [];
  const fillAll = (containers: PodContainer[] | undefined, what: string): void => {
    for (const container of containers ?? []) {
      const resources = (container.resources ??= {});
      const filled = { request: fill(resources, 'requests', requests), limit: fill(resources, 'limits', limits) };
      for (const [kind, names] of Object.entries(filled)) {
        if (names.length > 0) remarks.push(`${names.sort().join(', ')} ${kind} for ${what} ${container.name}`);
      }
    }
  };
  fillAll(spec.containers, 'container');
  fillAll(spec.initContainers, 'init container');
  if (remarks.length === 0) return;
  const metadata = (pod.metadata ??= {});
  metadata.annotations = { ...metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${remarks.join('; ')}` };
}

/** Adds what is missing; returns the names that were. */
function fill(resources: NonNullable<PodContainer['resources']>, kind: 'requests' | 'limits', defaults: Record<string, string>): string[] {
  const own = resources[kind] ?? {};
  const missing = Object.keys(defaults).filter((name) => own[name] === undefined);
  if (missing.length > 0) resources[kind] = { ...own, ...Object.fromEntries(missing.map((name) => [name, defaults[name] as string])) };
  return missing;
}
