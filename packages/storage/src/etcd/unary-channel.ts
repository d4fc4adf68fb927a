/**
 * Single gRPC calls over one HTTP/2 session of Node's own.
 *
 * The general client library spends more on a call than etcd and the network together; this does what a store needs and
 * no more: one request message, one answer, a deadline. Who connects to what, and what is tried again, is decided above.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type SecureClientSessionOptions } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { status } from '@grpc/grpc-js';

/** A call that failed; shaped like the errors of the gRPC library. */
export class GrpcFault extends Error {
  override readonly name = 'GrpcFault';
  readonly code: number;
  readonly details: string;
  /** The server has said that it did nothing about the request, so that even a write may be sent again. */
  readonly isUnprocessed: boolean;

  constructor(code: number, details: string, options: { cause?: unknown; isUnprocessed?: boolean } = {}) {
    super(details, { cause: options.cause });
    this.code = code;
    this.details = details;
    this.isUnprocessed = options.isUnprocessed ?? false;
  }
}

/** Where a channel leads and how. */
export interface UnaryChannelOptions {
  /** `http://host:port`, `https://host:port` or `unix:///path`. */
  url: string;
  tls: Pick<SecureClientSessionOptions, 'ca' | 'cert' | 'key'>;
  keepaliveTimeMs: number;
  keepaliveTimeoutMs: number;
  sendBytesMax: number;
  receiveBytesMax: number;
}

/** Hears how a call ended. */
export type UnaryCallback = (error: Error | null, message?: Buffer) => void;

const PREFIX_BYTES = 5;
/** Bytes on their way to us before etcd waits; the protocol's own 64 KiB make large lists slow. */
const WINDOW_BYTES = 4 * 2 ** 20;
const REFUSED_STREAM = 7;
/** What gRPC makes of HTTP answers that are not its own, e.g. of a proxy. */
const STATUS_OF_HTTP = new Map<number, number>([
  [401, status.UNAUTHENTICATED],
  [403, status.PERMISSION_DENIED],
  [404, status.UNIMPLEMENTED],
  [429, status.UNAVAILABLE],
  [502, status.UNAVAILABLE],
  [503, status.UNAVAILABLE],
  [504, status.UNAVAILABLE],
]);

/** One server's channel; connects on the first call and again after the connection was lost. */
export class UnaryChannel {
  readonly #options: UnaryChannelOptions;
  readonly #authority: string;
  readonly #scheme: string;
  #session: ClientHttp2Session | null = null;
  #isReady = false;
  #inFlight = 0;
  #pingTimer: NodeJS.Timeout | null = null;
  #lastFault: Error | null = null;

  constructor(options: UnaryChannelOptions) {
    this.#options = options;
    const isUnix = options.url.startsWith('unix:');
    this.#authority = isUnix ? 'localhost' : options.url.replace(/^https?:\/\//, '').replace(/\/$/, '');
    this.#scheme = options.url.startsWith('https:') ? 'https' : 'http';
  }

  /** A connection stands and takes calls. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /**
   * Sends a request and tells `done` once how it ended; never throws.
   *
   * @param token - Sent as etcd's auth token; '' = none.
   * @param deadlineMs - Epoch milliseconds after which the call fails with `DEADLINE_EXCEEDED`.
   */
  call(path: string, request: Buffer, token: string, deadlineMs: number, done: UnaryCallback): void {
    if (request.length > this.#options.sendBytesMax) {
      const details = `trying to send message larger than max (${request.length} vs. ${this.#options.sendBytesMax})`;
      queueMicrotask(() => done(new GrpcFault(status.RESOURCE_EXHAUSTED, details)));
      return;
    }
    const timeoutMs = Math.max(1, deadlineMs - Date.now());
    let stream: ClientHttp2Stream;
    try {
      stream = this.#connected().request({
        ':method': 'POST',
        ':path': path,
        ':scheme': this.#scheme,
        ':authority': this.#authority,
        te: 'trailers',
        'content-type': 'application/grpc',
        'user-agent': 'k-storage',
        'grpc-timeout': `${Math.ceil(timeoutMs / 1000)}S`,
        ...(token === '' ? {} : { token }),
      });
    } catch (error) {
      queueMicrotask(() => done(this.#lost(error)));
      return;
    }
    this.#inFlight++;
    this.#armPing();
    this.#listen(stream, timeoutMs, done);
    // One frame for prefix and message saves a write.
    const frame = Buffer.allocUnsafe(PREFIX_BYTES + request.length);
    frame[0] = 0;
    frame.writeUInt32BE(request.length, 1);
    request.copy(frame, PREFIX_BYTES);
    stream.end(frame);
  }

  /** Drops the connection; calls under way fail with `UNAVAILABLE`. The next call connects anew. */
  reset(): void {
    const session = this.#session;
    this.#leave(session);
    session?.destroy();
  }

  #listen(stream: ClientHttp2Stream, timeoutMs: number, done: UnaryCallback): void {
    let body: Buffer | null = null;
    let chunks: Buffer[] | null = null;
    let bytes = 0;
    let code = -1;
    let details = '';
    let fault: unknown = null;
    let isSettled = false;
    const settle = (error: Error | null, message?: Buffer): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      if (--this.#inFlight === 0) this.#disarmPing();
      done(error, message);
    };
    const readStatus = (headers: Record<string, unknown>): void => {
      const value = headers['grpc-status'];
      if (value === undefined) return;
      code = Number(value);
      details = decodeMessage(String(headers['grpc-message'] ?? ''));
    };
    const timer = setTimeout(() => {
      settle(new GrpcFault(status.DEADLINE_EXCEEDED, `no answer within ${timeoutMs} ms`));
      stream.close(8);
    }, timeoutMs);
    stream.on('response', (headers) => {
      readStatus(headers);
      const http = headers[':status'] ?? 0;
      if (code < 0 && http !== 200) {
        code = STATUS_OF_HTTP.get(http) ?? status.UNKNOWN;
        details = `HTTP status ${http}`;
      }
    });
    stream.on('trailers', readStatus);
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > this.#options.receiveBytesMax) {
        settle(
          new GrpcFault(status.RESOURCE_EXHAUSTED, `received message larger than max (${bytes} vs. ${this.#options.receiveBytesMax})`),
        );
        stream.close(8);
      } else if (body === null) body = chunk;
      else if (chunks === null) chunks = [body, chunk];
      else chunks.push(chunk);
    });
    stream.on('error', (error) => {
      fault = error;
    });
    stream.on('close', () => {
      if (code > 0) settle(new GrpcFault(code, details));
      else if (code === 0 && body !== null) {
        const whole = chunks === null ? body : Buffer.concat(chunks, bytes);
        if (whole.length >= PREFIX_BYTES && whole[0] === 0 && whole.readUInt32BE(1) === whole.length - PREFIX_BYTES) {
          settle(null, whole.subarray(PREFIX_BYTES));
        } else settle(new GrpcFault(status.INTERNAL, 'the answer is not one uncompressed gRPC message'));
      } else settle(this.#lost(fault, stream.rstCode === REFUSED_STREAM));
    });
  }

  #connected(): ClientHttp2Session {
    if (this.#session !== null) return this.#session;
    const { url, tls } = this.#options;
    const isUnix = url.startsWith('unix:');
    const session = connect(isUnix ? 'http://localhost' : `${this.#scheme}://${this.#authority}`, {
      ...tls,
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
      // The default of 10 MB would refuse calls while large lists are on their way.
      maxSessionMemory: 2 ** 31,
      ...(isUnix ? { createConnection: () => connectSocket(url.replace(/^unix:(\/\/)?/, '')) } : {}),
    });
    this.#session = session;
    session.once('remoteSettings', () => {
      if (this.#session !== session) return;
      session.setLocalWindowSize(4 * WINDOW_BYTES);
      this.#isReady = true;
    });
    session.on('error', (error) => {
      this.#lastFault = error;
      this.#leave(session);
    });
    // A member that goes away finishes what it has; new calls need a new connection.
    session.on('goaway', () => this.#leave(session));
    session.on('close', () => this.#leave(session));
    return session;
  }

  /** New calls do not use that session any more. */
  #leave(session: ClientHttp2Session | null): void {
    if (session === null || this.#session !== session) return;
    this.#session = null;
    this.#isReady = false;
    this.#disarmPing();
    if (!session.destroyed) session.close();
  }

  #lost(cause: unknown, isUnprocessed = false): GrpcFault {
    // A call that waited for the connection fails with "canceled"; why there was none is in its cause.
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const reason = inner instanceof Error ? inner : this.#lastFault;
    return new GrpcFault(status.UNAVAILABLE, reason?.message ?? 'the connection was lost', { cause: reason, isUnprocessed });
  }

  /** Pings while calls wait; etcd ends connections that ping without any. */
  #armPing(): void {
    if (this.#pingTimer !== null) return;
    this.#pingTimer = setInterval(() => this.#ping(), this.#options.keepaliveTimeMs);
    this.#pingTimer.unref();
  }

  #disarmPing(): void {
    if (this.#pingTimer !== null) clearInterval(this.#pingTimer);
    this.#pingTimer = null;
  }

  #ping(): void {
    const session = this.#session;
    if (session === null || !this.#isReady) return;
    const timer = setTimeout(() => {
      this.#lastFault = new Error('the connection does not answer pings');
      if (this.#session === session) this.reset();
    }, this.#options.keepaliveTimeoutMs);
    session.ping(() => clearTimeout(timer));
  }
}

/** gRPC sends messages percent-encoded. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
