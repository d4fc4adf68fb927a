/** The machine's own limit of answering: Node's HTTPS server that sends the same bytes to everyone. */
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What to serve: key and certificate files, and the bytes by path. */
export interface BareTask {
  certFile: string;
  keyFile: string;
  bodies: Record<string, string>;
  /** What every open `GET /watch` is sent for each `GET /send`. */
  event: string;
}

process.on('message', (task: BareTask) => {
  const bodies = new Map(Object.entries(task.bodies).map(([path, text]) => [path, Buffer.from(text)]));
  const watchers = new Set<ServerResponse>();
  const server = createServer({ cert: readFileSync(task.certFile), key: readFileSync(task.keyFile) }, (request, response) => {
    if (request.url === '/watch') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      watchers.add(response);
      return;
    }
    if (request.url === '/send') for (const watcher of watchers) watcher.write(task.event);
    const body = bodies.get(request.url ?? '') ?? Buffer.alloc(0);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
});
