/** Everything in which a pod or a claim breaks a LimitRange. */
import type { KubeObject } from '@k/apimachinery';
import type { Claim } from '../claim-fields.js';
import { type PodSpec, podSpec } from '../pod-fields.js';
import { podSpecResources } from '../pod-resources.js';
import { parseResourceList, type ReadonlyResourceList } from '../resource-list.js';
import { checkMaximum, checkMaximumRequest, checkMinimum, checkRatio, type Subject } from './constraints.js';
import type { LimitItem } from './limit-range.js';

type Check = (subject: Subject) => string | null;

const NOTHING: ReadonlyResourceList = new Map();

function check(
  type: string,
  bounds: ReadonlyResourceList,
  one: Check,
  requests: ReadonlyResourceList,
  limits: ReadonlyResourceList,
): string[] {
  const out: string[] = [];
  for (const [resource, bound] of bounds) {
    const fault = one({ type, resource, bound, requests, limits });
    if (fault !== null) out.push(fault);
  }
  return out;
}

function checkAll(item: LimitItem, requests: ReadonlyResourceList, limits: ReadonlyResourceList): string[] {
  return [
    ...check(item.type, item.min, checkMinimum, requests, limits),
    ...check(item.type, item.max, checkMaximum, requests, limits),
    ...check(item.type, item.ratio, checkRatio, requests, limits),
  ];
}

function violationsOfContainers(spec: PodSpec, item: LimitItem): string[] {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
    checkAll(item, parseResourceList(resources?.requests), parseResourceList(resources?.limits)),
  );
}

/** Violations of a pod, in the order of items, containers and bounds. */
export function podViolations(pod: KubeObject, items: readonly LimitItem[]): string[] {
  const spec = podSpec(pod);
  return items.flatMap((item) => {
    if (item.type === 'Container') return violationsOfContainers(spec, item);
    if (item.type !== 'Pod') return [];
    return checkAll(item, podSpecResources(spec, 'requests'), podSpecResources(spec, 'limits'));
  });
}

/** Violations of a claim; its limits are nothing that users set. */
export function claimViolations(claim: Claim, items: readonly LimitItem[]): string[] {
  const requests = parseResourceList(claim.spec?.resources?.requests);
  return items.flatMap((item) =>
    item.type === 'PersistentVolumeClaim'
      ? [
          ...check(item.type, item.min, checkMinimum, requests, NOTHING),
          ...check(item.type, item.max, checkMaximumRequest, requests, NOTHING),
        ]
      : [],
  );
}
