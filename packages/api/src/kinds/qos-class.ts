import type { KubeObject } from '@k/apimachinery';

type Fields = Record<string, unknown>;

/** The quality of service that a pod's requests and limits give it. */
export function qosClass(object: KubeObject): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const spec = (object['spec'] ?? {}) as { containers?: Fields[]; initContainers?: Fields[] };
  let any = false;
  let guaranteed = true;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    const resources = (container['resources'] ?? {}) as { requests?: Record<string, string>; limits?: Record<string, string> };
    for (const name of ['cpu', 'memory']) {
      const limit = resources.limits?.[name];
      const request = resources.requests?.[name] ?? limit;
      if (request !== undefined || limit !== undefined) any = true;
      if (limit === undefined || request !== limit) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
