/** A real server that writes an audit log, and what stands in it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdmissionChain } from '@k/admission';
import { AuditLogger, logBackend, parsePolicy } from '@k/audit';
import type { Authenticator } from '@k/auth';
import { openEmbeddedStore } from '@k/storage';
import { pino } from 'pino';
import { type ApiServer, type ServerOptions, startApiServer } from '../../src/index.js';
import { selfSigned } from './admitting-server.js';

/** An event as it stands in the log. */
export interface LoggedEvent {
  auditID: string;
  stage: string;
  level: string;
  verb: string;
  responseStatus?: { code?: number; message?: string; status?: string; reason?: string };
  annotations?: Record<string, string>;
  [field: string]: unknown;
}

/** One request. The user is the bearer token: `admin` may do anything, `broken` is refused. */
export interface Sent {
  method: string;
  path: string;
  user?: string;
  body?: object | string;
  headers?: Record<string, string>;
  /** Hang up as soon as the answer begins: watches do not end by themselves. */
  hangUp?: boolean;
}

const byToken: Authenticator = {
  name: 'test',
  authenticate({ headers }) {
    const token = String(headers['authorization'] ?? '').replace(/^Bearer /, '');
    if (token === '') return null;
    if (token === 'broken') throw new Error('no such token');
    return { user: { username: token, groups: token === 'admin' ? ['system:masters'] : ['dev'] } };
  },
};

export class AuditedServer {
  readonly #server: ApiServer;
  readonly #session: ClientHttp2Session;
  readonly #log: string;
  readonly #end: () => Promise<void>;
  #count = 0;

  private constructor(server: ApiServer, session: ClientHttp2Session, log: string, end: () => Promise<void>) {
    this.#server = server;
    this.#session = session;
    this.#log = log;
    this.#end = end;
  }

  /** @param path - Of the log. Default: one of the test's own. */
  static async start(options: { policy: object; path?: string; authorizers?: ServerOptions['authorizers'] }): Promise<AuditedServer> {
    const dir = mkdtempSync(join(tmpdir(), 'k-audited-'));
    const store = await openEmbeddedStore({ dir: join(dir, 'store') });
    const path = options.path ?? join(dir, 'audit.log');
    const backend = logBackend({ path, maxSizeMb: 0 });
    const { cert, key } = await selfSigned();
    const server = await startApiServer({
      store,
      listener: { host: '127.0.0.1', port: 0, cert, key },
      authenticators: [byToken],
      anonymous: true,
      ...(options.authorizers === undefined ? {} : { authorizers: options.authorizers }),
      admission: (dependencies) => new AdmissionChain().withBuiltInControllers(dependencies),
      audit: new AuditLogger(backend, parsePolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...options.policy })),
      rootCa: cert,
      log: pino({ level: 'silent' }),
    });
    const session = connect(`https://127.0.0.1:${server.address.port}`, { rejectUnauthorized: false });
    session.on('error', () => {});
    return new AuditedServer(server, session, path, async () => {
      await backend.close();
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    });
  }

  /** Sends a request. @returns its answer and, under the same id, its events. */
  async send({
    method,
    path,
    user = 'admin',
    body,
    headers = {},
    hangUp = false,
  }: Sent): Promise<{ id: string; code: number; text: string }> {
    const id = `request-${++this.#count}`;
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const text = await new Promise<{ code: number; text: string }>((resolve, reject) => {
      const stream = this.#session.request({
        ':method': method,
        ':path': path,
        'content-type': type,
        accept: 'application/json',
        'audit-id': id,
        ...(user === '' ? {} : { authorization: `Bearer ${user}` }),
        ...headers,
      });
      const chunks: Buffer[] = [];
      let code = 0;
      const end = (): void => resolve({ code, text: Buffer.concat(chunks).toString('utf8') });
      stream.on('response', (answer) => {
        code = Number(answer[':status']);
        if (hangUp) stream.close();
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', end);
      stream.on('close', end);
      stream.on('error', reject);
      stream.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    });
    return { id, ...text };
  }

  /** What the log has of a request, once its last event is there. */
  async events(
    id: string,
    last: (event: LoggedEvent) => boolean = ({ stage }) => /Complete|Panic/.test(stage),
    waitMs = 15_000,
  ): Promise<LoggedEvent[]> {
    for (const deadline = Date.now() + waitMs; ; ) {
      const lines = readFileSync(this.#log, 'utf8').split('\n').slice(0, -1);
      const found = lines.map((line) => JSON.parse(line) as LoggedEvent).filter(({ auditID }) => auditID === id);
      if (found.some(last)) return found;
      if (Date.now() > deadline) throw new Error(`the events of ${id} stayed ${JSON.stringify(found)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    this.#session.close();
    await this.#server.close();
    await this.#end();
  }
}
