import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { ServingCertificate } from './certificate-authority.js';

/** What a webhook was sent. */
export interface Review {
  apiVersion: string;
  kind: string;
  request: Record<string, unknown> & {
    uid: string;
    object: Record<string, unknown> | null;
    oldObject: Record<string, unknown> | null;
  };
}

/** The `response` of an answer, without its uid. */
export type Answer = Record<string, unknown>;
type Route = (review: Review, request: IncomingMessage, response: ServerResponse) => Answer | undefined;

/** A webhook over HTTPS; its paths answer as the test says. */
export interface WebhookServer {
  readonly url: string;
  readonly port: number;
  /** Everything it was sent, in order, with the path. */
  readonly received: { path: string; review: Review }[];
  /** Connections that were opened. */
  readonly connections: () => number;
  close(): Promise<void>;
}

/** The whole answer to a review. */
export function answerTo(review: Review, response: Answer): object {
  return { apiVersion: review.apiVersion, kind: 'AdmissionReview', response: { uid: review.request.uid, ...response } };
}

/** @param routes - By path. One that returns nothing answers on its own. */
export async function startWebhook(certificate: ServingCertificate, routes: Record<string, Route>): Promise<WebhookServer> {
  const received: { path: string; review: Review }[] = [];
  let connectionCount = 0;
  const server: Server = createServer(certificate, (request, response) => {
    void (async () => {
      const path = (request.url ?? '').split('?')[0] ?? '';
      const review = (await json(request)) as Review;
      received.push({ path, review });
      const answer = routes[path]?.(review, request, response);
      if (answer !== undefined) response.setHeader('content-type', 'application/json').end(JSON.stringify(answerTo(review, answer)));
    })();
  });
  // Connections end when the client ends them.
  server.keepAliveTimeout = 0;
  server.on('secureConnection', () => connectionCount++);
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    received,
    connections: () => connectionCount,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** `response.patch` of a list of operations. */
export function patchOf(...operations: object[]): Answer {
  return { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') };
}
