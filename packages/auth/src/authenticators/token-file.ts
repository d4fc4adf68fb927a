import { hash, timingSafeEqual } from 'node:crypto';
import type { AuthenticationRequest, AuthenticationResult, Authenticator, UserInfo } from '../interface.js';
import { websocketToken } from './websocket-token.js';

/**
 * The token of an `Authorization: Bearer` header, or of a WebSocket's subprotocols; null when there is none, also behind
 * more than one space.
 */
export function bearerToken(request: AuthenticationRequest): string | null {
  const header = request.headers['authorization'];
  return (typeof header === 'string' ? tokenOf(header) : null) ?? websocketToken(request);
}

/** The token of an `Authorization` header. */
function tokenOf(header: string): string | null {
  const [scheme = '', token = ''] = header.trim().split(' ');
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : null;
}

/** A warning for a header that looks like a bearer token and is none. */
export function bearerWarning(request: AuthenticationRequest): string | null {
  const header = request.headers['authorization'];
  return typeof header === 'string' && /^bearer {2}/i.test(header.trim())
    ? 'the provided Authorization header contains extra space before the bearer token, and is ignored'
    : null;
}

/** Splits one line of CSV with double quotes; null when a quote is left open. */
function parseCsvLine(line: string): string[] | null {
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (quoted) {
      if (char === '"' && line[i + 1] === '"') {
        cell += '"';
        i++;
      } else if (char === '"') quoted = false;
      else cell += char;
    } else if (char === '"') quoted = true;
    else if (char === ',') {
      cells.push(cell);
      cell = '';
    } else cell += char;
  }
  if (quoted) return null;
  cells.push(cell);
  return cells.map((item) => item.trim());
}

/**
 * Static tokens, one `token,user,uid[,"group1,group2"]` a line.
 *
 * @throws {Error} naming the line that has fewer than three columns or an open quote; never the token.
 */
export function createTokenFileAuthenticator(csv: string): Authenticator {
  const users = new Map<string, { digest: Buffer; user: UserInfo }>();
  const digestOf = (token: string): Buffer => hash('sha256', token, 'buffer');
  csv.split('\n').forEach((line, i) => {
    if (line.trim() === '' || line.startsWith('#')) return;
    const cells = parseCsvLine(line);
    if (cells === null) throw new Error(`token file: line ${i + 1} has a quote that is not closed`);
    const [token = '', username = '', uid = '', groups = ''] = cells;
    if (token === '' || username === '' || uid === '') {
      throw new Error(`token file: line ${i + 1} must have at least 3 columns (token, user name, user uid)`);
    }
    const digest = digestOf(token);
    const list = groups
      .split(',')
      .map((group) => group.trim())
      .filter((group) => group !== '');
    users.set(digest.toString('hex'), { digest, user: { username, uid, groups: list } });
  });
  const find = (token: string): AuthenticationResult | null => {
    const digest = digestOf(token);
    const found = users.get(digest.toString('hex'));
    return found === undefined || !timingSafeEqual(found.digest, digest) ? null : { user: found.user };
  };
  const findOf = (token: string | null): AuthenticationResult | null => (token === null ? null : find(token));
  // Clients send one token with every request of a connection.
  const known = new WeakMap<object, { header: string; result: AuthenticationResult }>();
  return {
    name: 'token-file',
    authenticate(request): AuthenticationResult | null {
      const { socket } = request;
      const header = request.headers['authorization'];
      if (socket === undefined || typeof header !== 'string') return findOf(bearerToken(request));
      const last = known.get(socket);
      if (last?.header === header) return last.result;
      const token = tokenOf(header);
      if (token === null) return findOf(websocketToken(request));
      const result = find(token);
      if (result !== null) known.set(socket, { header, result });
      return result;
    },
    authenticateToken: find,
  };
}
