/** A service that reviews are posted to: a real HTTPS server with a certificate of a real authority. */
import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import type { ReviewTarget } from '../../src/webhook.js';
import { createAuthority, SERVER_AUTH } from './certificates.js';

/** What was posted, by whom. */
export interface Received {
  url: string;
  headers: IncomingHttpHeaders;
  /** Common name of the caller's certificate. */
  caller: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what they expect.
  review: any;
}

/** A status to answer with, or what answers on its own. */
type Reply = object | ((response: ServerResponse) => void);

export interface Receiver {
  readonly target: ReviewTarget;
  readonly received: Received[];
  /** Answers of the next calls, in order; the last one stays. */
  reply(...replies: Reply[]): void;
  close(): Promise<void>;
}

/** Starts one; callers show a certificate of the same authority. */
export async function startReceiver(): Promise<Receiver> {
  const authority = await createAuthority('hooks');
  const serving = await authority.issue([{ CN: ['hook'] }], { usages: [SERVER_AUTH] });
  const client = await authority.issue([{ CN: ['apiserver'] }]);
  const received: Received[] = [];
  let replies: Reply[] = [{}];
  const server = createServer({ ...serving, ca: authority.pem, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    void (async () => {
      const review = (await json(request)) as Record<string, unknown>;
      const caller = (request.socket as TLSSocket).getPeerCertificate().subject?.CN as string | undefined;
      received.push({ url: request.url ?? '', headers: request.headers, caller, review });
      const reply = (replies.length > 1 ? replies.shift() : replies[0]) as Reply;
      if (typeof reply === 'function') reply(response);
      else response.setHeader('content-type', 'application/json').end(JSON.stringify({ ...review, status: reply }));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    target: { url: `https://127.0.0.1:${port}/review`, ca: authority.pem, cert: client.cert, key: client.key, serverName: 'hook' },
    received,
    reply(...next) {
      replies = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
