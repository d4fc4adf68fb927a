/**
 * The way in for commands beside a running server: a Unix socket in the data folder, for its owner only. The embedded
 * store belongs to one process; commands that read it or write single values go through that process.
 *
 * A call is one POST whose body is the serialised `{ method, args }`, its answer the serialised result.
 */
import { chmodSync, existsSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { KeyValueStore } from '@k/storage';

/** What can be called. */
export type ControlMethod = 'get' | 'range' | 'update' | 'currentRevision';

const METHODS: ReadonlySet<string> = new Set<ControlMethod>(['get', 'range', 'update', 'currentRevision']);
/** Longer paths are cut off by the system. */
const PATH_BYTES_MAX = 107;

/** Where the socket of a data folder is. */
export function controlSocketPath(dataDir: string): string {
  return join(dataDir, 'control.sock');
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * Opens the socket; a folder whose path is too long for one has none.
 *
 * @returns What closes it.
 */
export async function openControlSocket(dataDir: string, store: KeyValueStore): Promise<() => Promise<void>> {
  const path = controlSocketPath(dataDir);
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) return async () => {};
  const server = createServer((request, response) => {
    readAll(request)
      .then(async (body) => {
        const { method, args } = deserialize(body) as { method: ControlMethod; args: unknown[] };
        if (!METHODS.has(method)) throw new TypeError(`there is no control method ${JSON.stringify(method)}`);
        const call = store[method] as (...given: unknown[]) => Promise<unknown>;
        response.end(serialize({ result: await call.apply(store, args) }));
      })
      .catch((error: unknown) => {
        const { name, message, code, data } = error as Error & { code?: string; data?: object };
        response.end(serialize({ error: { name, message, code, data } }));
      });
  });
  // What a crash has left; the store's own lock says that nobody uses it.
  if (existsSync(path)) unlinkSync(path);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  chmodSync(path, 0o600);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}
