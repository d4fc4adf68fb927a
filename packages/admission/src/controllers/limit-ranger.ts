/** LimitRanger: fills in the requests and limits that pods leave open, and holds pods and claims to a namespace's bounds. */
import type { KubeObject } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest } from '../interface.js';
import { applyLimitDefaults } from '../limits/apply-defaults.js';
import { type LimitItem, limitItems } from '../limits/limit-range.js';
import { claimViolations, podViolations } from '../limits/violations.js';
import { ObjectCaches } from '../object-caches.js';
import { isFor, isPod, isWrite } from '../request-match.js';
import { deny } from '../response.js';

/** Containers of a running pod change by resize only. */
const isPodConcerned = (request: AdmissionRequest): boolean => (request.operation === 'CREATE' ? isPod(request) : isPod(request, 'resize'));

const isClaim = (request: AdmissionRequest): boolean => isFor(request, '', 'persistentvolumeclaims');

/** The LimitRanger controller. */
export function limitRanger({ objects }: AdmissionDependencies): AdmissionController {
  const caches = new ObjectCaches(objects, ['', 'limitranges']);
  const known = new WeakMap<KubeObject, LimitItem[]>();
  const itemsOf = (limitRange: KubeObject): LimitItem[] => {
    let items = known.get(limitRange);
    if (items === undefined) {
      items = limitItems(limitRange);
      known.set(limitRange, items);
    }
    return items;
  };
  const isDeleted = ({ operation, oldObject }: AdmissionRequest): boolean =>
    operation === 'UPDATE' && oldObject?.metadata?.deletionTimestamp !== undefined;
  const rangesOf = ({ namespace }: AdmissionRequest): readonly KubeObject[] => objects.list('', 'limitranges', namespace);

  return {
    name: 'LimitRanger',
    supportsOperation: isWrite,
    admit(request) {
      const { object } = request;
      if (object === null || !isPodConcerned(request) || isDeleted(request)) return undefined;
      return caches.whenFilled(request, () => {
        for (const limitRange of rangesOf(request)) applyLimitDefaults(object, itemsOf(limitRange));
        return undefined;
      });
    },
    validate(request) {
      const { object } = request;
      const isOfPod = isPodConcerned(request);
      if (object === null || !(isOfPod || isClaim(request)) || isDeleted(request)) return undefined;
      return caches.whenFilled(request, () => {
        for (const limitRange of rangesOf(request)) {
          const items = itemsOf(limitRange);
          const faults = [...new Set(isOfPod ? podViolations(object, items) : claimViolations(object, items))];
          if (faults.length > 0) return deny(faults.length === 1 ? (faults[0] as string) : `[${faults.join(', ')}]`);
        }
        return undefined;
      });
    },
  };
}
