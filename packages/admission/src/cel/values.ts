import type { Schema } from '@k/apimachinery';

/**
 * A JSON value as CEL knows it: whole numbers become `int` (bigint), others `double`; fields that the schema declares as
 * numbers are `double` even when they are whole. The input is not changed.
 */
export function toCelValue(value: unknown, schema?: Schema): unknown {
  if (typeof value === 'number') return schema?.type !== 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const { items } = schema ?? {};
    return value.map((item) => toCelValue(item, items));
  }
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined || key === '__proto__') continue;
    out[key] = toCelValue(item, schema?.properties?.[key] ?? schema?.values);
  }
  return out;
}

/** How much a value weighs when it is compared or searched: characters, bytes, elements and fields, all levels. */
export function sizeOfCelValue(value: unknown, known: WeakMap<object, number>): number {
  if (typeof value === 'string') return value.length / 10 + 1;
  if (typeof value !== 'object' || value === null) return 1;
  const before = known.get(value);
  if (before !== undefined) return before;
  let size = 1;
  if (value instanceof Uint8Array) size += value.length / 10;
  else if (Array.isArray(value)) for (const item of value) size += sizeOfCelValue(item, known);
  else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) size += 1 + sizeOfCelValue(item, known);
  }
  // A list may still be growing while a comprehension builds it; measured once, it would stay at its first size.
  if (!Array.isArray(value)) known.set(value, size);
  return size;
}
