import { Document, isScalar, Scalar, visit } from 'yaml';

/** What YAML 1.1 readers may take for something else than text is told apart by double quotes, as Go writes it. */
const OPTIONS = { version: '1.1', aliasDuplicateObjects: false, sortMapEntries: true } as const;
const FORM = { indentSeq: false, lineWidth: 0, singleQuote: true } as const;
/** Only double quotes can show these. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f]/;

/** An answer as YAML: keys in the order of their names, lists not indented, no aliases. */
export function toYaml(value: unknown): string {
  const document = new Document(value, OPTIONS);
  const isOther = (text: string): boolean =>
    document.schema.tags.some((tag) => 'test' in tag && tag.default !== undefined && tag.test instanceof RegExp && tag.test.test(text));
  visit(document, {
    Scalar(_key, node) {
      if (!isScalar(node) || typeof node.value !== 'string') return;
      if (node.value === '' || isOther(node.value) || UNPRINTABLE.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString(FORM);
}
