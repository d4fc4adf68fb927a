/** CEL's extensions for strings and sets; places in strings are counted in characters. */
import { goQuote } from '@k/apimachinery';
import type { Environment } from '@marcbachmann/cel-js';
import { CelEvaluationError } from '../errors.js';
import { CelValues, celEquals } from './equality.js';
import { formatText } from './format-text.js';
import { noSuchOverload } from './type-names.js';

const outOfRange = (index: bigint): CelEvaluationError => new CelEvaluationError(`index out of range: ${index}`);

/** Declares them. */
export function registerStringExtensions(environment: Environment): void {
  environment
    .registerFunction('string._charAt(int): string', (text: string, at: bigint) => {
      const all = Array.from(text);
      if (at < 0n || at > BigInt(all.length)) throw outOfRange(at);
      return all[Number(at)] ?? '';
    })
    .registerFunction('string._substring(int): string', (text: string, from: bigint) => substring(text, from, null))
    .registerFunction('string._substring(int, int): string', substring)
    .registerFunction('dyn._indexOf(dyn): int', (value: unknown, item: unknown) => indexOf(value, item, 0n))
    .registerFunction('dyn._indexOf(dyn, int): int', indexOf)
    .registerFunction('dyn._lastIndexOf(dyn): int', (value: unknown, item: unknown) => lastIndexOf(value, item, null))
    .registerFunction('dyn._lastIndexOf(dyn, int): int', lastIndexOf)
    .registerFunction('string.format(list): string', formatText)
    .registerFunction('_strings_quote(string): string', goQuote);
  const within = (outer: unknown[], inner: unknown[]): boolean => {
    const values = new CelValues(outer);
    return inner.every((item) => values.has(item));
  };
  environment
    .registerFunction('_sets_contains(list, list): bool', within)
    .registerFunction('_sets_equivalent(list, list): bool', (a: unknown[], b: unknown[]) => within(a, b) && within(b, a))
    .registerFunction('_sets_intersects(list, list): bool', (a: unknown[], b: unknown[]) => {
      const values = new CelValues(b);
      return a.some((item) => values.has(item));
    });
}

function substring(text: string, from: bigint, to: bigint | null): string {
  const all = Array.from(text);
  const end = to ?? BigInt(all.length);
  if (from < 0n || from > BigInt(all.length)) throw outOfRange(from);
  if (end < 0n || end > BigInt(all.length)) throw outOfRange(end);
  if (from > end) throw new CelEvaluationError(`invalid substring range. start: ${from}, end: ${end}`);
  return all.slice(Number(from), Number(end)).join('');
}

function indexOf(value: unknown, item: unknown, from: bigint): bigint {
  if (Array.isArray(value)) return BigInt(value.findIndex((entry) => celEquals(entry, item)));
  if (typeof value !== 'string' || typeof item !== 'string') throw noSuchOverload('indexOf', value, item);
  const all = Array.from(value);
  if (item === '') return from;
  if (from < 0n || from > BigInt(all.length)) throw outOfRange(from);
  const rest = all.slice(Number(from)).join('');
  const at = rest.indexOf(item);
  return at < 0 ? -1n : from + BigInt(Array.from(rest.slice(0, at)).length);
}

function lastIndexOf(value: unknown, item: unknown, from: bigint | null): bigint {
  if (Array.isArray(value)) return BigInt(value.findLastIndex((entry) => celEquals(entry, item)));
  if (typeof value !== 'string' || typeof item !== 'string') throw noSuchOverload('lastIndexOf', value, item);
  const all = Array.from(value);
  if (from !== null && (from < 0n || from > BigInt(all.length))) throw outOfRange(from);
  if (item === '') return from ?? BigInt(all.length);
  const limit = from === null ? value.length : all.slice(0, Number(from)).join('').length;
  const at = value.lastIndexOf(item, limit);
  return at < 0 ? -1n : BigInt(Array.from(value.slice(0, at)).length);
}
