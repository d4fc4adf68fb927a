/** Paths behind a proxy: what a client asks for, as the server there knows it, and back. */
import { posix } from 'node:path';
import { decodePath, type RequestInfo } from '@k/apimachinery';

/** Segments before what a proxy passes on: resource, name, `proxy`. */
const OWN_SEGMENTS = 3;

/** The path behind a proxy, not escaped; '' when there is none, not even a slash. */
export function pathBehind({ parts, path }: RequestInfo): string {
  const rest = parts.slice(OWN_SEGMENTS).join('/');
  const joined = rest === '' ? '' : `/${rest}`;
  const whole = path.endsWith('/') && !joined.endsWith('/') ? `${joined}/` : joined;
  return whole === '' ? '' : posix.normalize(whole);
}

/** What a client asked for up to the path behind the proxy, not escaped. */
export function prefixOf(requestPath: string, behind: string): string {
  const path = decodePath(requestPath) ?? requestPath;
  return path.endsWith(behind) ? path.slice(0, path.length - behind.length) : path;
}

/** A path as it is written in a request. */
export function escapePath(path: string): string {
  return encodeURI(path).replace(/[?#!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Puts a path below a prefix, with the slash at its end when it has one. */
export function below(prefix: string, path: string): string {
  const joined = posix.normalize(`${prefix}/${path}`);
  return path.endsWith('/') || joined === '/' ? joined : joined.replace(/\/$/, '');
}

const URL_PARTS = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is;

/**
 * Where a `Location` of the server behind the proxy leads a client: through the proxy when it is on that server, else as it was.
 *
 * @param hosts - Those of the server behind, and of the client's request.
 */
export function rewriteLocation(location: string, prefix: string, hosts: { behind: string; asked: string }): string {
  const [, scheme, host = '', path = '', rest = ''] = URL_PARTS.exec(location) ?? [];
  if (host !== '' && host !== hosts.behind && host !== hosts.asked) return location;
  if (!path.startsWith('/')) return location;
  const origin = host !== '' && host === hosts.asked ? `${scheme === undefined ? '' : `${scheme}:`}//${host}` : '';
  const escaped = escapePath(prefix);
  return `${origin}${path.startsWith(escaped) ? path : below(escaped, path)}${rest}`;
}
