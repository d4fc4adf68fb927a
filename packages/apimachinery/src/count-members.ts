/**
 * A quick look at a JSON text that has been parsed: whether it can hold duplicate fields or numbers that lost their form.
 * Nearly all bodies can not, and are spared the walk that finds them.
 */

/** Nesting up to which the look is quick. */
const DEPTH_MAX = 100;
/** Digits that a double holds exactly. */
const DIGITS_MAX = 15;

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * True when the text has as many members as its value has keys, no number but plain integers of moderate size, and no deep
 * nesting.
 *
 * @param text - Valid JSON.
 * @param value - What it was parsed to.
 */
export function isPlainJson(text: string, value: unknown): boolean {
  const members = membersOf(text);
  return members >= 0 && members === keysOf(value);
}

/** Members of all objects of a text, -1 when something in it asks for a closer look. */
function membersOf(text: string): number {
  let members = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = closingQuote(text, i);
    else if (code === COLON) members++;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > DEPTH_MAX) return -1;
    } else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const end = endOfInteger(text, i);
      if (end < 0 || end - i > DIGITS_MAX) return -1;
      i = end - 1;
    }
  }
  return members;
}

function closingQuote(text: string, start: number): number {
  let at = start;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let before = at;
    while (text.charCodeAt(before - 1) === BACKSLASH) before--;
    // An odd number of backslashes: the last one stands for the quote.
    if ((at - before) % 2 === 0) return at;
  }
}

/** One past the last digit, -1 for a fraction or an exponent. */
function endOfInteger(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e || code === 0x65 || code === 0x45) return -1;
    if (code < 0x30 || code > 0x39) return i;
  }
  return i;
}

function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += keysOf(item);
    return count;
  }
  for (const key in value) {
    count++;
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === 'object') count += keysOf(item);
  }
  return count;
}
