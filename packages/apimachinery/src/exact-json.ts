/**
 * JSON whose integers keep all their digits: those beyond ±2^53 are `bigint` as long as they fit 64 bits, as Go keeps
 * them; larger ones are floating point numbers, there and here. The native parser does the work, for texts without long
 * numbers at the price of a look at every sixteenth character.
 */

import { setOwn } from './patch/own-property.js';

/** Digits that a double may not hold. */
const DIGITS_MIN = 16;
const ZERO = 0x30;
const NINE = 0x39;

/** Whether some run of digits is long enough to be an integer that a double does not hold. */
function hasLongDigits(text: string): boolean {
  for (let i = DIGITS_MIN - 1; i < text.length; i += DIGITS_MIN) {
    let code = text.charCodeAt(i);
    if (code < ZERO || code > NINE) continue;
    let from = i;
    for (code = text.charCodeAt(from - 1); from > 0 && code >= ZERO && code <= NINE; code = text.charCodeAt(from - 1)) from--;
    let to = i + 1;
    for (code = text.charCodeAt(to); code >= ZERO && code <= NINE; code = text.charCodeAt(to)) to++;
    if (to - from >= DIGITS_MIN) return true;
  }
  return false;
}

/** Strings, which may hold anything, and numbers. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LONG_INTEGER = /^-?\d{16,}$/;

/** An integer as it is kept: exact where 64 bits can hold it. */
export function exactInteger(text: string): number | bigint {
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  const exact = BigInt(text);
  return BigInt.asIntN(64, exact) === exact ? exact : number;
}

/**
 * Parses JSON with exact integers, to any depth.
 *
 * @param reviver - Like that of `JSON.parse`; must hand strings that need no change back as they are.
 * @throws {SyntaxError} as `JSON.parse` does.
 */
export function parseExactJson(text: string, reviver?: (key: string, value: unknown) => unknown): unknown {
  if (!hasLongDigits(text)) return reviver === undefined ? JSON.parse(text) : JSON.parse(text, reviver);
  // Faults are told of the text as it is.
  JSON.parse(text);
  const mark = unusedMark(text);
  const marked = text.replace(STRING_OR_NUMBER, (token) => (LONG_INTEGER.test(token) ? `"${mark}${token}"` : token));
  return unmark(reviver === undefined ? JSON.parse(marked) : JSON.parse(marked, reviver), mark);
}

/** A text that no string in it holds, escaped or not. */
function unusedMark(text: string): string {
  const plain = text.replace(/\\u([0-9a-fA-F]{4})/g, (_escape, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  let mark = '#';
  while (plain.includes(mark)) mark += '#';
  return mark;
}

/** Puts integers in the place of their marked texts; without recursion, since values may be thousands of levels deep. */
function unmark(root: unknown, mark: string): unknown {
  const top = [root];
  const open: object[] = [top];
  for (let container = open.pop(); container !== undefined; container = open.pop()) {
    for (const key of Object.keys(container)) {
      const value = (container as Record<string, unknown>)[key];
      if (typeof value === 'object' && value !== null) open.push(value);
      else if (typeof value === 'string' && value.startsWith(mark))
        setOwn(container as Record<string, unknown>, key, exactInteger(value.slice(mark.length)));
    }
  }
  return top[0];
}

function hasBigInt(value: unknown, seen: Set<object>): boolean {
  if (typeof value === 'bigint') return true;
  if (typeof value !== 'object' || value === null || seen.has(value)) return false;
  seen.add(value);
  return Object.values(value).some((item) => hasBigInt(item, seen));
}

/**
 * JSON of a value with every digit of its `bigint`s.
 *
 * @param indent - Spaces per level; 0 = one line.
 * @throws {TypeError} for what JSON cannot hold (cycles).
 */
export function stringifyExactJson(value: unknown, indent = 0): string {
  try {
    return JSON.stringify(value, null, indent);
  } catch (error) {
    if (!hasBigInt(value, new Set())) throw error;
  }
  // JSON.stringify refuses bigint: it goes through as a marked string, and the quotes come off afterwards.
  const plain = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? 0 : item));
  let mark = '#';
  while (plain.includes(mark)) mark += '#';
  const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${mark}${item}` : item), indent);
  return text.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
}
