const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** Characters that are not shown as they are: controls, separators other than the space, unassigned and private ones. */
const UNPRINTABLE = /["\\]|[^\P{C}]|[^\P{Z} ]/gu;

/** A string in double quotes as Go's `%q` prints it: `"a\x00b"`. Printable text of any language stays as it is. */
export function goQuote(text: string): string {
  const quoted = text.replace(UNPRINTABLE, (char) => {
    const known = ESCAPES[char];
    if (known !== undefined) return known;
    const code = char.codePointAt(0) as number;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${quoted}"`;
}
