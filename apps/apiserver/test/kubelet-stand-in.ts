/**
 * A kubelet as far as kubectl needs one: logs, and commands and ports of "containers" that are processes and sockets of this
 * machine, over SPDY/3.1 or WebSockets. It takes clients with a certificate of the server's CA alone.
 */
import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import { acceptSpdy, type SpdyStream } from './spdy.js';

const CHANNEL_PROTOCOL = 'v5.channel.k8s.io';
const SPDY_PROTOCOLS = ['v4.channel.k8s.io', 'portforward.k8s.io'];
/** Channels of a WebSocket, as the first byte of each message. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, close: 255 } as const;

/** The ends of a process that a client holds. */
interface Ends {
  stdin: Readable | undefined;
  stdout: Writable | undefined;
  stderr: Writable | undefined;
  /** Given the Status with which the process ended. */
  finish(status: object): void;
}

export class KubeletStandIn {
  port = 0;
  /** Whether WebSockets are taken: older kubelets know SPDY alone. */
  takesWebSockets = true;
  /** Common names of clients, paths and protocols, in order. */
  readonly seen: string[] = [];
  /** Readers of logs that are followed. */
  readonly followers: Set<ServerResponse> = new Set();
  readonly #sockets = new Set<Socket>();
  #close: () => Promise<void> = async () => {};

  /** @param ca - Of clients' certificates. */
  async start(serving: { cert: string; key: string }, ca: string): Promise<void> {
    const server = createServer({ ...serving, ca, requestCert: true, rejectUnauthorized: false });
    server.on('request', (request, response) => this.#serve(request, response));
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => this.#upgrade(request, socket, head));
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.#close = () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of this.#sockets) socket.destroy();
      });
  }

  close(): Promise<void> {
    return this.#close();
  }

  #take(request: IncomingMessage): boolean {
    const socket = request.socket as TLSSocket;
    const client = socket.authorized ? socket.getPeerCertificate().subject : null;
    this.seen.push(`${client?.O}/${client?.CN} ${request.method} ${request.url} ${request.headers.upgrade ?? ''}`.trim());
    return client !== null;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#take(request)) {
      response.writeHead(401).end('Unauthorized');
      return;
    }
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://x');
    if (pathname === '/healthz') response.end('ok');
    else if (!pathname.startsWith('/containerLogs/')) response.writeHead(404).end('404 page not found\n');
    else if (pathname.endsWith('/broken')) response.writeHead(500).end('failed to open log file');
    else if (searchParams.get('follow') === 'true') {
      response.write('one\ntwo\n');
      this.followers.add(response);
    } else response.end(searchParams.get('tailLines') === '1' ? 'two\n' : 'one\ntwo\n');
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => {});
    if (!this.#take(request)) socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    else if (request.headers.upgrade === 'websocket') this.#acceptWebSocket(request, socket, head);
    else this.#acceptSpdy(request, socket);
  }

  #acceptWebSocket(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const isKnown = request.headers['sec-websocket-protocol']?.includes(CHANNEL_PROTOCOL) === true;
    if (!this.takesWebSockets || !isKnown) {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const server = new WebSocketServer({ noServer: true, handleProtocols: () => CHANNEL_PROTOCOL });
    server.handleUpgrade(request, socket, head, (webSocket) => runProcess(request, webSocketEnds(webSocket)));
  }

  #acceptSpdy(request: IncomingMessage, socket: Socket): void {
    const offered = String(request.headers['x-stream-protocol-version'] ?? '').split(', ');
    const chosen = offered.find((protocol) => SPDY_PROTOCOLS.includes(protocol)) ?? '';
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${chosen}\r\n\r\n`,
    );
    const streams = new Map<string, SpdyStream>();
    const { searchParams } = new URL(request.url ?? '/', 'https://x');
    const wanted = 1 + ['input', 'output', 'error'].filter((name) => searchParams.has(name)).length;
    acceptSpdy(socket, (stream, headers) => {
      const type = headers['streamtype'] ?? '';
      if (chosen === 'portforward.k8s.io') {
        // The stream for errors comes first.
        if (type === 'error') streams.set(headers['requestid'] ?? '', stream);
        else forwardPort(stream, streams.get(headers['requestid'] ?? ''));
        return;
      }
      streams.set(type, stream);
      if (streams.size === wanted) runProcess(request, spdyEnds(streams, socket));
    });
  }
}

/** What is behind a forwarded port: it sends back in upper case what comes. */
function forwardPort(stream: SpdyStream, errors: SpdyStream | undefined): void {
  stream.on('data', (chunk: Buffer) => stream.write(chunk.toString('utf8').toUpperCase()));
  stream.on('end', () => {
    stream.end();
    errors?.end();
  });
}

function spdyEnds(streams: ReadonlyMap<string, SpdyStream>, socket: Socket): Ends {
  return {
    stdin: streams.get('stdin'),
    stdout: streams.get('stdout'),
    stderr: streams.get('stderr'),
    finish: (status) => {
      const error = streams.get('error') as SpdyStream;
      error.end(JSON.stringify(status), () => setImmediate(() => socket.end()));
    },
  };
}

function webSocketEnds(webSocket: WebSocket): Ends {
  const stdin = new PassThrough();
  webSocket.on('message', (data: Buffer) => {
    if (data[0] === CHANNEL.stdin) stdin.write(data.subarray(1));
    else if (data[0] === CHANNEL.close && data[1] === CHANNEL.stdin) stdin.end();
  });
  const channel = (number: number): Writable => {
    const out = new PassThrough();
    out.on('data', (chunk: Buffer) => webSocket.send(Buffer.concat([Buffer.from([number]), chunk])));
    return out;
  };
  return {
    stdin,
    stdout: channel(CHANNEL.stdout),
    stderr: channel(CHANNEL.stderr),
    finish: (status) => {
      webSocket.send(Buffer.concat([Buffer.from([CHANNEL.error]), Buffer.from(JSON.stringify(status))]));
      webSocket.close(1000);
    },
  };
}

/** Runs the command of an exec; an attach gets `cat`. */
function runProcess(request: IncomingMessage, { stdin, stdout, stderr, finish }: Ends): void {
  const words = new URL(request.url ?? '/', 'https://x').searchParams.getAll('command');
  const [file = 'cat', ...args] = words;
  const child = spawn(file, args, { stdio: 'pipe' });
  stdin?.pipe(child.stdin);
  if (stdin === undefined) child.stdin.end();
  child.stdout.on('data', (chunk: Buffer) => stdout?.write(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr?.write(chunk));
  child.on('close', (code) => finish(statusOf(code ?? -1)));
}

function statusOf(code: number): object {
  if (code === 0) return { metadata: {}, status: 'Success' };
  const details = { causes: [{ reason: 'ExitCode', message: String(code) }] };
  return { metadata: {}, status: 'Failure', message: `command terminated with exit code ${code}`, reason: 'NonZeroExitCode', details };
}
