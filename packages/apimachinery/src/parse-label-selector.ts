import type { LabelRequirement, LabelSelector } from './label-selector.js';

type Kind = 'end' | 'word' | '!' | '=' | '==' | '!=' | '>' | '<' | '(' | ')' | ',';

interface Token {
  kind: Kind;
  text: string;
}

const SPACES = ' \t\r\n';
const SPECIAL = '=!(),><';
const OPERATORS: ReadonlySet<string> = new Set(['=', '==', '!=', '!', '>', '<', '(', ')', ',']);

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let i = 0;
  while (i < text.length) {
    const char = text[i] as string;
    if (SPACES.includes(char)) {
      i++;
      continue;
    }
    const start = i;
    if (SPECIAL.includes(char)) {
      i++;
      while (i < text.length && OPERATORS.has(text.slice(start, i + 1))) i++;
      const operator = text.slice(start, i) as Kind;
      tokens.push({ kind: operator, text: operator });
      continue;
    }
    while (i < text.length && !SPECIAL.includes(text[i] as string) && !SPACES.includes(text[i] as string)) i++;
    tokens.push({ kind: 'word', text: text.slice(start, i) });
  }
  return tokens;
}

const END: Token = { kind: 'end', text: '' };

class Parser {
  readonly #tokens: Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  look(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  take(): Token {
    const token = this.look();
    this.#at++;
    return token;
  }

  parse(): LabelSelector {
    const out: LabelRequirement[] = [];
    for (;;) {
      const token = this.look();
      if (token.kind === 'end') return out;
      if (token.kind !== 'word' && token.kind !== '!')
        throw new Error(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      try {
        out.push(this.#requirement());
      } catch (error) {
        throw new Error(`unable to parse requirement: ${(error as Error).message}`);
      }
      const next = this.take();
      if (next.kind === 'end') return out;
      if (next.kind !== ',') throw new Error(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.look();
      if (after.kind !== 'word' && after.kind !== '!') throw new Error(`found '${after.text}', expected: identifier after ','`);
    }
  }

  #requirement(): LabelRequirement {
    const negated = this.look().kind === '!';
    if (negated) this.take();
    const { kind, text: key } = this.take();
    if (kind !== 'word') throw new Error(`found '${key}', expected: identifier`);
    refuse(`<nil>`, key, labelKeyFaults(key));
    const next = this.look().kind;
    if (negated) return { key, operator: '!', values: [] };
    if (next === 'end' || next === ',') return { key, operator: 'exists', values: [] };
    const operator = this.#operator();
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#exactValue()];
    check(key, operator, values);
    return { key, operator, values };
  }

  #operator(): LabelRequirement['operator'] {
    const { kind, text } = this.take();
    if (kind === 'word' && (text === 'in' || text === 'notin')) return text;
    if (kind === '=' || kind === '==') return '=';
    if (kind === '!=' || kind === '>' || kind === '<') return kind;
    throw new Error(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`);
  }

  #exactValue(): string {
    const { kind } = this.look();
    if (kind === 'end' || kind === ',') return '';
    const token = this.take();
    if (token.kind === 'word') return token.text;
    throw new Error(`found '${token.text}', expected: identifier`);
  }

  #values(): string[] {
    const open = this.take();
    if (open.kind !== '(') throw new Error(`found '${open.text}' expected: '('`);
    const first = this.look();
    if (first.kind === ')') {
      this.take();
      return [''];
    }
    if (first.kind !== 'word' && first.kind !== ',') throw new Error(`found '${first.text}', expected: ',', ')' or identifier`);
    const values = this.#list();
    if (this.take().kind !== ')') throw new Error(`found '${first.text}', expected: ')'`);
    return [...values].sort();
  }

  #list(): Set<string> {
    const out = new Set<string>();
    for (;;) {
      const token = this.take();
      if (token.kind === 'word') {
        out.add(token.text);
        const next = this.look();
        if (next.kind === ')') return out;
        if (next.kind !== ',') throw new Error(`found '${next.text}', expected: ',' or ')'`);
      } else if (token.kind === ',') {
        if (out.size === 0) out.add('');
        const next = this.look();
        if (next.kind === ')') return out.add('');
        if (next.kind === ',') {
          this.take();
          out.add('');
        }
      } else throw new Error(`found '${token.text}', expected: ',', or identifier`);
    }
  }
}

/**
 * Parses the string form of a label selector.
 *
 * @throws {Error} with kube-apiserver's text, e.g. `unable to parse requirement: found '(', expected: …`.
 */
export function parseLabelSelector(text: string): LabelSelector {
  return new Parser(text).parse();
}

const NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const NAME_FORM =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const NAME_LENGTH_MAX = 63;
const PREFIX_LENGTH_MAX = 253;

function labelKeyFaults(key: string): string[] {
  const parts = key.split('/');
  if (parts.length > 2) {
    return [`a valid label key ${NAME_FORM} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const out: string[] = [];
  const name = parts[parts.length - 1] as string;
  if (parts.length === 2) {
    const prefix = parts[0] as string;
    if (prefix === '') out.push('prefix part must be non-empty');
    else {
      if (prefix.length > PREFIX_LENGTH_MAX) out.push(`prefix part must be no more than ${PREFIX_LENGTH_MAX} bytes`);
      if (!SUBDOMAIN.test(prefix)) out.push(`prefix part ${SUBDOMAIN_TEXT}`);
    }
  }
  if (name === '') out.push('name part must be non-empty');
  else if (name.length > NAME_LENGTH_MAX) out.push(`name part must be no more than ${NAME_LENGTH_MAX} bytes`);
  if (!NAME.test(name)) out.push(`name part ${NAME_FORM}`);
  return out;
}

function labelValueFaults(value: string): string[] {
  const out: string[] = [];
  if (value.length > NAME_LENGTH_MAX) out.push(`must be no more than ${NAME_LENGTH_MAX} bytes`);
  if (value !== '' && !NAME.test(value)) out.push(VALUE_TEXT);
  return out;
}

function refuse(path: string, value: string, faults: readonly string[]): void {
  if (faults.length > 0) throw new Error(`${path}: Invalid value: ${JSON.stringify(value)}: ${faults.join('; ')}`);
}

function check(key: string, operator: LabelRequirement['operator'], values: readonly string[]): void {
  const errors: string[] = [];
  const attempt = (path: string, value: string, faults: readonly string[]): void => {
    try {
      refuse(path, value, faults);
    } catch (error) {
      errors.push((error as Error).message);
    }
  };
  values.forEach((value, i) => {
    const isCount = /^[+-]?\d{1,19}$/.test(value);
    if ((operator === '>' || operator === '<') && !isCount) {
      attempt(`values[${i}]`, value, ["for 'Gt', 'Lt' operators, the value must be an integer"]);
    }
  });
  values.forEach((value, i) => {
    attempt(`values[${i}][${key}]`, value, labelValueFaults(value));
  });
  if (errors.length > 0) throw new Error(errors.length === 1 ? (errors[0] as string) : `[${errors.join(', ')}]`);
}
