/** `url()`: URLs as Go reads them, which keeps them as they are written. */
import { goQuote } from '@k/apimachinery';
import type { Environment } from '@marcbachmann/cel-js';
import { CelEvaluationError } from '../errors.js';

/** A URL in an expression. */
export class CelUrl {
  readonly typeName = 'kubernetes.URL';
  readonly scheme: string;
  /** Of the host, the port that is written with it, if any. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
  /** All of it behind the scheme. */
  readonly rest: string;

  constructor(parts: { scheme: string; host: string; path: string; query: string; rest: string }) {
    this.scheme = parts.scheme;
    this.host = parts.host;
    this.path = parts.path;
    this.query = parts.query;
    this.rest = parts.rest;
  }

  equals(other: unknown): boolean {
    return other instanceof CelUrl && other.scheme === this.scheme && other.rest === this.rest;
  }

  get hostname(): string {
    return this.host.replace(/:\d*$/, '').replace(/^\[|\]$/g, '');
  }

  get port(): string {
    return /:(\d*)$/.exec(this.host)?.[1] ?? '';
  }
}

/**
 * Reads a URL that has a scheme, or begins with a slash.
 *
 * @returns What is wrong with it, as Go says it, for one that cannot be read.
 */
export function parseUrl(text: string): CelUrl | string {
  const fault = (why: string): string => `parse ${goQuote(text)}: ${why}`;
  if (text === '') return fault('empty url');
  if (/\p{Cc}/u.test(text.replace(/[\u0080-\u009f]/g, ''))) return fault('net/url: invalid control character in URL');
  if (text.startsWith(':')) return fault('missing protocol scheme');
  const [, scheme, rest = ''] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(.*)$/s.exec(text) ?? [];
  const question = rest.indexOf('?');
  const [before, query] = question < 0 ? [rest, ''] : [rest.slice(0, question), rest.slice(question + 1)];
  if (!before.startsWith('/') && text !== '*') {
    return scheme === undefined
      ? fault('invalid URI for request')
      : new CelUrl({ scheme: scheme.toLowerCase(), host: '', path: '', query, rest });
  }
  const [, authority, path = ''] = (scheme === undefined ? null : /^\/\/([^/]*)(.*)$/s.exec(before)) ?? [null, '', before];
  const wrong = faultOfAuthority(authority ?? '') ?? faultOfEscapes(path);
  if (wrong !== null) return fault(wrong);
  const host = (authority ?? '').slice((authority ?? '').lastIndexOf('@') + 1);
  return new CelUrl({ scheme: (scheme ?? '').toLowerCase(), host, path: escapedPath(path), query, rest });
}

function faultOfAuthority(authority: string): string | null {
  const at = authority.lastIndexOf('@');
  if (at >= 0 && /[^\w.~!$&'()*+,;=:%@-]/.test(authority.slice(0, at))) return 'net/url: invalid userinfo';
  const host = authority.slice(at + 1);
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']');
    if (end < 0) return "missing ']' in host";
    return /^(?::\d*)?$/.test(host.slice(end + 1)) ? null : `invalid port ${goQuote(host.slice(end + 1))} after host`;
  }
  const colon = host.indexOf(':');
  if (colon >= 0 && !/^:\d*$/.test(host.slice(colon))) return `invalid port ${goQuote(host.slice(host.lastIndexOf(':')))} after host`;
  const odd = /[ #\\^`{|}]/.exec(host);
  return odd === null ? faultOfEscapes(host) : `invalid character ${goQuote(odd[0])} in host name`;
}

function faultOfEscapes(text: string): string | null {
  const wrong = /%(?![0-9A-Fa-f]{2}).{0,2}/s.exec(text);
  return wrong === null ? null : `invalid URL escape ${goQuote(wrong[0])}`;
}

/** What a path must not contain is escaped; what is escaped stays so. */
const escapedPath = (path: string): string =>
  encodeURI(path)
    .replace(/%25([0-9A-Fa-f]{2})/g, '%$1')
    .replace(/[#?]/g, encodeURIComponent);

function queryOf({ query }: CelUrl): Record<string, string[]> {
  const found: [string, string[]][] = [];
  const byName = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const values = byName.get(name);
    if (values !== undefined) {
      values.push(value);
      continue;
    }
    const list = [value];
    byName.set(name, list);
    found.push([name, list]);
  }
  return Object.fromEntries(found);
}

/** Declares it. */
export function registerUrls(environment: Environment): void {
  const urlOf = (text: string): CelUrl => {
    const url = parseUrl(text);
    if (typeof url !== 'string') return url;
    throw new CelEvaluationError(`URL parse error during conversion from string: ${url}`);
  };
  environment
    .registerType('kubernetes.URL', CelUrl)
    .registerFunction('url(string): kubernetes.URL', urlOf)
    .registerFunction('isURL(string): bool', (text: string) => typeof parseUrl(text) !== 'string')
    .registerFunction('kubernetes.URL.getScheme(): string', (url: CelUrl) => url.scheme)
    .registerFunction('kubernetes.URL.getHost(): string', (url: CelUrl) => url.host)
    .registerFunction('kubernetes.URL.getHostname(): string', (url: CelUrl) => url.hostname)
    .registerFunction('kubernetes.URL.getPort(): string', (url: CelUrl) => url.port)
    .registerFunction('kubernetes.URL.getEscapedPath(): string', (url: CelUrl) => url.path)
    .registerFunction('kubernetes.URL.getQuery(): map<string, list<string>>', queryOf);
}
