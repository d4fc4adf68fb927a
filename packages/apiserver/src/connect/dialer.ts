/** Connections to kubelets, pods and services: one for each request. */
import { type ClientRequest, type OutgoingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { KubeletOptions } from './kubelet-options.js';

/** Bytes of answers' headers that are read. */
const HEADER_BYTES_MAX = 1 << 20;
const TIMEOUT_MS = 5000;
const PROXY_TIMEOUT_MS = 30_000;

/** Whom to connect to. */
export interface Destination {
  scheme: 'http' | 'https';
  host: string;
  port: number;
  /** Kubelets are shown this server's certificate, and show theirs; of anybody else no certificate is checked. */
  peer: 'kubelet' | 'unverified-kubelet' | 'other';
}

/** A request as it goes out. */
export interface OutgoingRequest {
  method: string;
  /** Escaped, with the query. */
  path: string;
  headers: OutgoingHttpHeaders;
}

/** `host:port`, as in URLs. */
export function authorityOf({ host, port }: { host: string; port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Begins requests. */
export class Dialer {
  readonly #options: KubeletOptions;

  constructor(options: KubeletOptions) {
    this.#options = options;
  }

  /** Begins a request; the caller sends the body and ends it, and hears of errors as Node's client reports them. */
  async begin(destination: Destination, request: OutgoingRequest): Promise<ClientRequest> {
    const { scheme, host, port, peer } = destination;
    const isSecure = scheme === 'https';
    const common = { host, port, agent: false as const, maxHeaderSize: HEADER_BYTES_MAX, ...request };
    const started = isSecure ? requestHttps({ ...common, ...(await this.#tls(destination)) }) : requestHttp(common);
    // Whoever waits for the answer listens too; nothing may be thrown after that.
    started.on('error', () => {});
    const timeoutMs = peer === 'other' ? PROXY_TIMEOUT_MS : (this.#options.timeoutMs ?? TIMEOUT_MS);
    const timer = setTimeout(() => started.destroy(new Error(`dial tcp ${authorityOf(destination)}: i/o timeout`)), timeoutMs);
    const connected = (): void => clearTimeout(timer);
    started.once('close', connected);
    started.once('socket', (socket) => socket.setNoDelay(true).once(isSecure ? 'secureConnect' : 'connect', connected));
    return started;
  }

  async #tls({ host, peer }: Destination): Promise<ConnectionOptions> {
    // The client's Host header must not be taken for the name of the server.
    const servername = isIP(host) === 0 ? host : '';
    if (peer === 'other') return { servername, rejectUnauthorized: false };
    const { certificateAuthority: ca, clientCertificate } = this.#options;
    const isVerified = peer === 'kubelet' && ca !== undefined;
    return { servername, rejectUnauthorized: isVerified, ...(isVerified ? { ca } : {}), ...(await clientCertificate?.()) };
  }
}
