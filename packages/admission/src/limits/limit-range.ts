/** A LimitRange, its quantities read once. */
import type { KubeObject } from '@k/apimachinery';
import { parseResourceList, type ReadonlyResourceList } from '../resource-list.js';

/** One item of `spec.limits`. */
export interface LimitItem {
  readonly type: string;
  readonly min: ReadonlyResourceList;
  readonly max: ReadonlyResourceList;
  readonly ratio: ReadonlyResourceList;
  readonly default: Readonly<Record<string, string>>;
  readonly defaultRequest: Readonly<Record<string, string>>;
}

interface LimitFields {
  type?: string;
  min?: Record<string, string>;
  max?: Record<string, string>;
  default?: Record<string, string>;
  defaultRequest?: Record<string, string>;
  maxLimitRequestRatio?: Record<string, string>;
}

/** Reads the items of a LimitRange. */
export function limitItems(limitRange: KubeObject): LimitItem[] {
  const limits = (limitRange['spec'] as { limits?: LimitFields[] } | undefined)?.limits ?? [];
  return limits.map((fields) => ({
    type: fields.type ?? '',
    min: sorted(fields.min),
    max: sorted(fields.max),
    ratio: sorted(fields.maxLimitRequestRatio),
    default: fields.default ?? {},
    defaultRequest: fields.defaultRequest ?? {},
  }));
}

/** Names in order, so that messages are too. */
function sorted(given: Record<string, string> | undefined): ReadonlyResourceList {
  return new Map([...parseResourceList(given)].sort(([a], [b]) => (a < b ? -1 : 1)));
}
