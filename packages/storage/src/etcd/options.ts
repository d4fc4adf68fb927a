import { readFileSync } from 'node:fs';

/** How an etcd cluster is reached. */
export interface EtcdStoreOptions {
  /** `https://host:2379`, `http://host:2379`, `host:2379` (TLS when `tls` is given) or `unix:///path`; one per member. */
  endpoints: readonly string[];
  /** PEM files of the TLS connection; without them `https://` trusts the system's authorities. */
  tls?: EtcdTlsOptions;
  /** User of etcd's own authentication. */
  auth?: { username: string; password: string };
  /** Milliseconds until a request gives up, over all its attempts. Default 10_000. */
  requestTimeoutMs?: number;
  /** Milliseconds that one member gets to answer a read or a first contact before another one is asked. Default 2_000. */
  attemptTimeoutMs?: number;
  /** Milliseconds that a health check may take. Default 2_000. */
  healthTimeoutMs?: number;
  /** Milliseconds between pings of a connection. Default 10_000; etcd refuses less than 5_000. */
  keepaliveTimeMs?: number;
  /** Milliseconds without an answer to a ping until the connection counts as lost. Default 5_000. */
  keepaliveTimeoutMs?: number;
  /** Largest request in bytes. Default 2 MiB; etcd itself takes 1.5 MiB unless told otherwise. */
  sendBytesMax?: number;
  /** Largest answer in bytes. Default 2 GiB - 1. */
  receiveBytesMax?: number;
  /** Milliseconds between compactions of the history older than one interval; 0 = never. Default 300_000. */
  compactionIntervalMs?: number;
  /** Hears of what went wrong in the background (lost watch connections, failed compactions). */
  onFault?: (error: Error) => void;
}

/** Where the PEM files of a connection are; read again when a connection to a member has to be made anew. */
export interface EtcdTlsOptions {
  caFile?: string;
  certFile?: string;
  keyFile?: string;
}

/** One member as gRPC wants it. */
export interface EtcdEndpoint {
  /** As configured, for messages. */
  url: string;
  /** gRPC target. */
  target: string;
  secure: boolean;
}

/** {@link EtcdStoreOptions} with every default filled in. */
export interface ResolvedEtcdOptions {
  endpoints: readonly EtcdEndpoint[];
  tls: EtcdTlsOptions;
  auth: { username: string; password: string } | null;
  requestTimeoutMs: number;
  attemptTimeoutMs: number;
  healthTimeoutMs: number;
  keepaliveTimeMs: number;
  keepaliveTimeoutMs: number;
  sendBytesMax: number;
  receiveBytesMax: number;
  compactionIntervalMs: number;
  onFault: (error: Error) => void;
}

/** Checks options and fills in defaults. @throws TypeError or RangeError naming the option and its value. */
export function resolveEtcdOptions(options: EtcdStoreOptions): ResolvedEtcdOptions {
  if (options.endpoints.length === 0) throw new TypeError('"endpoints" expected at least one endpoint of etcd, got none');
  const { tls = {} } = options;
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    const missing = tls.certFile === undefined ? 'certFile' : 'keyFile';
    throw new TypeError(`"tls.${missing}" is missing: a client certificate needs its key, and a key its certificate`);
  }
  const hasTls = tls.caFile !== undefined || tls.certFile !== undefined;
  return {
    endpoints: options.endpoints.map((url) => parseEndpoint(url, hasTls)),
    tls,
    auth: options.auth ?? null,
    requestTimeoutMs: atLeast('requestTimeoutMs', options.requestTimeoutMs, 10_000, 1),
    attemptTimeoutMs: atLeast('attemptTimeoutMs', options.attemptTimeoutMs, 2_000, 1),
    healthTimeoutMs: atLeast('healthTimeoutMs', options.healthTimeoutMs, 2_000, 1),
    keepaliveTimeMs: atLeast('keepaliveTimeMs', options.keepaliveTimeMs, 10_000, 5_000),
    keepaliveTimeoutMs: atLeast('keepaliveTimeoutMs', options.keepaliveTimeoutMs, 5_000, 1),
    sendBytesMax: atLeast('sendBytesMax', options.sendBytesMax, 2 * 2 ** 20, 1),
    receiveBytesMax: atLeast('receiveBytesMax', options.receiveBytesMax, 2 ** 31 - 1, 1),
    compactionIntervalMs: atLeast('compactionIntervalMs', options.compactionIntervalMs, 300_000, 0),
    onFault: options.onFault ?? (() => {}),
  };
}

/** Reads the PEM files. @throws Error naming the option and file that cannot be read. */
export function readTlsFiles(tls: EtcdTlsOptions): { ca: Buffer | null; cert: Buffer | null; key: Buffer | null } {
  const read = (option: keyof EtcdTlsOptions): Buffer | null => {
    const path = tls[option];
    if (path === undefined) return null;
    try {
      return readFileSync(path);
    } catch (error) {
      throw new TypeError(`"tls.${option}" cannot be read: ${(error as Error).message}`, { cause: error });
    }
  };
  return { ca: read('caFile'), cert: read('certFile'), key: read('keyFile') };
}

function parseEndpoint(url: string, hasTls: boolean): EtcdEndpoint {
  if (url.startsWith('unix:')) return { url, target: url, secure: false };
  const match = /^(?:(https?):\/\/)?(\[[0-9a-fA-F:.]+\]|[^/:[\]\s]+):(\d{1,5})\/?$/.exec(url);
  if (match === null || Number(match[3]) > 65_535) {
    throw new TypeError(`"endpoints" expected "http(s)://host:port", "host:port" or "unix:///path", got "${url}"`);
  }
  const [, scheme, host, port] = match;
  if (scheme === 'http' && hasTls) throw new TypeError(`"endpoints" names "${url}" without TLS, but "tls" is set: use https://`);
  return { url, target: `dns:${host}:${port}`, secure: scheme === 'https' || (scheme === undefined && hasTls) };
}

function atLeast(name: string, value: number | undefined, fallback: number, min: number): number {
  if (value === undefined) return fallback;
  if (!Number.isFinite(value) || value < min) throw new RangeError(`"${name}" expected a number of at least ${min}, got ${value}`);
  return value;
}
