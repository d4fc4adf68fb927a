/**
 * JSON from clients. The native parser does the work; a scan beside it finds what the native one cannot tell:
 * duplicate fields, depth, numbers of odd form, and the text of a syntax error as Go words it.
 */
import { isPlainJson } from './count-members.js';
import { parseExactJson } from './exact-json.js';
import { parseMergingDuplicates } from './merge-duplicates.js';

/** Nesting that Go's decoder accepts. */
const DEPTH_MAX = 10_000;

/** A number that is not a plain decimal integer of moderate size, as it stood in the text. */
export interface OddNumber {
  /** Keys from the root; elements of arrays are left out. */
  path: readonly string[];
  text: string;
}

/** A parsed text. */
export interface ParsedJson {
  value: unknown;
  /** Paths of fields that occur twice in one object, e.g. `spec.x` or `items[0].a`. The last value counts. */
  duplicates: string[];
  /** Numbers such as `8e1` or `123456789012345678901`, which lose their form when they are parsed; with `strict` only. */
  oddNumbers: OddNumber[];
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const LONE_SURROGATE = /\\u[dD][89a-fA-F]/;

/**
 * Parses JSON. `__proto__` becomes an ordinary own property. Invalid UTF-8 and lone surrogates are replaced by U+FFFD,
 * as Go does.
 *
 * @param options - `strict` looks for duplicate fields and odd numbers, at the price of a second pass.
 * @throws {SyntaxError} with Go's text: `unexpected end of JSON input`, `invalid character 'x' looking for …`.
 */
export function parseJson(input: Uint8Array | string, options: { strict: boolean }): ParsedJson {
  const text = typeof input === 'string' ? input : decoder.decode(input);
  let value: unknown;
  try {
    value = parseExactJson(text, text.includes('\\u') && LONE_SURROGATE.test(text) ? wellFormed : undefined);
  } catch {
    // Faults are told byte by byte.
    scan(Buffer.from(typeof input === 'string' ? Buffer.from(input) : input).toString('latin1'), null, null);
    throw new SyntaxError('unexpected end of JSON input');
  }
  const duplicates: string[] = [];
  const oddNumbers: OddNumber[] = [];
  // Deep nesting, odd numbers and duplicates need the scan; nearly all bodies do with the native parser alone.
  if (options.strict && !isPlainJson(text, value)) {
    scan(text, duplicates, oddNumbers);
    if (duplicates.length > 0) value = parseMergingDuplicates(text);
  }
  if (!options.strict && text.length > 2 * DEPTH_MAX) scan(text, null, null);
  return { value, duplicates, oddNumbers };
}

function wellFormed(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return toWellFormed(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const keys = Object.keys(value);
  if (keys.every((key) => toWellFormed(key) === key)) return value;
  return Object.fromEntries(keys.map((key) => [toWellFormed(key), (value as Record<string, unknown>)[key]]));
}

function toWellFormed(text: string): string {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

interface Frame {
  kind: 'object' | 'array';
  keys: Set<string> | null;
  path: string;
  index: number;
  key: string;
}

/** Walks the text once, without recursion, throwing Go's errors and collecting duplicate fields. */
function scan(text: string, duplicates: string[] | null, oddNumbers: OddNumber[] | null): void {
  const stack: Frame[] = [];
  let i = 0;
  let state = 'value' as 'value' | 'firstKey' | 'key' | 'firstValue' | 'after';
  const fail = (context: string): never => {
    if (i >= text.length) throw new SyntaxError('unexpected end of JSON input');
    throw new SyntaxError(`invalid character ${quoteChar(text, i)} ${context}`);
  };
  const pathOf = (): string => {
    const top = stack[stack.length - 1];
    if (top === undefined) return '';
    return top.kind === 'array' ? `${top.path}[${top.index}]` : top.path === '' ? top.key : `${top.path}.${top.key}`;
  };
  const afterValue = (): void => {
    state = 'after';
  };
  for (;;) {
    while (i < text.length && (text[i] === ' ' || text[i] === '\n' || text[i] === '\t' || text[i] === '\r')) i++;
    const top = stack[stack.length - 1];
    if (state === 'after') {
      if (top === undefined) {
        if (i < text.length) fail('after top-level value');
        return;
      }
      const char = text[i];
      if (char === ',') {
        i++;
        if (top.kind === 'object') state = 'key';
        else {
          top.index++;
          state = 'value';
        }
      } else if (char === (top.kind === 'object' ? '}' : ']')) {
        i++;
        stack.pop();
      } else fail(top.kind === 'object' ? 'after object key:value pair' : 'after array element');
      continue;
    }
    if (state === 'firstKey' || state === 'key') {
      if (state === 'firstKey' && text[i] === '}') {
        i++;
        stack.pop();
        afterValue();
        continue;
      }
      if (text[i] !== '"') fail('looking for beginning of object key string');
      const start = i;
      i = skipString(text, i);
      const key = JSON.parse(text.slice(start, i)) as string;
      const frame = top as Frame;
      frame.key = key;
      if (duplicates !== null) {
        frame.keys ??= new Set();
        if (frame.keys.has(key)) {
          const path = pathOf();
          if (!duplicates.includes(path)) duplicates.push(path);
        }
        frame.keys.add(key);
      }
      while (i < text.length && /\s/.test(text[i] as string)) i++;
      if (text[i] !== ':') fail('after object key');
      i++;
      state = 'value';
      continue;
    }
    if (state === 'firstValue' && text[i] === ']') {
      i++;
      stack.pop();
      afterValue();
      continue;
    }
    const char = text[i];
    if (char === '{' || char === '[') {
      if (stack.length >= DEPTH_MAX) throw new SyntaxError(`invalid character '${char}' exceeded max depth`);
      stack.push({ kind: char === '{' ? 'object' : 'array', keys: null, path: pathOf(), index: 0, key: '' });
      i++;
      state = char === '{' ? 'firstKey' : 'firstValue';
      continue;
    }
    if (char === '"') i = skipString(text, i);
    else if (char === 't') i = skipWord(text, i, 'true');
    else if (char === 'f') i = skipWord(text, i, 'false');
    else if (char === 'n') i = skipWord(text, i, 'null');
    else if (char === '-' || (char !== undefined && char >= '0' && char <= '9')) {
      const start = i;
      i = skipNumber(text, i);
      if (oddNumbers !== null && oddNumbers.length < ODD_NUMBERS_MAX && isOdd(text, start, i)) {
        oddNumbers.push({ path: stack.filter(({ kind }) => kind === 'object').map(({ key }) => key), text: text.slice(start, i) });
      }
    } else fail('looking for beginning of value');
    afterValue();
  }
}

/** Odd numbers worth remembering: the first fault decides the message. */
const ODD_NUMBERS_MAX = 16;
/** Digits that a double holds exactly. */
const DIGITS_MAX = 15;

function isOdd(text: string, start: number, end: number): boolean {
  if (end - start > DIGITS_MAX) return true;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e || code === 0x65 || code === 0x45) return true;
  }
  return false;
}

/** The character as Go quotes it; the text holds one character per byte. */
function quoteChar(text: string, at: number): string {
  const char = text[at] as string;
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  const code = char.charCodeAt(0);
  if (code < 0x20)
    return `'${({ 10: '\\n', 13: '\\r', 9: '\\t' } as Record<number, string>)[code] ?? `\\x${code.toString(16).padStart(2, '0')}`}'`;
  if (code < 0x80 || (code >= 0xa1 && code !== 0xad)) return `'${char}'`;
  return `'\\u${code.toString(16).padStart(4, '0')}'`;
}

/** Characters of a string that mean themselves. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings hold none
const PLAIN = /[^"\\\u0000-\u001f]*/y;

function skipString(text: string, start: number): number {
  let i = start + 1;
  for (;;) {
    PLAIN.lastIndex = i;
    PLAIN.test(text);
    i = PLAIN.lastIndex;
    if (i >= text.length) throw new SyntaxError('unexpected end of JSON input');
    const code = text.charCodeAt(i);
    if (code === 0x22) return i + 1;
    if (code < 0x20) throw new SyntaxError(`invalid character ${quoteChar(text, i)} in string literal`);
    if (code === 0x5c) {
      const next = text[i + 1];
      if (next === undefined) throw new SyntaxError('unexpected end of JSON input');
      if (next === 'u') {
        for (let k = 2; k < 6; k++) {
          const hex = text[i + k];
          if (hex === undefined) throw new SyntaxError('unexpected end of JSON input');
          if (!/[0-9a-fA-F]/.test(hex))
            throw new SyntaxError(`invalid character ${quoteChar(text, i + k)} in \\u hexadecimal character escape`);
        }
        i += 6;
        continue;
      }
      if (!'"\\/bfnrt'.includes(next)) throw new SyntaxError(`invalid character ${quoteChar(text, i + 1)} in string escape code`);
      i += 2;
      continue;
    }
    i++;
  }
}

function skipWord(text: string, start: number, word: string): number {
  for (let k = 1; k < word.length; k++) {
    const char = text[start + k];
    if (char === undefined) throw new SyntaxError('unexpected end of JSON input');
    if (char !== word[k])
      throw new SyntaxError(`invalid character ${quoteChar(text, start + k)} in literal ${word} (expecting '${word[k]}')`);
  }
  return start + word.length;
}

function skipNumber(text: string, start: number): number {
  const match = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
  match.lastIndex = start;
  const found = match.exec(text);
  if (found !== null) return match.lastIndex;
  if (start + 1 >= text.length) throw new SyntaxError('unexpected end of JSON input');
  throw new SyntaxError(`invalid character ${quoteChar(text, start + 1)} in numeric literal`);
}
