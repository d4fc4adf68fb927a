/** Formats of names, keys and numbers: each function gives upstream's messages, none when the value is fine. */

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const SUBDOMAIN_UNDERSCORE = /^_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/;
const WILDCARD = /^\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const CONFIG_KEY = /^[-._a-zA-Z0-9]+$/;
const HEADER = /^[-A-Za-z0-9]+$/;
const PERCENT = /^[0-9]+%$/;
const C_IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const HTTP_PATH = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

const SUBDOMAIN_MAX = 253;
const LABEL_MAX = 63;

/** The sentence that explains a regular expression: what it wants, examples, the expression. */
function pattern(text: string, expression: string, ...examples: string[]): string {
  if (examples.length === 0) return `${text} (regex used for validation is '${expression}')`;
  return `${text} (e.g. ${examples.map((example) => `'${example}'`).join(',  or ')}, regex used for validation is '${expression}')`;
}

const ALPHANUMERIC = 'must start and end with an alphanumeric character';
const SUBDOMAIN_TEXT = pattern(
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and ${ALPHANUMERIC}`,
  '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*',
  'example.com',
);
const SUBDOMAIN_UNDERSCORE_TEXT = pattern(
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and ${ALPHANUMERIC}`,
  '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*',
  'example.com',
);
const WILDCARD_TEXT = pattern(
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*',
  '*.example.com',
);
const LABEL_TEXT = pattern(
  `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and ${ALPHANUMERIC}`,
  '[a-z0-9]([-a-z0-9]*[a-z0-9])?',
  'my-name',
  '123-abc',
);
const LABEL_1035_TEXT = pattern(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  '[a-z]([-a-z0-9]*[a-z0-9])?',
  'my-name',
  'abc-123',
);
const PART_TEXT = pattern(
  `must consist of alphanumeric characters, '-', '_' or '.', and ${ALPHANUMERIC}`,
  '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]',
  'MyName',
  'my.name',
  '123-abc',
);
const VALUE_TEXT = pattern(
  `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and ${ALPHANUMERIC}`,
  '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?',
  'MyValue',
  'my_value',
  '12345',
);
const CONFIG_KEY_TEXT = pattern(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  '[-._a-zA-Z0-9]+',
  'key.name',
  'KEY_NAME',
  'key-name',
);
const HEADER_TEXT = pattern("a valid HTTP header must consist of alphanumeric characters or '-'", '[-A-Za-z0-9]+', 'X-Header-Name');
const PERCENT_TEXT = pattern("a valid percent string must be a numeric string followed by an ending '%'", '[0-9]+%', '1%', '93%');
const C_IDENTIFIER_TEXT = pattern(
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  '[A-Za-z_][A-Za-z0-9_]*',
  'my_name',
  'MY_NAME',
  'MyName',
);

/** `must be no more than N characters`. */
export function maxLengthText(max: number): string {
  return `must be no more than ${max} characters`;
}

/** `must be between A and B, inclusive`. */
export function rangeText(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

/** DNS subdomain (`a.b-c`), at most 253 characters. */
export function isDns1123Subdomain(value: string): string[] {
  const out: string[] = [];
  if (value.length > SUBDOMAIN_MAX) out.push(maxLengthText(SUBDOMAIN_MAX));
  if (!SUBDOMAIN.test(value)) out.push(SUBDOMAIN_TEXT);
  return out;
}

/** DNS subdomain that may hold underscores: DNS search paths. */
export function isDns1123SubdomainWithUnderscore(value: string): string[] {
  const out: string[] = [];
  if (value.length > SUBDOMAIN_MAX) out.push(maxLengthText(SUBDOMAIN_MAX));
  if (!SUBDOMAIN_UNDERSCORE.test(value)) out.push(SUBDOMAIN_UNDERSCORE_TEXT);
  return out;
}

/** `*.example.com`. */
export function isWildcardDns1123Subdomain(value: string): string[] {
  const out: string[] = [];
  if (value.length > SUBDOMAIN_MAX) out.push(maxLengthText(SUBDOMAIN_MAX));
  if (!WILDCARD.test(value)) out.push(WILDCARD_TEXT);
  return out;
}

/** DNS label (`my-name`), at most 63 characters. */
export function isDns1123Label(value: string): string[] {
  const out: string[] = [];
  if (value.length > LABEL_MAX) out.push(maxLengthText(LABEL_MAX));
  if (!LABEL.test(value)) out.push(SUBDOMAIN.test(value) ? 'must not contain dots' : LABEL_TEXT);
  return out;
}

/** DNS label that starts with a letter. */
export function isDns1035Label(value: string): string[] {
  const out: string[] = [];
  if (value.length > LABEL_MAX) out.push(maxLengthText(LABEL_MAX));
  if (!LABEL_1035.test(value)) out.push(LABEL_1035_TEXT);
  return out;
}

/** A key of labels or annotations: `name` or `prefix/name`. */
export function isQualifiedName(value: string): string[] {
  const out: string[] = [];
  let name = value;
  const slash = value.indexOf('/');
  if (slash >= 0) {
    if (value.indexOf('/', slash + 1) >= 0) {
      return [`a valid label key ${PART_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
    }
    const prefix = value.slice(0, slash);
    name = value.slice(slash + 1);
    if (prefix === '') out.push('prefix part must be non-empty');
    else for (const text of isDns1123Subdomain(prefix)) out.push(`prefix part ${text}`);
  }
  if (name === '') out.push('name part must be non-empty');
  else if (name.length > LABEL_MAX) out.push('name part must be no more than 63 bytes');
  if (!PART.test(name)) out.push(`name part ${PART_TEXT}`);
  return out;
}

/** The value of a label. */
export function isLabelValue(value: string): string[] {
  if (value === '') return [];
  const out: string[] = [];
  if (value.length > LABEL_MAX) out.push('must be no more than 63 bytes');
  if (!PART.test(value)) out.push(VALUE_TEXT);
  return out;
}

/** A name that is only used as a segment of a path. */
export function isPathSegment(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((char) => value.includes(char)).map((char) => `may not contain '${char}'`);
}

/** A key of a config map or secret, which becomes a file's name. */
export function isConfigMapKey(value: string): string[] {
  const out: string[] = [];
  if (value.length > SUBDOMAIN_MAX) out.push(maxLengthText(SUBDOMAIN_MAX));
  if (!CONFIG_KEY.test(value)) out.push(CONFIG_KEY_TEXT);
  if (value === '.' || value === '..') out.push(`must not be '${value}'`);
  else if (value.startsWith('..')) out.push("must not start with '..'");
  return out;
}

/** Printable ASCII without `=`. */
export function isEnvVarName(value: string): string[] {
  const out: string[] = [];
  if (value === '') out.push('environment variable name must be non-empty');
  if (!/^[ -<>-~]*$/.test(value)) {
    out.push("a valid environment variable name must consist only of printable ASCII characters other than '='");
  }
  return out;
}

/** A C identifier. */
export function isCIdentifier(value: string): string[] {
  return C_IDENTIFIER.test(value) ? [] : [C_IDENTIFIER_TEXT];
}

/** The name of an HTTP header. */
export function isHttpHeaderName(value: string): string[] {
  return HEADER.test(value) ? [] : [HEADER_TEXT];
}

/** `25%`. */
export function isPercent(value: string): string[] {
  return PERCENT.test(value) ? [] : [PERCENT_TEXT];
}

/** A port number. */
export function isPortNumber(value: number): string[] {
  return value >= 1 && value <= 65535 ? [] : [rangeText(1, 65535)];
}

/** The name of a port: at most 15 of `a-z0-9-`, with a letter. */
export function isPortName(value: string): string[] {
  const out: string[] = [];
  if (value.length > 15) out.push(maxLengthText(15));
  if (!/^[-a-z0-9]+$/.test(value)) out.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) out.push('must contain at least one letter (a-z)');
  if (value.includes('--')) out.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) out.push('must not begin or end with a hyphen');
  return out;
}

/** A user or group id. */
export function isUnixId(value: number): string[] {
  return value >= 0 && value <= 2147483647 ? [] : [rangeText(0, 2147483647)];
}

/** What is wrong with `acme.io/foo`; `at` says which part the message is about. `required` = empty. */
export function domainPrefixedPathErrors(value: string): { value: string; text: string }[] | 'required' {
  if (value === '') return 'required';
  const slash = value.indexOf('/');
  const host = value.slice(0, Math.max(slash, 0));
  const path = value.slice(slash + 1);
  if (slash <= 0 || path === '') return [{ value, text: 'must be a domain-prefixed path (such as "acme.io/foo")' }];
  const out = isDns1123Subdomain(host).map((text) => ({ value: host, text }));
  if (!HTTP_PATH.test(path)) {
    out.push({ value: path, text: pattern('Invalid path', "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+") });
  }
  return out;
}
