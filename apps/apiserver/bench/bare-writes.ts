/** What a server costs that does nothing but write: HTTPS, JSON in, a raw write, JSON out. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { openRaw, type RawPlace } from './raw-store.js';

/** Where to write; files of key and certificate. */
export type BareWritesTask = RawPlace & { certFile: string; keyFile: string };

process.on('message', async (task: BareWritesTask) => {
  const store = await openRaw(task);
  let written = 0;
  const server = createServer({ cert: readFileSync(task.certFile), key: readFileSync(task.keyFile) }, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', async () => {
      const object = JSON.parse(Buffer.concat(parts).toString()) as { metadata: object };
      const uid = randomUUID();
      Object.assign(object.metadata, { uid, resourceVersion: String(++written), creationTimestamp: new Date().toISOString() });
      const body = Buffer.from(JSON.stringify(object));
      await store.put(uid, body);
      response.writeHead(201, { 'content-type': 'application/json', 'content-length': body.length });
      response.end(body);
    });
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
});
