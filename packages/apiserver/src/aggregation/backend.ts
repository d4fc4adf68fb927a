/** HTTPS to one server behind this one. */
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, rootCertificates } from 'node:tls';
import type { ServiceAddress } from '@k/admission/webhooks';
import { describeFault } from '@k/apimachinery';
import type { RemoteApiService } from './api-service.js';

/** Milliseconds that an unused connection stays open. */
const KEEP_ALIVE_MS = 90_000;
const IDLE_CONNECTIONS_MAX = 64;
/** Bytes of a document that is read whole: of OpenAPI, the largest, with much room. */
const DOCUMENT_BYTES_MAX = 64 * 1024 * 1024;

/** A certificate with its key, PEM, that this server shows to others. */
export interface ProxyClientCertificate {
  cert: string;
  key: string;
}

/** What connections to other servers need of this one. */
export interface BackendOptions {
  resolve: (service: RemoteApiService['service']) => Promise<ServiceAddress>;
  /** Asked for each connection; undefined = none is shown. */
  proxyClient: () => Promise<ProxyClientCertificate | undefined>;
}

/** An answer that was read whole. */
export interface WholeAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** Connections of one kind: their requests differ in the address only. */
class BackendAgent extends Agent {
  readonly #tls: () => Promise<ConnectionOptions>;

  constructor(tls: () => Promise<ConnectionOptions>, keepAlive: boolean) {
    super({ keepAlive, maxFreeSockets: IDLE_CONNECTIONS_MAX, timeout: KEEP_ALIVE_MS, maxCachedSessions: 0, scheduling: 'lifo' });
    this.#tls = tls;
  }

  /** Connections are not used again; those in use come to their end. */
  retire(): void {
    (this as unknown as { keepAlive: boolean }).keepAlive = false;
    for (const sockets of Object.values(this.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  override getName(options: { host?: string; port?: string | number } = {}): string {
    return `${options.host}:${options.port}`;
  }

  override createConnection(options: RequestOptions, callback?: (error: Error | null, socket: Duplex) => void): undefined {
    const address = { host: options.host ?? '', port: Number(options.port) };
    this.#tls().then(
      (tls) => callback?.(null, connect({ ...address, ...tls }).setNoDelay(true)),
      (error: Error) => callback?.(error, undefined as unknown as Duplex),
    );
  }
}

/** One other server, as an APIService names it. */
export class Backend {
  readonly #remote: RemoteApiService;
  readonly #options: BackendOptions;
  readonly #agent: BackendAgent;

  constructor(remote: RemoteApiService, options: BackendOptions) {
    this.#remote = remote;
    this.#options = options;
    const { service, caBundle, isTlsVerified } = remote;
    const ca = caBundle === '' ? [...rootCertificates] : caBundle;
    const servername = `${service.name}.${service.namespace}.svc`;
    this.#agent = new BackendAgent(
      async () => ({ servername, ca, rejectUnauthorized: isTlsVerified, ...(await options.proxyClient()) }),
      true,
    );
  }

  /** An address of the server; another one each time when it has several. @throws in the words of the resolver. */
  address(): Promise<ServiceAddress> {
    return this.#options.resolve(this.#remote.service);
  }

  /** Begins a request; the caller sends the body and ends it. */
  request(address: ServiceAddress, options: { method: string; path: string; headers: OutgoingHttpHeaders }): ClientRequest {
    return begin(address, this.#agent, options);
  }

  /** Reads a document. @throws {Error} in Go's words when there is no answer in `timeoutMs`. */
  async get(path: string, { headers, timeoutMs }: { headers: OutgoingHttpHeaders; timeoutMs: number }): Promise<WholeAnswer> {
    const address = await this.address();
    return readWhole(begin(address, this.#agent, { method: 'GET', path, headers: { host: hostOf(address), ...headers } }), timeoutMs);
  }

  /**
   * Looks whether the server answers, over a connection of its own and whatever certificate it shows.
   *
   * @returns The status.
   */
  async probe(
    address: ServiceAddress,
    path: string,
    { headers, timeoutMs }: { headers: OutgoingHttpHeaders; timeoutMs: number },
  ): Promise<number> {
    const { service } = this.#remote;
    const agent = new BackendAgent(
      async () => ({
        servername: `${service.name}.${service.namespace}.svc`,
        rejectUnauthorized: false,
        ...(await this.#options.proxyClient()),
      }),
      false,
    );
    const all = { host: hostOf(address), ...headers };
    return (await readWhole(begin(address, agent, { method: 'GET', path, headers: all }), timeoutMs)).status;
  }

  /** Ends unused connections; requests under way come to their end. */
  retire(): void {
    this.#agent.retire();
  }

  /** Ends all connections. */
  close(): void {
    this.#agent.destroy();
  }
}

/** `host:port`, as in URLs. */
export function hostOf({ host, port }: ServiceAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function begin(
  { host, port }: ServiceAddress,
  agent: BackendAgent,
  options: { method: string; path: string; headers: OutgoingHttpHeaders },
): ClientRequest {
  const started = request({ host, port, agent: agent as Agent, ...options });
  // Whoever waits for the answer listens too; nothing may be thrown after that.
  started.on('error', () => {});
  return started;
}

function readWhole(started: ClientRequest, timeoutMs: number): Promise<WholeAnswer> {
  return new Promise<WholeAnswer>((resolve, reject) => {
    const timer = setTimeout(() => started.destroy(new Error('context deadline exceeded')), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(new Error(describeFault(error), { cause: error }));
    };
    started.once('error', fail);
    started.once('response', (answer) => {
      const chunks: Buffer[] = [];
      let sizeBytes = 0;
      answer.on('data', (chunk: Buffer) => {
        sizeBytes += chunk.length;
        chunks.push(chunk);
        if (sizeBytes > DOCUMENT_BYTES_MAX) started.destroy(new Error(`the answer is over ${DOCUMENT_BYTES_MAX} bytes`));
      });
      answer.once('error', fail);
      answer.once('end', () => {
        clearTimeout(timer);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) });
      });
    });
    started.end();
  });
}
