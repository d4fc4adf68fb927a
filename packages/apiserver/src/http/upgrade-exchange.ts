import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { BodyTooLargeError, Http1Exchange, type UpgradeSwitch } from './exchange.js';
import type { ChunkPool } from './parted-body.js';

/**
 * A request that asks for another protocol on its connection. Node leaves the connection to us: an answer is written as
 * usual and the last on it, or it goes on with the other protocol.
 */
export class UpgradeExchange extends Http1Exchange {
  readonly upgrade: UpgradeSwitch;
  readonly #socket: Socket;
  readonly #head: Buffer;
  #isSwitched = false;

  constructor(request: IncomingMessage, socket: Socket, head: Buffer, chunks: ChunkPool) {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.end());
    super(request, response, chunks);
    this.#socket = socket;
    this.#head = head;
    this.upgrade = {
      accept: (headers) => {
        this.#isSwitched = true;
        socket.write(head101(headers));
        return { socket, head };
      },
      release: () => {
        this.#isSwitched = true;
        return { request, socket, head };
      },
    };
  }

  override get statusCode(): number {
    return this.#isSwitched ? 101 : super.statusCode;
  }

  /** What follows on the connection belongs to the other protocol. */
  override openBody(): null {
    return null;
  }

  /** Of a request that is served as if it had not asked for another protocol. */
  override async readBody(bytesMax: number): Promise<Buffer> {
    const sizeBytes = Number(this.headers['content-length'] ?? 0);
    if (sizeBytes > bytesMax) throw new BodyTooLargeError(`body is over ${bytesMax} bytes`);
    const chunks = [this.#head];
    let missing = sizeBytes - this.#head.length;
    while (missing > 0) {
      const chunk = (this.#socket.read() as Buffer | null) ?? (await readable(this.#socket));
      if (chunk === null) continue;
      chunks.push(chunk);
      missing -= chunk.length;
    }
    return Buffer.concat(chunks).subarray(0, sizeBytes);
  }
}

function readable(socket: Socket): Promise<null> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('the client closed the connection before the body was complete'));
    if (socket.readableEnded || socket.destroyed) return gone();
    socket.once('close', gone);
    socket.once('end', gone);
    socket.once('readable', () => {
      socket.off('close', gone);
      socket.off('end', gone);
      resolve(null);
    });
  });
}

function head101(headers: OutgoingHttpHeaders): string {
  const lines = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().map((item) => `${name}: ${item}\r\n`));
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`;
}
