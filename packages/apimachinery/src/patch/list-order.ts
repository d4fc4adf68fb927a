import { isPlainObject } from './own-property.js';

/** How the elements of a list with a merge key ('' = plain values) are told apart. */
export function partition(mergeKey: string): { isSame: (a: unknown, b: unknown) => boolean } {
  if (mergeKey === '') return { isSame: (a, b) => a === b };
  const keyOf = (item: unknown): unknown => (isPlainObject(item) ? item[mergeKey] : undefined);
  return { isSame: (a, b) => keyOf(a) === keyOf(b) };
}

/**
 * Orders a merged list: elements that `order` names as it names them, the others as they stood. The two are woven
 * together by where they stood in the live list; elements that are new go before those that only the server has.
 */
export function orderMerged<T>(merged: readonly T[], order: readonly unknown[], live: readonly unknown[], mergeKey: string): T[] {
  const { isSame } = partition(mergeKey);
  const indexIn = (list: readonly unknown[], item: T): number => list.findIndex((other) => isSame(other, item));
  const sortBy = (items: T[], list: readonly unknown[]): T[] =>
    items
      .map((item) => ({ item, at: indexIn(list, item) }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
  const named = sortBy(
    merged.filter((item) => indexIn(order, item) >= 0),
    order,
  );
  const others = sortBy(
    merged.filter((item) => indexIn(order, item) < 0),
    live,
  );
  const out: T[] = [];
  let next = 0;
  for (const item of named) {
    const place = indexIn(live, item);
    while (next < others.length) {
      const other = indexIn(live, others[next] as T);
      if (other < 0 || place < 0 || other >= place) break;
      out.push(others[next++] as T);
    }
    out.push(item);
  }
  return [...out, ...others.slice(next)];
}
