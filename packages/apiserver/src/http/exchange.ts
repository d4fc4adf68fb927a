import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { constants, type IncomingHttpHeaders as Http2Headers, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type ChunkPool, type PartedBody, sendParts, sendPartsGzipped } from './parted-body.js';
import { pipeBody } from './piped-body.js';

/** A body that was larger than the server reads. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

/**
 * One request and its answer, the same for HTTP/1.1 and HTTP/2. Header names are lower case.
 *
 * An answer is either `respond` or `respondInParts` once, or `start`, any number of `write`, `end`.
 */
export interface Exchange {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: Socket | TLSSocket;
  readonly httpVersion: '1.1' | '2';
  /** The status sent, 0 before the answer began. */
  readonly statusCode: number;
  /** The values of a header as they were sent, which `headers` joins; the name in lower case. */
  headerValues(name: string): readonly string[];
  /** Whether the client wants another protocol on its connection, which has the methods for it then. */
  readonly upgrade?: UpgradeSwitch;
  /** The body as it comes, in place of `readBody`; null when there is none. */
  openBody(): Readable | null;
  /** Reads the whole body. Rejects with {@link BodyTooLargeError} above `bytesMax`. */
  readBody(bytesMax: number): Promise<Buffer>;
  respond(status: number, headers: OutgoingHttpHeaders, body: Buffer | string): void;
  /** Sends a large body as fast as the client takes it; `gzip` compresses on the way. */
  respondInParts(status: number, headers: OutgoingHttpHeaders, body: PartedBody, options: { gzip: boolean }): void;
  /** Sends what comes as it comes, as fast as the client takes it; a source that fails breaks the answer off, a client that goes ends it. */
  respondWith(status: number, headers: OutgoingHttpHeaders, source: Readable): void;
  start(status: number, headers: OutgoingHttpHeaders): void;
  /** Nothing after the end. @returns false when the peer reads too slowly; see `bufferedBytes`. */
  write(chunk: Buffer | string): boolean;
  end(): void;
  /** Bytes written but not yet taken by the peer. */
  readonly bufferedBytes: number;
  /** Breaks the connection or stream off without a proper end. */
  abort(): void;
  /** Called once when the exchange is over, for whichever reason; at once if it already is. */
  onClose(listener: () => void): void;
  readonly closed: boolean;
}

/** A connection that may go on with another protocol. */
export interface UpgradeSwitch {
  /** Answers 101 and hands the connection over, with what the client sent on it already. The exchange is over when the connection is. */
  accept(headers: OutgoingHttpHeaders): { socket: Socket; head: Buffer };
  /** Hands the connection over to who answers 101 itself. */
  release(): { request: IncomingMessage; socket: Socket; head: Buffer };
}

/** Collects a readable's chunks up to a limit. */
function collect(source: IncomingMessage | ServerHttp2Stream, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    source.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > bytesMax) {
        source.removeAllListeners('data');
        source.resume();
        reject(new BodyTooLargeError(`body is over ${bytesMax} bytes`));
        return;
      }
      chunks.push(chunk);
    });
    source.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    source.on('error', reject);
    source.on('aborted', () => reject(new Error('the client closed the connection before the body was complete')));
  });
}

/** An exchange on HTTP/1.1. */
export class Http1Exchange implements Exchange {
  readonly httpVersion = '1.1';
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #chunks: ChunkPool;

  constructor(request: IncomingMessage, response: ServerResponse, chunks: ChunkPool) {
    this.#request = request;
    this.#response = response;
    this.#chunks = chunks;
    response.on('error', () => {});
  }
  get method(): string {
    return this.#request.method ?? 'GET';
  }
  get url(): string {
    return this.#request.url ?? '/';
  }
  get headers(): IncomingHttpHeaders {
    return this.#request.headers;
  }
  get socket(): Socket {
    return this.#request.socket;
  }
  headerValues(name: string): readonly string[] {
    return this.#request.headersDistinct[name] ?? [];
  }
  get statusCode(): number {
    return this.#response.headersSent ? this.#response.statusCode : 0;
  }
  get bufferedBytes(): number {
    return this.#response.writableLength;
  }
  get closed(): boolean {
    return this.#response.closed || this.#response.destroyed;
  }
  readBody(bytesMax: number): Promise<Buffer> {
    return collect(this.#request, bytesMax);
  }
  openBody(): Readable | null {
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = this.#request.headers;
    return length === '0' && encoding === undefined ? null : this.#request;
  }
  respondWith(status: number, headers: OutgoingHttpHeaders, source: Readable): void {
    this.start(status, headers);
    pipeBody(source, this.#response, () => this.abort());
  }
  respond(status: number, headers: OutgoingHttpHeaders, body: Buffer | string): void {
    headers['content-length'] = Buffer.byteLength(body);
    this.#response.writeHead(status, headers);
    if (this.method === 'HEAD' || status === 304) this.#response.end();
    else this.#response.end(body);
  }
  respondInParts(status: number, headers: OutgoingHttpHeaders, body: PartedBody, { gzip }: { gzip: boolean }): void {
    if (!gzip) headers['content-length'] = body.sizeBytes;
    this.#response.writeHead(status, headers);
    if (this.method === 'HEAD') this.#response.end();
    else (gzip ? sendPartsGzipped : sendParts)(this.#response, body, this.#chunks);
  }
  start(status: number, headers: OutgoingHttpHeaders): void {
    this.#response.writeHead(status, headers);
    this.#response.flushHeaders();
  }
  write(chunk: Buffer | string): boolean {
    return this.closed ? true : this.#response.write(chunk);
  }
  end(): void {
    this.#response.end();
  }
  abort(): void {
    this.#request.socket.destroy();
  }
  onClose(listener: () => void): void {
    if (this.closed) listener();
    else this.#response.once('close', listener);
  }
}

/** An exchange on HTTP/2, on the stream itself: the compatibility layer costs a fifth of the throughput. */
export class Http2Exchange implements Exchange {
  readonly httpVersion = '2';
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly url: string;
  readonly #stream: ServerHttp2Stream;
  readonly #chunks: ChunkPool;
  /** Names and values in turn. */
  readonly #rawHeaders: readonly string[];
  #status = 0;

  constructor(stream: ServerHttp2Stream, headers: Http2Headers, chunks: ChunkPool, rawHeaders: readonly string[]) {
    this.#stream = stream;
    this.#rawHeaders = rawHeaders;
    this.#chunks = chunks;
    this.headers = headers;
    this.method = String(headers[':method'] ?? 'GET');
    this.url = String(headers[':path'] ?? '/');
    stream.on('error', () => {});
  }
  get socket(): Socket {
    return (this.#stream.session as Http2Session | undefined)?.socket as Socket;
  }
  get statusCode(): number {
    return this.#status;
  }
  get bufferedBytes(): number {
    return this.#stream.writableLength;
  }
  get closed(): boolean {
    return this.#stream.closed || this.#stream.destroyed;
  }
  readBody(bytesMax: number): Promise<Buffer> {
    return collect(this.#stream, bytesMax);
  }
  headerValues(name: string): readonly string[] {
    return this.#rawHeaders.filter((_, i) => i % 2 === 1 && this.#rawHeaders[i - 1]?.toLowerCase() === name);
  }
  openBody(): Readable | null {
    return this.#stream.endAfterHeaders ? null : this.#stream;
  }
  respondWith(status: number, headers: OutgoingHttpHeaders, source: Readable): void {
    if (this.closed) {
      source.destroy();
      return;
    }
    this.start(status, headers);
    if (this.method === 'HEAD' || status === 204 || status === 304) {
      source.destroy();
      this.#stream.end();
      return;
    }
    pipeBody(source, this.#stream, () => this.abort());
  }
  respond(status: number, headers: OutgoingHttpHeaders, body: Buffer | string): void {
    if (this.closed) return;
    headers['content-length'] = Buffer.byteLength(body);
    this.start(status, headers);
    if (this.method === 'HEAD' || status === 304) this.#stream.end();
    else this.#stream.end(body);
  }
  respondInParts(status: number, headers: OutgoingHttpHeaders, body: PartedBody, { gzip }: { gzip: boolean }): void {
    if (this.closed) return;
    if (!gzip) headers['content-length'] = body.sizeBytes;
    this.start(status, headers);
    if (this.method === 'HEAD') this.#stream.end();
    else (gzip ? sendPartsGzipped : sendParts)(this.#stream, body, this.#chunks);
  }
  start(status: number, headers: OutgoingHttpHeaders): void {
    if (this.closed) return;
    this.#status = status;
    headers[':status'] = status;
    this.#stream.respond(headers);
  }
  write(chunk: Buffer | string): boolean {
    return this.closed ? true : this.#stream.write(chunk);
  }
  end(): void {
    if (!this.closed) this.#stream.end();
  }
  abort(): void {
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
  onClose(listener: () => void): void {
    if (this.closed) listener();
    else this.#stream.once('close', listener);
  }
}
