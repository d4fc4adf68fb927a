/** A real HTTPS server that takes audit events. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { KeyPair } from './certificate-authority.js';

/** A status, with headers or without; `never` lets the client wait. */
export type Answer = number | { status: number; headers: Record<string, string> } | 'never';

export interface ReceivedRequest {
  atMs: number;
  url: string;
  method: string;
  headers: IncomingHttpHeaders;
  /** Common name of the client's certificate. */
  client: string | string[] | undefined;
  list: { kind: string; apiVersion: string; metadata: object; items: { auditID: string }[] };
}

export interface Receiver {
  readonly port: number;
  readonly url: string;
  /** Everything that came in, whatever the answer. */
  readonly requests: ReceivedRequest[];
  /** Ids of the events of requests that were answered with a 2xx. */
  readonly delivered: string[];
  /** Answers of the next requests; 200 when there are none left. */
  readonly answers: Answer[];
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

export async function startReceiver(pair: KeyPair, options: { port?: number; clientCa?: string } = {}): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  const delivered: string[] = [];
  const answers: Answer[] = [];
  const tls = options.clientCa === undefined ? {} : { ca: options.clientCa, requestCert: true, rejectUnauthorized: true };
  const server: Server = createServer({ ...pair, ...tls }, async (request, response) => {
    const list = JSON.parse(await bodyOf(request)) as ReceivedRequest['list'];
    const { url = '', method = '', headers } = request;
    const client = (request.socket as TLSSocket).getPeerCertificate()?.subject?.CN;
    requests.push({ atMs: performance.now(), url, method, headers, client, list });
    const answer = answers.shift() ?? 200;
    if (answer === 'never') return;
    const { status, headers: more } = typeof answer === 'number' ? { status: answer, headers: {} } : answer;
    if (status < 300) delivered.push(...list.items.map(({ auditID }) => auditID));
    response.writeHead(status, more).end('an answer that nobody reads');
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `https://127.0.0.1:${port}/events`,
    requests,
    delivered,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
