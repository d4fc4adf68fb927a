/** etcd, over its gRPC protocol: ranges, and one kind of transaction. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { credentials } from '@grpc/grpc-js';
import {
  AuthenticateRequestSchema,
  AuthenticateResponseSchema,
  type KeyValue,
  RangeRequestSchema,
  RangeResponseSchema,
  TxnRequestSchema,
  TxnResponseSchema,
} from '../../gen/etcd_pb.js';
import { createUnaryClient, RpcError, type UnaryClient } from '../../grpc/unary-client.js';
import type { KeyValueSource, StoredEntry } from './key-value-source.js';

const ATTEMPTS_MAX = 6;
const RETRY_MS = 100;
/** Statuses after which another endpoint, or the same one later, may answer. */
const TRANSIENT = new Set(['Unavailable', 'DeadlineExceeded', 'ResourceExhausted']);
/** etcd's enum of what a comparison looks at. */
const TARGET_MOD_REVISION = 2;

/** How {@link connectEtcd} connects. */
export interface EtcdOptions {
  /** `http://127.0.0.1:2379` or `https://…`; tried in order. */
  endpoints: readonly string[];
  /** PEM. */
  tls?: { ca?: Buffer; cert?: Buffer; key?: Buffer };
  user?: { name: string; password: string };
  /** Milliseconds for one call. Default 10_000. */
  timeoutMs?: number;
}

/**
 * Connects to etcd.
 *
 * @throws {Error} for endpoints that are no URL, and when etcd refuses the user.
 */
export async function connectEtcd(options: EtcdOptions): Promise<KeyValueSource> {
  const clients = options.endpoints.map((endpoint) => connectEndpoint(endpoint, options));
  if (clients.length === 0) throw new Error('etcd needs at least one endpoint');
  const connection = new EtcdConnection(clients, options.user);
  try {
    await connection.authenticate();
  } catch (error) {
    connection.close();
    throw error;
  }
  return new EtcdSource(connection);
}

function connectEndpoint(endpoint: string, { tls = {}, timeoutMs = 10_000 }: EtcdOptions): UnaryClient {
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    throw new Error(`etcd endpoint ${JSON.stringify(endpoint)} is no URL such as http://127.0.0.1:2379`);
  }
  const isSecure = url.protocol === 'https:';
  if (!isSecure && url.protocol !== 'http:') throw new Error(`etcd endpoint ${JSON.stringify(endpoint)} is neither http nor https`);
  return createUnaryClient(`dns:${url.hostname}:${url.port === '' ? (isSecure ? 443 : 80) : url.port}`, {
    timeoutMs,
    ...(isSecure ? { credentials: credentials.createSsl(tls.ca ?? null, tls.key ?? null, tls.cert ?? null) } : {}),
    // A page is as large as its values are.
    channel: { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 },
  });
}

class EtcdConnection {
  readonly #clients: readonly UnaryClient[];
  readonly #user: EtcdOptions['user'];
  #at = 0;
  #token = '';

  constructor(clients: readonly UnaryClient[], user: EtcdOptions['user']) {
    this.#clients = clients;
    this.#user = user;
  }

  async authenticate(): Promise<void> {
    if (this.#user === undefined) return;
    const answer = await this.#retried((client) =>
      client.call('/etcdserverpb.Auth/Authenticate', AuthenticateRequestSchema, AuthenticateResponseSchema, { ...this.#user }),
    );
    this.#token = answer.token;
  }

  /** Calls once, without trying again. */
  once<I extends DescMessage, O extends DescMessage>(
    method: string,
    input: I,
    output: O,
    message: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    return this.#client.call(`/etcdserverpb.KV/${method}`, input, output, message, this.#token === '' ? {} : { token: this.#token });
  }

  /** Calls, and again while etcd is away. For reads alone. */
  read<I extends DescMessage, O extends DescMessage>(
    method: string,
    input: I,
    output: O,
    message: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    return this.#retried(() => this.once(method, input, output, message));
  }

  /** Moves to the next endpoint. */
  turn(): void {
    this.#at++;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  get #client(): UnaryClient {
    return this.#clients[this.#at % this.#clients.length] as UnaryClient;
  }

  async #retried<T>(work: (client: UnaryClient) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(this.#client);
      } catch (error) {
        const status = error instanceof RpcError ? error.status : '';
        // Tokens last five minutes unless they are used.
        if (status === 'Unauthenticated' && this.#token !== '' && attempt === 1) {
          this.#token = '';
          await this.authenticate();
          continue;
        }
        if (!TRANSIENT.has(status) || attempt >= ATTEMPTS_MAX) throw error;
        this.turn();
        await sleep(RETRY_MS * 2 ** attempt);
      }
    }
  }
}

class EtcdSource implements KeyValueSource {
  readonly #etcd: EtcdConnection;

  constructor(etcd: EtcdConnection) {
    this.#etcd = etcd;
  }

  async list(prefix: string, { after, limit }: { after: string; limit: number }): Promise<StoredEntry[]> {
    const request = { key: Buffer.from(after === '' ? prefix : `${after}\0`), rangeEnd: endOf(prefix), limit: BigInt(limit) };
    const { kvs } = await this.#etcd.read('Range', RangeRequestSchema, RangeResponseSchema, request);
    return kvs.map(entryOf);
  }

  async count(prefix: string): Promise<number> {
    const request = { key: Buffer.from(prefix), rangeEnd: endOf(prefix), countOnly: true };
    return Number((await this.#etcd.read('Range', RangeRequestSchema, RangeResponseSchema, request)).count);
  }

  async get(key: string): Promise<StoredEntry | null> {
    const { kvs } = await this.#etcd.read('Range', RangeRequestSchema, RangeResponseSchema, { key: Buffer.from(key) });
    const [found] = kvs;
    return found === undefined ? null : entryOf(found);
  }

  replace(key: string, value: Uint8Array, revision: string): Promise<boolean> {
    return this.replaceAll([{ key, value, revision }]);
  }

  async replaceAll(changes: readonly StoredEntry[]): Promise<boolean> {
    const named = changes.map(({ key, value, revision }) => ({ key: Buffer.from(key), value, modRevision: BigInt(revision) }));
    try {
      const { succeeded } = await this.#etcd.once('Txn', TxnRequestSchema, TxnResponseSchema, {
        compare: named.map(({ key, modRevision }) => ({ result: 0, target: TARGET_MOD_REVISION, key, modRevision })),
        success: named.map(({ key, value }) => ({ request: { case: 'requestPut' as const, value: { key, value, ignoreLease: true } } })),
      });
      return succeeded;
    } catch (error) {
      // Whether it was written is not known: as with a write of somebody else, look again.
      if (!(error instanceof RpcError) || !TRANSIENT.has(error.status)) throw error;
      this.#etcd.turn();
      return false;
    }
  }

  async close(): Promise<void> {
    this.#etcd.close();
  }
}

const entryOf = ({ key, value, modRevision }: KeyValue): StoredEntry => ({
  key: Buffer.from(key).toString('utf8'),
  value,
  revision: modRevision.toString(),
});

/** The first key after all that begin with `prefix`. */
function endOf(prefix: string): Uint8Array {
  const bytes = Buffer.from(prefix);
  for (let i = bytes.length - 1; i >= 0; i--) {
    const byte = bytes[i] as number;
    if (byte < 255) return Buffer.from([...bytes.subarray(0, i), byte + 1]);
  }
  return Buffer.from([0]);
}
