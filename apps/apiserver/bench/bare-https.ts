/** The machine's own limit of answering: Node's servers for HTTPS and HTTP/2 that send the same bytes to everyone. */
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';

/** What to serve: key and certificate files, and the bytes by path. */
export interface BareTask {
  certFile: string;
  keyFile: string;
  bodies: Record<string, string>;
  /** What every open `GET /watch` is sent for each `GET /send`. */
  event: string;
}

/** Ports of the two servers. */
export interface BarePorts {
  https: number;
  http2: number;
}

process.on('message', (task: BareTask) => {
  const bodies = new Map(Object.entries(task.bodies).map(([path, text]) => [path, Buffer.from(text)]));
  const tls = { cert: readFileSync(task.certFile), key: readFileSync(task.keyFile) };
  const event = Buffer.from(task.event);
  const watchers = new Set<ServerResponse | ServerHttp2Stream>();
  const send = (): void => {
    for (const watcher of watchers) (watcher as ServerResponse).write(event);
  };
  const https = createServer(tls, (request, response) => {
    if (request.url === '/watch') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      watchers.add(response);
      return;
    }
    if (request.url === '/send') send();
    const body = bodies.get(request.url ?? '') ?? Buffer.alloc(0);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
  const http2 = createSecureServer({ ...tls, settings: { maxConcurrentStreams: 2_000 }, maxSessionMemory: 1_000 });
  http2.on('stream', (stream, { ':path': path = '' }) => {
    stream.on('error', () => {});
    if (path === '/watch') {
      stream.respond({ ':status': 200, 'content-type': 'application/json' });
      watchers.add(stream);
      return;
    }
    if (path === '/send') send();
    const body = bodies.get(path) ?? Buffer.alloc(0);
    stream.respond({ ':status': 200, 'content-type': 'application/json', 'content-length': body.length });
    stream.end(body);
  });
  const listening = (server: Server): Promise<number> =>
    new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
  void Promise.all([listening(https), listening(http2)]).then(([one, other]) => {
    process.send?.({ https: one, http2: other } satisfies BarePorts);
  });
});
