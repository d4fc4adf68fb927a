/** How kube-apiserver words and orders the parts of a finding. */

/** Compares by the bytes of UTF-8, which is the order of code points. */
export function compareBytes(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates stand for code points above all that are written without them.
    const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
    if (isSurrogate(x) !== isSurrogate(y)) return isSurrogate(x) ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

/** Unique values in byte order. */
export function sortedSet(values: readonly string[]): string[] {
  return values.length < 2 ? [...values] : [...new Set(values)].sort(compareBytes);
}

/** `"a", "b"`, nothing escaped. */
export function quoteAll(values: readonly string[]): string {
  let text = `"${values[0] ?? ''}"`;
  for (let i = 1; i < values.length; i++) text += `, "${values[i]}"`;
  return text;
}

/** The singular for exactly one. */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return count === 1 ? one : many;
}

/** Those whose names a message lists. */
interface Named {
  readonly name: string;
}

/** `container "a"` or `containers "a", "b"`. */
export function containersText(containers: readonly Named[]): string {
  let text = `${containers.length === 1 ? 'container "' : 'containers "'}${containers[0]?.name}"`;
  for (let i = 1; i < containers.length; i++) text += `, "${containers[i]?.name}"`;
  return text;
}

/** Who sets something: `pod`, `container "a"`, or `pod and container "a"`. */
export function settersText(isPod: boolean, containers: readonly Named[]): string {
  if (containers.length === 0) return isPod ? 'pod' : '';
  return isPod ? `pod and ${containersText(containers)}` : containersText(containers);
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\u000b': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};
/** What is not shown as it is: quotes, backslashes, and all that is not a letter, mark, number, sign or the plain blank. */
const ESCAPED = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/** A text in double quotes with the escapes of Go's `%q`. */
export function quoteGo(text: string): string {
  const body = text.replace(ESCAPED, (char) => {
    const named = NAMED_ESCAPES[char];
    if (named !== undefined) return named;
    const code = char.codePointAt(0) as number;
    // A lone surrogate is no text; decoders replace it before anything is quoted.
    if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return `"${body}"`;
}
