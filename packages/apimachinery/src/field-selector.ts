/** One condition on one field, e.g. `metadata.name=a`. */
export interface FieldRequirement {
  field: string;
  operator: '=' | '!=';
  value: string;
}

/** All requirements must hold. */
export type FieldSelector = readonly FieldRequirement[];

/** Splits at commas that are not escaped. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === ',') {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

/** Only escaped commas and equals signs may stand in a value. */
function unescapeValue(text: string): string {
  return text.replace(/\\([\s\S]?)|[,=]/g, (whole, char: string | undefined) => {
    if (char === undefined) throw new Error(`invalid field selector: unescaped character in value: ${whole.charCodeAt(0)}`);
    if (char === '\\' || char === ',' || char === '=') return char;
    throw new Error(`invalid field selector: invalid escape sequence: ${whole}`);
  });
}

/**
 * Parses `field=value`, `field==value` and `field!=value`, joined by commas; `\` escapes `\`, `,` and `=` in values.
 *
 * @throws {Error} with kube-apiserver's text.
 */
export function parseFieldSelector(text: string): FieldSelector {
  const out: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === '') continue;
    const match = /^([^=!]*)(!=|==|=)(.*)$/s.exec(term);
    if (match === null) throw new Error(`invalid selector: '${text}'; can't understand '${term}'`);
    out.push({ field: match[1] as string, operator: match[2] === '!=' ? '!=' : '=', value: unescapeValue(match[3] as string) });
  }
  return out;
}

/** Applies a selector to an object's field values; an absent field counts as ''. */
export function matchesFields(selector: FieldSelector, fields: Readonly<Record<string, string>>): boolean {
  for (const { field, operator, value } of selector) {
    if (((fields[field] ?? '') === value) !== (operator === '=')) return false;
  }
  return true;
}
