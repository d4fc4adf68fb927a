import type { ListOptions, ListResult, StoredObject } from '../resource-storage.js';

/** Cuts a page out of objects in key order, from `from` on, by the request's selector and limit. */
export function selectPage(
  source: readonly StoredObject[],
  page: { from: number; revision: number; prefix: string },
  options: ListOptions,
): ListResult {
  const { name, select, limit = 0 } = options;
  const { from, revision, prefix } = page;
  const isSelective = select !== undefined || name !== undefined;
  if (!isSelective && (limit === 0 || source.length - from <= limit)) {
    return { items: (from === 0 ? source : source.slice(from)) as StoredObject[], revision };
  }
  const items: StoredObject[] = [];
  for (let i = from; i < source.length; i++) {
    const object = source[i] as StoredObject;
    if (name !== undefined && object.name !== name) continue;
    if (select !== undefined && !select(object.selectable)) continue;
    if (limit > 0 && items.length === limit) {
      const last = items[items.length - 1] as StoredObject;
      const nextAfter = last.key.slice(prefix.length);
      return isSelective ? { items, revision, nextAfter } : { items, revision, nextAfter, remaining: source.length - i };
    }
    items.push(object);
  }
  return { items, revision };
}
