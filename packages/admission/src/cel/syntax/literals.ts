/** The values of literals. */

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;

/** @returns null when the number does not fit. */
export function intLiteral(text: string, isNegative: boolean): bigint | null {
  const value = isNegative ? -BigInt(text) : BigInt(text);
  return value > INT_MAX || value < -INT_MAX - 1n ? null : value;
}

/** @returns null when the number does not fit. */
export function uintLiteral(text: string): bigint | null {
  const value = BigInt(text.slice(0, -1));
  return value > UINT_MAX ? null : value;
}

/** What is between the quotes of a string or bytes literal, with escapes read. */
function contentOf(text: string): { body: string; isRaw: boolean } {
  const isRaw = /^[rR]/.test(text);
  const quoted = isRaw ? text.slice(1) : text;
  const width = quoted.startsWith('"""') || quoted.startsWith("'''") ? 3 : 1;
  return { body: quoted.slice(width, quoted.length - width).replaceAll('\r\n', '\n'), isRaw };
}

const ESCAPES = /\\(?:x([0-9a-f]{2})|X([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([0-3][0-7]{2})|([\s\S]))/gi;

/** @returns null for an escape that stands for no character. */
export function stringLiteral(text: string): string | null {
  const { body, isRaw } = contentOf(text);
  if (isRaw) return body;
  let isValid = true;
  const read = body.replace(ESCAPES, (_all, x, bigX, u, bigU, octal, simple) => {
    const hex = x ?? bigX ?? u ?? bigU;
    if (hex === undefined && octal === undefined) return SIMPLE[simple as string] ?? (simple as string);
    const code = hex === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex, 16);
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      isValid = false;
      return '';
    }
    return String.fromCodePoint(code);
  });
  return isValid ? read : null;
}

/** In bytes, escapes are bytes; other characters are their UTF-8. */
export function bytesLiteral(text: string): Uint8Array | null {
  const { body, isRaw } = contentOf(text.slice(1));
  if (isRaw) return new TextEncoder().encode(body);
  const parts: number[] = [];
  let last = 0;
  let isValid = true;
  const put = (plain: string): void => void parts.push(...new TextEncoder().encode(plain));
  for (const match of body.matchAll(ESCAPES)) {
    put(body.slice(last, match.index));
    last = match.index + match[0].length;
    const [, x, bigX, u, bigU, octal, simple] = match;
    const hex = x ?? bigX;
    if (u !== undefined || bigU !== undefined) isValid = false;
    else if (hex !== undefined) parts.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) parts.push(Number.parseInt(octal, 8));
    else put(SIMPLE[simple as string] ?? (simple as string));
  }
  put(body.slice(last));
  return isValid ? Uint8Array.from(parts) : null;
}
