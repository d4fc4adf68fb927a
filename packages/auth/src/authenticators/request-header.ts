/** Users whom a proxy in front has authenticated: it shows its own certificate, and names them in headers. */
import type { TLSSocket } from 'node:tls';
import type { AuthenticationRequest, Authenticator, UserInfo } from '../interface.js';
import { commonNameOf, parseAuthorities, verifyClientCertificate } from './certificate-chain.js';

/** Which proxies are trusted, and the headers that they name users in. Header names in any case. */
export interface RequestHeaderOptions {
  /** PEM of the CAs of the proxies' certificates. */
  clientCa: string;
  /** Common names that those certificates may have; empty = any. */
  allowedNames: readonly string[];
  /** The first of these headers that has a value counts. */
  usernameHeaders: readonly string[];
  uidHeaders: readonly string[];
  /** The values of all of these headers count. */
  groupHeaders: readonly string[];
  /** What is left of a header's name behind one of these is the key of an extra value. */
  extraHeaderPrefixes: readonly string[];
}

/**
 * Recognises users by what a trusted proxy says of them.
 *
 * @throws {Error} when `clientCa` holds no certificate.
 */
export function createRequestHeaderAuthenticator(options: RequestHeaderOptions): Authenticator {
  const authorities = parseAuthorities(options.clientCa, 'clientCa');
  const { allowedNames } = options;
  const lower = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());
  const usernames = lower(options.usernameHeaders);
  const uids = lower(options.uidHeaders);
  const groups = lower(options.groupHeaders);
  const prefixes = lower(options.extraHeaderPrefixes);
  const trustedUntil = new WeakMap<TLSSocket, number>();
  const isTrusted = (socket: TLSSocket): boolean => {
    const until = trustedUntil.get(socket);
    if (until !== undefined && Date.now() <= until) return true;
    const verified = verifyClientCertificate(socket, authorities);
    if (verified === null) return false;
    const name = commonNameOf(verified.peer);
    if (allowedNames.length > 0 && !allowedNames.includes(name)) {
      throw new Error(`x509: subject with cn=${name} is not in the allowed list`);
    }
    trustedUntil.set(socket, Date.parse(verified.certificate.validTo));
    return true;
  };
  return {
    name: 'request-header',
    authenticate(request) {
      const { socket } = request;
      if (socket === undefined || typeof socket.getPeerCertificate !== 'function' || !isTrusted(socket)) return null;
      const username = first(request, usernames);
      if (username === '') return null;
      const uid = first(request, uids);
      const extra = extraOf(request, prefixes);
      const user: UserInfo = {
        username,
        ...(uid === '' ? {} : { uid }),
        groups: groups.flatMap((name) => valuesOf(request, name)),
        ...(extra === undefined ? {} : { extra }),
      };
      return { user };
    },
  };
}

/** The values of a header as they were sent: a value may hold a comma. */
function valuesOf({ headers, source }: AuthenticationRequest, name: string): string[] {
  const value = headers[name];
  if (value === undefined) return [];
  const values = source?.headerValues(name) ?? (typeof value === 'string' ? value.split(', ') : value);
  // Node reads bytes one by one; proxies send UTF-8.
  return values.map((text) => Buffer.from(text, 'latin1').toString('utf8'));
}

function first(request: AuthenticationRequest, names: readonly string[]): string {
  for (const name of names) {
    const [value = ''] = valuesOf(request, name);
    if (value !== '') return value;
  }
  return '';
}

function extraOf(request: AuthenticationRequest, prefixes: readonly string[]): Record<string, string[]> | undefined {
  let extra: Record<string, string[]> | undefined;
  for (const name in request.headers) {
    const prefix = prefixes.find((each) => name.startsWith(each));
    if (prefix === undefined) continue;
    const key = unescapeKey(name.slice(prefix.length));
    extra ??= {};
    extra[key] = [...(extra[key] ?? []), ...valuesOf(request, name)];
  }
  return extra;
}

/** A key that is not percent-encoded is taken as it is. */
function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
