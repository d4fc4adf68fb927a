/**
 * Label selectors: the string form of `?labelSelector=` and the object form of `metav1.LabelSelector`.
 *
 * `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, `a<1`, joined by commas.
 */

/** One condition on one label. */
export interface LabelRequirement {
  key: string;
  operator: '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<';
  values: readonly string[];
}

/** All requirements must hold; none = everything. */
export type LabelSelector = readonly LabelRequirement[];

/** `metav1.LabelSelector`. */
export interface LabelSelectorObject {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; values?: string[] }[];
}

const TOKEN = /\s*(!=|==|=|!|,|\(|\)|>|<|[^\s!=,()<>]+)/y;

/** True when the selector matches every object. */
export function isEverything(selector: LabelSelector): boolean {
  return selector.length === 0;
}

/** Applies a selector to labels. */
export function matchesLabels(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  for (const requirement of selector) if (!matchesRequirement(requirement, labels)) return false;
  return true;
}

function matchesRequirement({ key, operator, values }: LabelRequirement, labels: Readonly<Record<string, string>>): boolean {
  const has = Object.hasOwn(labels, key);
  const value = has ? (labels[key] as string) : '';
  switch (operator) {
    case '=':
    case 'in':
      return has && values.includes(value);
    case '!=':
    case 'notin':
      return !has || !values.includes(value);
    case 'exists':
      return has;
    case '!':
      return !has;
    case '>':
      return has && /^-?\d+$/.test(value) && BigInt(value) > BigInt(values[0] as string);
    case '<':
      return has && /^-?\d+$/.test(value) && BigInt(value) < BigInt(values[0] as string);
  }
}

/**
 * Parses the string form.
 *
 * @throws {Error} with kube-apiserver's text, e.g. `unable to parse requirement: found '(', expected: …`.
 */
export function parseLabelSelector(text: string): LabelSelector {
  const tokens = tokenize(text);
  const out: LabelRequirement[] = [];
  let at = 0;
  const peek = (): string => tokens[at] ?? '';
  const isWord = (token: string): boolean => token !== '' && !/^(!=|==|=|!|,|\(|\)|>|<)$/.test(token);
  if (tokens.length === 0) return out;
  for (;;) {
    let negated = false;
    if (peek() === '!') {
      negated = true;
      at++;
    }
    const key = peek();
    if (!isWord(key)) throw new Error(`unable to parse requirement: found '${key}', expected: identifier`);
    at++;
    checkKey(key);
    if (negated) out.push({ key, operator: '!', values: [] });
    else if (peek() === '' || peek() === ',') out.push({ key, operator: 'exists', values: [] });
    else {
      const operator = peek();
      at++;
      if (operator === 'in' || operator === 'notin') {
        if (peek() !== '(') throw new Error(`unable to parse requirement: found '${peek()}', expected: '('`);
        at++;
        const values: string[] = [];
        for (;;) {
          const token = peek();
          if (token === ')') {
            if (values.length === 0 || tokens[at - 1] === ',') values.push('');
            at++;
            break;
          }
          if (token === ',') {
            if (tokens[at - 1] === '(' || tokens[at - 1] === ',') values.push('');
            at++;
            continue;
          }
          if (!isWord(token)) throw new Error(`unable to parse requirement: found '${token}', expected: ',', ')' or identifier`);
          checkValue(key, token);
          values.push(token);
          at++;
        }
        out.push({ key, operator, values });
      } else if (['=', '==', '!='].includes(operator)) {
        const value = isWord(peek()) ? peek() : '';
        if (value !== '') at++;
        checkValue(key, value);
        out.push({ key, operator: operator === '!=' ? '!=' : '=', values: [value] });
      } else if (operator === '>' || operator === '<') {
        const value = isWord(peek()) ? peek() : '';
        if (value !== '') at++;
        if (!/^-?\d+$/.test(value))
          throw new Error(`values[0][${key}]: Invalid value: "${value}": for 'Gt', 'Lt' operators, the value must be an integer`);
        out.push({ key, operator, values: [value] });
      } else throw new Error(`unable to parse requirement: found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
    }
    if (peek() === '') break;
    if (peek() !== ',') throw new Error(`found '${peek()}', expected: ',' or 'end of string'`);
    at++;
    if (peek() === '') throw new Error("found '', expected: identifier after ','");
  }
  return out;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) {
      if (text.slice(start).trim() === '') break;
      throw new Error(`unable to parse requirement: found '${text.slice(start)}'`);
    }
    tokens.push(match[1] as string);
  }
  return tokens;
}

const NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const NAME_TEXT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

function checkKey(key: string): void {
  const name = key.includes('/') ? key.slice(key.indexOf('/') + 1) : key;
  if (name.length > 63 || !NAME.test(name)) throw new Error(`unable to parse requirement: <nil>: Invalid value: "${key}": ${NAME_TEXT}`);
}

function checkValue(key: string, value: string): void {
  if (value === '') return;
  if (value.length > 63)
    throw new Error(`unable to parse requirement: values[0][${key}]: Invalid value: "${value}": must be no more than 63 bytes`);
  if (!NAME.test(value)) throw new Error(`unable to parse requirement: values[0][${key}]: Invalid value: "${value}": ${VALUE_TEXT}`);
}

/**
 * Converts the object form. An absent selector matches nothing, an empty one everything.
 *
 * @returns `null` for an absent selector.
 */
export function selectorFromLabelSelector(selector: LabelSelectorObject | null | undefined): LabelSelector | null {
  if (selector === null || selector === undefined) return null;
  const out: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) out.push({ key, operator: '=', values: [value] });
  const operators = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' } as const;
  for (const { key, operator, values } of selector.matchExpressions ?? [])
    out.push({ key, operator: operators[operator], values: values ?? [] });
  return out;
}

/** The string form, as `kubectl` and scale subresources show it: sorted by key. */
export function formatSelector(selector: LabelSelector): string {
  return [...selector]
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ key, operator, values }) => {
      if (operator === 'exists') return key;
      if (operator === '!') return `!${key}`;
      if (operator === 'in' || operator === 'notin') return `${key} ${operator} (${[...values].sort().join(',')})`;
      return `${key}${operator}${values[0] ?? ''}`;
    })
    .join(',');
}
