/** SPDY/3.1 as clients of Kubernetes speak it. */
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A stream that the client has opened. */
export interface SpdyStream extends Duplex {
  readonly headers: Record<string, string>;
  respond(status: number, headers: Record<string, string>): void;
}

type Headers = Record<string, string>;

interface Window {
  send: { current: number; max: number; limit: number };
}

/** What the library has of a connection; it comes without types. */
interface Connection {
  readonly _spdyState: {
    parser: { parseKVs(pairs: unknown, done: (error: Error | null, headers?: Headers) => void): void };
    /** Of the connection, and the one that those of streams are copies of. */
    window: Window;
    streamWindow: Window;
  };
  start(version: number): void;
  on(event: 'stream', listener: (stream: SpdyStream) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
}

const transport = createRequire(import.meta.url)('spdy-transport') as {
  connection: { create(socket: Socket, options: { protocol: string; isServer: boolean }): Connection };
};

/** Serves a connection; every stream is accepted. */
export function acceptSpdy(socket: Socket, onStream: (stream: SpdyStream, headers: Headers) => void): void {
  const connection = transport.connection.create(socket, { protocol: 'spdy', isServer: true });
  const { parser, window, streamWindow } = connection._spdyState;
  const parse = parser.parseKVs.bind(parser);
  // The library knows HTTP alone; these streams have no method and no path.
  parser.parseKVs = (pairs, done) =>
    parse(pairs, (error, headers) => done(error, headers && { ':method': 'GET', ':path': '/', ...headers }));
  // Clients of Kubernetes do not tell how much they have taken.
  const endless = { current: Number.POSITIVE_INFINITY, max: Number.POSITIVE_INFINITY, limit: Number.POSITIVE_INFINITY };
  for (const { send } of [window, streamWindow]) Object.assign(send, endless);
  connection.on('error', () => {});
  connection.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.respond(200, {});
    onStream(stream, stream.headers);
  });
  connection.start(3.1);
}
