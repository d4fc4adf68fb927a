/** `format.dns1123Label().validate(x)` and its like. */
import { isDns1035Label, isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName } from '@k/api';
import { type Environment, Optional } from '@marcbachmann/cel-js';
import { parseUrl } from './urls.js';

/** A format in an expression: what is wrong with a text. */
export class CelNamedFormat {
  readonly typeName = 'kubernetes.NamedFormat';
  readonly name: string;
  readonly faults: (text: string) => string[];

  constructor(name: string, faults: (text: string) => string[]) {
    this.name = name;
    this.faults = faults;
  }

  equals(other: unknown): boolean {
    return other instanceof CelNamedFormat && other.name === this.name;
  }
}

const prefix =
  (check: (text: string) => string[]): ((text: string) => string[]) =>
  (text) =>
    check(text.endsWith('-') && text.length > 1 ? `${text.slice(0, -1)}a` : text);
const pattern =
  (expression: RegExp, text: string): ((value: string) => string[]) =>
  (value) =>
    expression.test(value) ? [] : [text];
const isDate = (text: string): boolean => !Number.isNaN(new Date(text).getTime());

const FORMATS: Readonly<Record<string, (text: string) => string[]>> = {
  dns1123Label: isDns1123Label,
  dns1123Subdomain: isDns1123Subdomain,
  dns1035Label: isDns1035Label,
  qualifiedName: isQualifiedName,
  dns1123LabelPrefix: prefix(isDns1123Label),
  dns1123SubdomainPrefix: prefix(isDns1123Subdomain),
  dns1035LabelPrefix: prefix(isDns1035Label),
  labelValue: isLabelValue,
  uri: (text) => {
    const url = parseUrl(text);
    return typeof url === 'string' ? [url] : [];
  },
  uuid: pattern(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i, 'does not match the UUID format'),
  byte: pattern(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'invalid base64'),
  date: (text) => (/^\d{4}-\d\d-\d\d$/.test(text) && isDate(text) ? [] : ['invalid date']),
  datetime: (text) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i.test(text) && isDate(text) ? [] : ['invalid datetime'],
};

/** Declares them. */
export function registerNamedFormats(environment: Environment): void {
  const formats = new Map(Object.entries(FORMATS).map(([name, faults]) => [name, new CelNamedFormat(name, faults)]));
  environment.registerType('kubernetes.NamedFormat', CelNamedFormat);
  for (const [name, format] of formats) environment.registerFunction(`_format_${name}(): kubernetes.NamedFormat`, () => format);
  environment
    .registerFunction('_format_named(string): optional<kubernetes.NamedFormat>', (name: string) => {
      const found = formats.get(name);
      return found === undefined ? Optional.none() : Optional.of(found);
    })
    .registerFunction('kubernetes.NamedFormat.validate(string): optional<list<string>>', ({ faults }: CelNamedFormat, text: string) => {
      const found = faults(text);
      return found.length === 0 ? Optional.none() : Optional.of(found);
    });
}
