import type { AuthenticationRequest } from '../interface.js';

const PREFIX = 'base64url.bearer.authorization.k8s.io.';
/** Stands for a token that cannot be read: nobody has it. */
const UNREADABLE = '\0';
const WEBSOCKET = /(^|[, \t])websocket([, \t]|$)/i;
const UPGRADE = /(^|[, \t])upgrade([, \t]|$)/i;
const decoder = new TextDecoder('utf-8', { fatal: true });

function decode(text: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) return UNREADABLE;
  try {
    return decoder.decode(Buffer.from(text, 'base64url'));
  } catch {
    return UNREADABLE;
  }
}

/**
 * The token that a browser sends with a WebSocket, where it cannot set headers: one of the subprotocols is
 * `base64url.bearer.authorization.k8s.io.<token>`, beside at least one other.
 *
 * @returns null for requests that are no WebSockets or bring no such subprotocol; a token that nobody has when it is
 *   malformed, comes twice, or alone.
 */
export function websocketToken({ headers }: AuthenticationRequest): string | null {
  if (!WEBSOCKET.test(String(headers['upgrade'] ?? '')) || !UPGRADE.test(String(headers['connection'] ?? ''))) return null;
  const protocols = String(headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((protocol) => protocol.trim());
  const tokens = protocols.filter((protocol) => protocol.startsWith(PREFIX));
  if (tokens.length === 0) return null;
  return tokens.length === 1 && protocols.length > 1 ? decode((tokens[0] as string).slice(PREFIX.length)) : UNREADABLE;
}
