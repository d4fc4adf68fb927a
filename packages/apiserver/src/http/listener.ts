import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { type Exchange, Http1Exchange, Http2Exchange } from './exchange.js';
import { ChunkPool } from './parted-body.js';

/** Certificates and address of the listener. PEM texts. */
export interface ListenerOptions {
  host: string;
  /** 0 = a free port. */
  port: number;
  cert: string;
  key: string;
  /** CAs of client certificates; certificates are asked for, not demanded. */
  clientCa?: string;
  /** CAs of proxies that name the users whom they ask for. */
  requestHeaderCa?: string;
  /** Default `TLSv1.2`. */
  tlsMinVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** A listening HTTPS server for HTTP/2 and HTTP/1.1 on one port. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Stops accepting connections, lets running exchanges end, and breaks the rest off after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Bytes of request headers that are read, as kube-apiserver's default. */
const HEADER_BYTES_MAX = 1 << 20;

/**
 * Starts listening.
 *
 * @param onExchange - Called for each request; must not throw.
 */
export async function listen(options: ListenerOptions, onExchange: (exchange: Exchange) => void): Promise<Listener> {
  const authorities = [options.clientCa, options.requestHeaderCa].filter((pem) => pem !== undefined);
  const server: Http2SecureServer = createSecureServer({
    allowHTTP1: true,
    cert: options.cert,
    key: options.key,
    ...(authorities.length === 0 ? {} : { ca: authorities }),
    minVersion: options.tlsMinVersion ?? 'TLSv1.2',
    requestCert: authorities.length > 0,
    rejectUnauthorized: false,
    maxHeaderSize: HEADER_BYTES_MAX,
    settings: { maxConcurrentStreams: 1000, initialWindowSize: 1 << 20, maxHeaderListSize: HEADER_BYTES_MAX },
  } as Parameters<typeof createSecureServer>[0]);
  const chunks = new ChunkPool();
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<Socket>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.once('close', () => sessions.delete(session));
  });
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => {
    onExchange(new Http1Exchange(request as unknown as IncomingMessage, response as unknown as ServerResponse, chunks));
  });
  // A listener for requests brings the compatibility layer with it, which would make two objects more for every
  // HTTP/2 stream: those are served as they are.
  server.removeAllListeners('stream');
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, ...[rawHeaders = []]: string[][]) => {
    if (headers['expect'] === '100-continue') stream.additionalHeaders({ ':status': 100 });
    onExchange(new Http2Exchange(stream, headers, chunks, rawHeaders));
  });
  // Few connections go on with another protocol: what serves them is loaded with the first.
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    void import('./upgrade-exchange.js').then(({ UpgradeExchange }) => {
      if (!socket.destroyed) onExchange(new UpgradeExchange(request, socket, head, chunks));
    });
  });
  server.on('sessionError', () => {});
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  return {
    host: address.address,
    port: address.port,
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.close();
      (server as unknown as { closeIdleConnections?: () => void }).closeIdleConnections?.();
      const timer = setTimeout(() => {
        for (const session of sessions) session.destroy();
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      const idle = setInterval(() => {
        (server as unknown as { closeIdleConnections?: () => void }).closeIdleConnections?.();
      }, 50);
      await closed;
      clearTimeout(timer);
      clearInterval(idle);
    },
  };
}
