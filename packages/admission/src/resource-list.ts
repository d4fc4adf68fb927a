/** Amounts by resource name, with exact arithmetic. */
import { Quantity } from '@k/apimachinery';

/** Amounts by resource name; functions of this file that end in `Into` change their first argument. */
export type ResourceList = Map<string, Quantity>;

/** A ResourceList that nobody may change. */
export type ReadonlyResourceList = ReadonlyMap<string, Quantity>;

/** Reads amounts as they stand in an object; a quantity that is none counts as absent, since validation refuses it. */
export function parseResourceList(given: Readonly<Record<string, unknown>> | undefined): ResourceList {
  const list: ResourceList = new Map();
  for (const name in given) {
    const value = given[name];
    if (typeof value === 'string' || typeof value === 'number') list.set(name, parseQuantity(String(value)));
  }
  return list;
}

function parseQuantity(text: string): Quantity {
  try {
    return Quantity.parse(text);
  } catch {
    return Quantity.zero();
  }
}

export function addInto(target: ResourceList, other: ReadonlyResourceList): void {
  for (const [name, value] of other) {
    const own = target.get(name);
    target.set(name, own === undefined ? value : own.add(value));
  }
}

export function maxInto(target: ResourceList, other: ReadonlyResourceList): void {
  for (const [name, value] of other) {
    const own = target.get(name);
    if (own === undefined || value.compare(own) > 0) target.set(name, value);
  }
}

/** What `a` has more than `b`; never below zero. */
export function growth(a: ReadonlyResourceList, b: ReadonlyResourceList): ResourceList {
  const out: ResourceList = new Map();
  for (const [name, value] of a) {
    const old = b.get(name);
    const more = old === undefined ? value : value.sub(old);
    out.set(name, more.sign() < 0 ? Quantity.zero(value.format) : more);
  }
  return out;
}

/** `cpu=1,pods=2`: sorted, as messages show amounts. */
export function formatResourceList(list: ReadonlyResourceList, names: readonly string[]): string {
  return [...names]
    .sort()
    .map((name) => `${name}=${list.get(name)?.toString() ?? '0'}`)
    .join(',');
}

/** The amounts as an object carries them, names sorted. */
export function resourceListFields(list: ReadonlyResourceList): Record<string, string> {
  const names = [...list.keys()].sort();
  return Object.fromEntries(names.map((name) => [name, (list.get(name) as Quantity).toString()]));
}
