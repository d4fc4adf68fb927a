/** WebSockets that end here: tunnels of SPDY, and logs. */
import { type Duplex, Transform } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { UpgradeSwitch } from '../http/exchange.js';

/** Bytes of a message from a client; those of Kubernetes send 32 KiB. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
const BASE64 = 'base64.binary.k8s.io';

/** The protocols that a WebSocket offers; null when the client wants none. */
export function webSocketProtocols(headers: {
  upgrade?: string | undefined;
  'sec-websocket-protocol'?: string | undefined;
}): string[] | null {
  if (headers.upgrade?.toLowerCase() !== 'websocket') return null;
  const offered = headers['sec-websocket-protocol'] ?? '';
  return offered === '' ? [] : offered.split(',').map((protocol) => protocol.trim());
}

/**
 * Completes the handshake; one that cannot be is answered 400.
 *
 * @param protocol - '' = none.
 * @param onOpen - Given the messages of both sides as bytes: each chunk written is one message.
 */
export function acceptWebSocket(upgrade: UpgradeSwitch, protocol: string, onOpen: (messages: Duplex) => void): void {
  const { request, socket, head } = upgrade.release();
  const server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: MESSAGE_BYTES_MAX });
  // The names of Kubernetes' protocols hold what RFC 6455 does not allow: the library must not see them.
  delete request.headers['sec-websocket-protocol'];
  if (protocol !== '') server.once('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
  server.handleUpgrade(request, socket, head, (webSocket) => {
    const isText = protocol === BASE64;
    const messages = createWebSocketStream(webSocket, isText ? { encoding: 'utf8', decodeStrings: false } : {});
    messages.on('error', () => {});
    onOpen(messages);
  });
}

/** The protocol for a reader of bytes: messages are binary, or base64 for clients that cannot take these. */
export function readerProtocol(offered: readonly string[]): string {
  return offered.find((protocol) => protocol === 'binary.k8s.io' || protocol === BASE64) ?? '';
}

/** What bytes become on their way to messages of a protocol; undefined = they stay as they are. */
export function encoderOf(protocol: string): Transform | undefined {
  if (protocol !== BASE64) return undefined;
  return new Transform({
    readableObjectMode: true,
    transform: (chunk: Buffer, _encoding, done) => done(null, chunk.toString('base64')),
  });
}
