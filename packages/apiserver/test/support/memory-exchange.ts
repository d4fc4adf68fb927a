import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { BodyTooLargeError, type Exchange } from '../../src/http/exchange.js';
import type { PartedBody } from '../../src/http/parted-body.js';

const SOCKET: Socket = new Socket();

/** An exchange without a connection: what the server answers is kept. A stream is hung up once it has begun. */
export class MemoryExchange implements Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: Socket = SOCKET;
  readonly httpVersion = '2';
  readonly bufferedBytes = 0;
  statusCode = 0;
  responseHeaders: OutgoingHttpHeaders = {};
  readonly chunks: Buffer[] = [];
  aborted = false;
  closed = false;
  readonly #body: Buffer;
  readonly #onClose: (() => void)[] = [];

  constructor(method: string, url: string, headers: IncomingHttpHeaders, body: Buffer) {
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.#body = body;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }

  async readBody(bytesMax: number): Promise<Buffer> {
    if (this.#body.length > bytesMax) throw new BodyTooLargeError(`body is over ${bytesMax} bytes`);
    return this.#body;
  }

  headerValues(name: string): readonly string[] {
    return [this.headers[name] ?? []].flat();
  }

  openBody(): Readable | null {
    return this.#body.length === 0 ? null : Readable.from([this.#body]);
  }

  respondWith(status: number, headers: OutgoingHttpHeaders, source: Readable): void {
    this.start(status, headers, false);
    source.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    source.once('close', () => this.#close());
  }

  respond(status: number, headers: OutgoingHttpHeaders, body: Buffer | string): void {
    this.start(status, headers, false);
    this.chunks.push(Buffer.from(body as string));
    this.#close();
  }

  respondInParts(status: number, headers: OutgoingHttpHeaders, body: PartedBody): void {
    this.start(status, headers, false);
    const whole = Buffer.alloc(body.sizeBytes);
    body.fill(whole);
    this.chunks.push(whole);
    this.#close();
  }

  start(status: number, headers: OutgoingHttpHeaders, hangUp = true): void {
    if (this.statusCode !== 0) throw new Error('answered twice');
    this.statusCode = status;
    this.responseHeaders = headers;
    if (hangUp) setImmediate(() => this.#close());
  }

  write(chunk: Buffer | string): boolean {
    this.chunks.push(Buffer.from(chunk as string));
    return true;
  }

  end(): void {
    this.#close();
  }

  abort(): void {
    this.aborted = true;
    this.#close();
  }

  onClose(listener: () => void): void {
    if (this.closed) listener();
    else this.#onClose.push(listener);
  }

  #close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const listener of this.#onClose) listener();
  }
}
