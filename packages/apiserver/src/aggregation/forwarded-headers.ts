/** What other servers are told of a request, and clients of their answer. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { UserInfo } from '@k/auth';

/** Headers of one connection, which end with it. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);
/** What is the other server's to know from us, and what was meant for us alone. */
const REPLACED: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'expect',
  'audit-id',
  'x-remote-user',
  'x-remote-uid',
  'x-remote-group',
]);
const REPLACED_PREFIXES: readonly string[] = ['x-remote-extra-', 'impersonate-'];
/** What the answer's sender must not decide for us. */
const KEPT_BACK: ReadonlySet<string> = new Set(['audit-id', 'date']);
const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';

/** What a request is passed on with. */
export interface Passing {
  /** Of the client. */
  remoteAddress: string | undefined;
  /** `host:port` that the request is for. */
  host: string;
  /** Whether this server itself takes users from a header; the name in lower case. */
  isIdentityHeader: (name: string) => boolean;
  isUpgrade: boolean;
}

/** Where the request goes, and on whose behalf. */
export interface Forwarding extends Passing {
  user: UserInfo;
  auditId: string;
  path: string;
}

/** The headers that a request is forwarded with: the client's, and who it is for. */
export function requestHeaders(incoming: IncomingHttpHeaders, forwarding: Forwarding): OutgoingHttpHeaders {
  const headers = passedHeaders(incoming, forwarding);
  headers['Audit-Id'] = forwarding.auditId;
  headers['x-forwarded-uri'] = forwarding.path;
  headers['x-forwarded-host'] = forwarding.host;
  headers['x-forwarded-proto'] = 'https';
  return { ...headers, ...userHeaders(forwarding.user) };
}

/** The client's headers without those that were for this server or the connection to it. */
export function passedHeaders(
  incoming: IncomingHttpHeaders,
  { remoteAddress, host, isIdentityHeader, isUpgrade }: Passing,
): OutgoingHttpHeaders {
  const listed = new Set((incoming.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const headers: OutgoingHttpHeaders = { host };
  for (const name in incoming) {
    if (name.startsWith(':') || HOP_BY_HOP.has(name) || REPLACED.has(name) || listed.has(name)) continue;
    if (REPLACED_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    if (isIdentityHeader(name)) continue;
    headers[name] = incoming[name];
  }
  if (isUpgrade) {
    headers['Connection'] = 'Upgrade';
    headers['Upgrade'] = incoming.upgrade;
    withoutToken(headers);
  }
  const via = [incoming['x-forwarded-for'] ?? [], remoteAddress ?? []].flat();
  if (via.length > 0) headers['x-forwarded-for'] = via.join(', ');
  return headers;
}

/** Says where a body of unknown length ends: Node's client does not by itself for every method, and what followed would be another request. */
export function frameBody(headers: OutgoingHttpHeaders): void {
  if (headers['content-length'] === undefined) headers['transfer-encoding'] = 'chunked';
}

/** The headers by which a server behind this one knows the user. */
export function userHeaders({ username, uid = '', groups, extra = {} }: UserInfo): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { 'X-Remote-User': utf8(username) };
  if (uid !== '') headers['X-Remote-Uid'] = utf8(uid);
  if (groups.length > 0) headers['X-Remote-Group'] = groups.map(utf8);
  for (const key in extra) headers[`X-Remote-Extra-${escapeKey(key)}`] = (extra[key] ?? []).map(utf8);
  return headers;
}

/** The headers of an answer that a client gets; its own cache rules and warnings are the other server's. */
export function answerHeaders(incoming: IncomingHttpHeaders, own: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const listed = new Set((incoming.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const headers = { ...own };
  for (const name in incoming) {
    if (HOP_BY_HOP.has(name) || KEPT_BACK.has(name) || listed.has(name) || name.startsWith('access-control-')) continue;
    headers[name] = incoming[name];
  }
  const warnings = [own['warning'] ?? [], incoming['warning'] ?? []].flat() as string[];
  if (warnings.length > 0) (headers as Record<string, unknown>)['warning'] = warnings;
  return headers;
}

/** Node writes header values byte by byte. */
function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Percent-encodes what no header name may hold. */
function escapeKey(key: string): string {
  let escaped = '';
  for (const byte of Buffer.from(key, 'utf8')) {
    const char = String.fromCharCode(byte);
    escaped += /[A-Za-z0-9!#$&'*+\-.^_`|~]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}

/** A bearer token among the protocols of a WebSocket was for this server. */
function withoutToken(headers: OutgoingHttpHeaders): void {
  const protocols = headers['sec-websocket-protocol'];
  if (typeof protocols !== 'string' || !protocols.includes(TOKEN_PROTOCOL)) return;
  const left = protocols
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => !protocol.startsWith(TOKEN_PROTOCOL));
  headers['sec-websocket-protocol'] = left.join(', ');
}
