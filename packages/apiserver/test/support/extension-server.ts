/** A small server behind the API server, as an extension is: it takes users from the front proxy alone and keeps notes in memory. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Leaf } from './authority.js';

export const GROUP = 'notes.example.com';
export const NOTES: string = `/apis/${GROUP}/v1/namespaces/default/notes`;

export interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  /** Header names and values as they were sent. */
  raw: string[];
  /** Whether the client has gone before the answer was complete. */
  aborted: Promise<void>;
}

export interface ExtensionServer {
  readonly port: number;
  /** What was asked for with a user, in order. */
  readonly seen: Seen[];
  /** Sends an event to every watcher. */
  push(type: string, object: object): void;
  /** Answers of paths, in place of the usual ones. */
  readonly answers: Map<string, (request: IncomingMessage, response: ServerResponse) => void>;
  close(): Promise<void>;
  /** Listens on the same port again. */
  reopen(): Promise<void>;
}

const RESOURCE = {
  name: 'notes',
  singularName: 'note',
  namespaced: true,
  kind: 'Note',
  verbs: ['create', 'get', 'list', 'watch'],
  shortNames: ['nt'],
};
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const KIND = [{ group: GROUP, kind: 'Note', version: 'v1' }];
const LABELS = { 'x-kubernetes-group-version-kind': KIND };

const discovery = {
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  metadata: {},
  items: [
    {
      metadata: { name: GROUP },
      versions: [
        {
          version: 'v1',
          resources: [
            {
              resource: 'notes',
              responseKind: { group: GROUP, version: 'v1', kind: 'Note' },
              scope: 'Namespaced',
              singularResource: 'note',
              verbs: RESOURCE.verbs,
              shortNames: ['nt'],
            },
          ],
          freshness: 'Current',
        },
      ],
    },
  ],
};
const list = { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${GROUP}/v1`, resources: [RESOURCE] };

const noteSchema = {
  type: 'object',
  description: 'Note is a line that somebody wants to remember.',
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    text: { type: 'string', description: 'What is to be remembered.' },
  },
  ...LABELS,
};
const operation = (response: object): object => ({
  get: { operationId: 'readNote', responses: { 200: response }, 'x-kubernetes-action': 'get', 'x-kubernetes-group-version-kind': KIND[0] },
});
const notePath = `/apis/${GROUP}/v1/namespaces/{namespace}/notes/{name}`;
const openApi3 = {
  openapi: '3.0.0',
  info: { title: 'Notes', version: 'v1' },
  paths: {
    [notePath]: operation({
      description: 'OK',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/com.example.Note' } } },
    }),
  },
  components: { schemas: { 'com.example.Note': noteSchema } },
};
/** One definition that the API server has too, in another form. */
const openApi2 = {
  swagger: '2.0',
  info: { title: 'Notes', version: 'v1' },
  paths: { [notePath]: operation({ description: 'OK', schema: { $ref: '#/definitions/com.example.Note' } }), '/version/': operation({}) },
  definitions: {
    'com.example.Note': {
      ...noteSchema,
      properties: { ...noteSchema.properties, metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' } },
    },
    'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': { type: 'object', description: 'Another one.' },
    'com.example.Unused': { type: 'object' },
  },
};

/** @param frontProxyCa - Whose clients may name users. */
export async function startExtensionServer(serving: Leaf, frontProxyCa: string): Promise<ExtensionServer> {
  const seen: Seen[] = [];
  const answers: ExtensionServer['answers'] = new Map();
  const notes = new Map<string, object>();
  const watchers = new Set<ServerResponse>();
  const sockets = new Set<Socket>();

  const send = (response: ServerResponse, status: number, body: object, type = 'application/json'): void => {
    response.writeHead(status, { 'content-type': type, etag: '"1"' }).end(JSON.stringify(body));
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://x');
    const own = answers.get(pathname);
    if (own !== undefined) return own(request, response);
    if (pathname === '/apis') return send(response, 200, discovery, AGGREGATED);
    if (pathname === `/apis/${GROUP}/v1`) return send(response, 200, list);
    if (pathname === '/openapi/v2') return send(response, 200, openApi2);
    if (pathname === '/openapi/v3') {
      return send(response, 200, {
        paths: { version: {}, [`apis/${GROUP}/v1`]: { serverRelativeURL: `/openapi/v3/apis/${GROUP}/v1?hash=H1` } },
      });
    }
    if (pathname === `/openapi/v3/apis/${GROUP}/v1`) return send(response, 200, openApi3);
    if (!pathname.startsWith(NOTES)) return send(response, 404, { kind: 'Status', code: 404 });
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const note = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { metadata: { name: string } };
      notes.set(note.metadata.name, note);
      return send(response, 201, note);
    }
    if (searchParams.get('watch') !== null) {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      watchers.add(response);
      response.once('close', () => watchers.delete(response));
      return;
    }
    if (pathname === NOTES)
      return send(response, 200, { kind: 'NoteList', apiVersion: `${GROUP}/v1`, metadata: {}, items: [...notes.values()] });
    const note = notes.get(pathname.slice(NOTES.length + 1));
    return note === undefined
      ? send(response, 404, { kind: 'Status', status: 'Failure', reason: 'NotFound', code: 404 })
      : send(response, 200, note);
  };

  const server = createServer({ ...serving, ca: frontProxyCa, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const isFrontProxy = (request.socket as TLSSocket).authorized;
    if (!isFrontProxy) {
      response.writeHead(401).end();
      return;
    }
    const aborted = new Promise<void>((resolve) => response.once('close', () => response.writableFinished || resolve()));
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, raw: request.rawHeaders, aborted });
    void serve(request, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    seen.push({ method: 'UPGRADE', url: request.url ?? '', headers: request.headers, raw: request.rawHeaders, aborted: Promise.resolve() });
    if (request.headers.upgrade !== 'echo') {
      socket.end('HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nno');
      return;
    }
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Echo: yes\r\n\r\nhello ');
    socket.on('data', (chunk: Buffer) => socket.write(chunk.toString('utf8').toUpperCase()));
    socket.on('end', () => socket.end());
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const listen = (port: number): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    seen,
    answers,
    push: (type, object) => {
      for (const watcher of watchers) watcher.write(`${JSON.stringify({ type, object })}\n`);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
    reopen: () => listen(port),
  };
}
