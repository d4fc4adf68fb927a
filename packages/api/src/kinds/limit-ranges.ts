import type { KubeObject } from '@k/apimachinery';
import type { ResourceList } from '../validation/resources.js';
import type { KindRules } from './index.js';

interface LimitItem {
  type?: string;
  max?: ResourceList;
  min?: ResourceList;
  default?: ResourceList;
  defaultRequest?: ResourceList;
}

/** Adds to `field` what it lacks of `source`. */
function fill(item: LimitItem, field: 'default' | 'defaultRequest', source: ResourceList | undefined): void {
  if (source !== undefined && Object.keys(source).length > 0) item[field] = { ...source, ...item[field] };
}

/** Limits of containers: the default limit is the maximum, the default request that limit or the minimum. */
function applyDefaults(object: KubeObject): void {
  const spec = object['spec'] as { limits?: LimitItem[] | null } | undefined;
  // An empty list is null after a round trip through the store.
  if (spec !== undefined && !spec.limits?.length) spec.limits = null;
  for (const item of spec?.limits ?? []) {
    if (item.type !== 'Container') continue;
    fill(item, 'default', item.max);
    fill(item, 'defaultRequest', item.default);
    fill(item, 'defaultRequest', item.min);
  }
}

/** Limit ranges. */
export const limitRangeStrategy: KindRules = { allowCreateOnUpdate: true, applyDefaults };
