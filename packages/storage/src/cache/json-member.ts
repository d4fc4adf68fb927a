/**
 * Finds a member of a JSON object in its bytes, without parsing or decoding. The bytes must be valid JSON.
 */

/** Where a member lies: its key's opening quote, and its value from first byte to one past the last. */
export interface JsonMember {
  keyStart: number;
  valueStart: number;
  valueEnd: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * @param at - Position of the object's opening brace.
 * @returns `null` when the object has no such member, or there is no object at `at`.
 */
export function findMember(json: Buffer, at: number, name: string): JsonMember | null {
  if (json[at] !== 0x7b) return null;
  let i = skipSpace(json, at + 1);
  while (i < json.length && json[i] === QUOTE) {
    const keyStart = i;
    const keyEnd = skipString(json, i);
    const valueStart = skipSpace(json, skipSpace(json, keyEnd) + 1);
    const valueEnd = skipValue(json, valueStart);
    if (keyEnd - keyStart - 2 === name.length && json.toString('latin1', keyStart + 1, keyEnd - 1) === name) {
      return { keyStart, valueStart, valueEnd };
    }
    i = skipSpace(json, valueEnd);
    if (json[i] !== 0x2c) return null;
    i = skipSpace(json, i + 1);
  }
  return null;
}

function skipSpace(json: Buffer, at: number): number {
  let i = at;
  while (json[i] === 0x20 || json[i] === 0x0a || json[i] === 0x0d || json[i] === 0x09) i++;
  return i;
}

/** One past the closing quote. */
function skipString(json: Buffer, at: number): number {
  let i = at + 1;
  for (; i < json.length; i++) {
    const byte = json[i];
    if (byte === BACKSLASH) i++;
    else if (byte === QUOTE) return i + 1;
  }
  return i;
}

function skipValue(json: Buffer, at: number): number {
  const first = json[at];
  if (first === QUOTE) return skipString(json, at);
  let i = at;
  if (first === 0x7b || first === 0x5b) {
    let depth = 0;
    while (i < json.length) {
      const byte = json[i];
      if (byte === QUOTE) {
        i = skipString(json, i);
        continue;
      }
      if (byte === 0x7b || byte === 0x5b) depth++;
      else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return i + 1;
      i++;
    }
    return i;
  }
  // A number or a word ends at the first byte that cannot belong to it.
  while (i < json.length && json[i] !== 0x2c && json[i] !== 0x7d && json[i] !== 0x5d && (json[i] as number) > 0x20) i++;
  return i;
}
