import { randomUUID } from 'node:crypto';

/**
 * An object's JSON as bytes, with every digit of 64-bit integers that are kept as `bigint`.
 *
 * @throws {TypeError} for what JSON cannot hold (cycles).
 */
export function encodeJson(object: Record<string, unknown>): Buffer {
  try {
    return Buffer.from(JSON.stringify(object));
  } catch (error) {
    if (!hasBigInt(object, new Set())) throw error;
  }
  // JSON.stringify refuses bigint: it goes through as a marked string, and the quotes come off afterwards.
  const mark = randomUUID();
  const text = JSON.stringify(object, (_key, value: unknown) => (typeof value === 'bigint' ? `${mark}${value}` : value));
  return Buffer.from(text.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1'));
}

function hasBigInt(value: unknown, seen: Set<object>): boolean {
  if (typeof value === 'bigint') return true;
  if (typeof value !== 'object' || value === null || seen.has(value)) return false;
  seen.add(value);
  return Object.values(value).some((item) => hasBigInt(item, seen));
}
