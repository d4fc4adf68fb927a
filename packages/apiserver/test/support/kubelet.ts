/** What stands behind connections: a kubelet with real TLS that takes the API server's certificate alone, and pods' own HTTP. */
import { createServer as createHttpServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Leaf } from './authority.js';

/** A request as it came. */
export interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  /** Common name of the client's certificate; '' without one. */
  client: string;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface StandIn {
  readonly port: number;
  readonly seen: Seen[];
  /** By path; others are answered 404. */
  readonly answers: Map<string, Answer>;
  /** Protocols of WebSockets that are taken; others are refused with 403. */
  webSocketProtocols: string[];
  /** What requests for other protocols are answered, in place of 101. */
  upgradeStatus: '200 OK' | '401 Unauthorized' | undefined;
  /** Connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

/** An address of this machine that others could reach: proxies do not lead to the loopback interface. */
export function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flat()
    .find((entry) => entry !== undefined && !entry.internal && entry.family === 'IPv4');
  if (found === undefined) throw new Error('this machine has no address besides those of the loopback interface');
  return found.address;
}

/** @param clientCa - Whose certificates are taken; clients without one are answered 401. */
export function startKubelet(serving: Leaf, clientCa: string): Promise<StandIn> {
  const server = createServer({ ...serving, ca: clientCa, requestCert: true, rejectUnauthorized: false });
  return listen(server, (socket) => {
    const { authorized } = socket as TLSSocket;
    return authorized ? String((socket as TLSSocket).getPeerCertificate().subject.CN) : null;
  });
}

/** Plain HTTP, as pods speak. */
export function startPodServer(): Promise<StandIn> {
  return listen(createHttpServer(), () => '');
}

async function listen(server: Server, clientOf: (socket: Socket) => string | null): Promise<StandIn> {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const answers: StandIn['answers'] = new Map();
  const take = (request: IncomingMessage): boolean => {
    const client = clientOf(request.socket);
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: { ...request.headers }, client: client ?? '' });
    return client !== null;
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!take(request)) {
      response.writeHead(401).end('Unauthorized');
      return;
    }
    const answer = answers.get(new URL(request.url ?? '/', 'http://x').pathname);
    if (answer === undefined) response.writeHead(404).end('404 page not found\n');
    else answer(request, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => {});
    const refusal = take(request) ? standIn.upgradeStatus : '401 Unauthorized';
    if (refusal !== undefined) socket.end(`HTTP/1.1 ${refusal}\r\nContent-Length: ${refusal.length - 4}\r\n\r\n${refusal.slice(4)}`);
    else if (request.headers.upgrade === 'websocket') takeWebSocket(standIn.webSocketProtocols, request, socket, head);
    else takeSpdy(request, socket);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const standIn: StandIn = {
    port: (server.address() as AddressInfo).port,
    seen,
    answers,
    webSocketProtocols: ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
    upgradeStatus: undefined,
    sockets,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return standIn;
}

/** Sends back what comes, message by message. */
function takeWebSocket(known: readonly string[], request: IncomingMessage, socket: Socket, head: Buffer): void {
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
  const chosen = offered.find((protocol) => known.includes(protocol));
  if (chosen === undefined) {
    const text = 'no protocol that is known here';
    socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
    return;
  }
  const server = new WebSocketServer({ noServer: true });
  // The library refuses names with a slash.
  delete request.headers['sec-websocket-protocol'];
  server.once('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${chosen}`));
  server.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
    webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
  });
}

/** Greets, and sends back in upper case what comes. */
function takeSpdy(request: IncomingMessage, socket: Socket): void {
  const version = String(request.headers['x-stream-protocol-version'] ?? '').split(',')[0];
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\nX-Stream-Protocol-Version: ${version}\r\n\r\nhello `,
  );
  socket.on('data', (chunk: Buffer) => {
    if (chunk.toString('utf8').includes('bye')) socket.end('BYE');
    else socket.write(chunk.toString('utf8').toUpperCase());
  });
}
