import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Http1Exchange, type UpgradeSwitch } from './exchange.js';
import type { ChunkPool } from './parted-body.js';

/**
 * A request that asks for another protocol on its connection. Node leaves the connection to us: an answer is written as
 * usual and the last on it, or it goes on with the other protocol.
 */
export class UpgradeExchange extends Http1Exchange {
  readonly upgrade: UpgradeSwitch;
  #isSwitched = false;

  constructor(request: IncomingMessage, socket: Socket, head: Buffer, chunks: ChunkPool) {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.end());
    super(request, response, chunks);
    this.upgrade = {
      accept: (headers) => {
        this.#isSwitched = true;
        socket.write(head101(headers));
        return { socket, head };
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
}

function head101(headers: OutgoingHttpHeaders): string {
  const lines = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().map((item) => `${name}: ${item}\r\n`));
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`;
}
