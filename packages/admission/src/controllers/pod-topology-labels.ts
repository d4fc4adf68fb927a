/** PodTopologyLabels: pods carry the zone and the region of their node. */
import type { KubeObject } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { podSpec } from '../pod-fields.js';
import { isCreate, isFor, isPod } from '../request-match.js';

const LABELS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

/** The PodTopologyLabels controller. */
export function podTopologyLabels({ objects }: AdmissionDependencies): AdmissionController {
  const caches = new ObjectCaches(objects, ['', 'nodes']);
  const copyLabels = (object: KubeObject, node: string): undefined => {
    const labels = objects.get('', 'nodes', '', node)?.metadata?.labels ?? {};
    const wanted = LABELS.flatMap((name): [string, string][] => (labels[name] === undefined ? [] : [[name, labels[name]]]));
    if (wanted.length === 0) return undefined;
    const metadata = (object.metadata ??= {});
    metadata.labels = { ...metadata.labels, ...Object.fromEntries(wanted) };
    return undefined;
  };
  return {
    name: 'PodTopologyLabels',
    supportsOperation: isCreate,
    admit(request) {
      const { object } = request;
      if (object === null) return undefined;
      let node = '';
      if (isPod(request)) node = podSpec(object).nodeName ?? '';
      else if (isPod(request, 'binding') || isFor(request, '', 'bindings')) {
        const target = object['target'] as { kind?: string; name?: string } | undefined;
        if ((target?.kind ?? 'Node') === 'Node') node = target?.name ?? '';
      }
      return node === '' ? undefined : caches.whenFilled(request, () => copyLabels(object, node));
    },
  };
}
