/** HTTP calls to an issuer of tokens. */
import { callWithin, describeFault } from '@k/apimachinery';
import type { Dispatcher, RequestInit } from 'undici';

const TIMEOUT_MS = 30_000;
/** Bytes that an answer may have. */
const ANSWER_BYTES_MAX = 3 * 1024 * 1024;

/** What an issuer answered. */
export interface IssuerAnswer {
  status: number;
  /** The status as HTTP shows it: `404 Not Found`. */
  statusLine: string;
  text: string;
}

/** Calls one issuer, by way of the proxy that the environment names (`HTTPS_PROXY`, `NO_PROXY`). */
export class IssuerConnection {
  readonly #ca: string | undefined;
  readonly #closing = new AbortController();
  #dispatcher: Dispatcher | undefined;

  /** @param ca - PEM of the authorities that its certificate may be of. Default those that Node knows. */
  constructor(ca: string | undefined) {
    this.#ca = ca;
  }

  /**
   * Gets a document; follows redirects.
   *
   * @throws {Error} `Get "URL": …` when there is no answer.
   */
  async get(url: string, headers: Record<string, string> = {}): Promise<IssuerAnswer> {
    // The HTTP library is loaded by the first call.
    const { Agent, EnvHttpProxyAgent, fetch } = await import('undici');
    const tls = this.#ca === undefined ? {} : { ca: this.#ca };
    this.#dispatcher ??= isLoopback(url) ? new Agent({ connect: tls }) : new EnvHttpProxyAgent({ connect: tls, requestTls: tls });
    const init: RequestInit = { dispatcher: this.#dispatcher, headers: { 'user-agent': 'k', ...headers } };
    try {
      return await callWithin({ timeoutMs: TIMEOUT_MS, signals: [this.#closing.signal] }, async (signal) => {
        const answer = await fetch(url, { ...init, signal });
        const text = await limitedText(answer.body);
        return { status: answer.status, statusLine: `${answer.status} ${answer.statusText}`.trim(), text };
      });
    } catch (error) {
      const isTimeout = (error as Error).name === 'TimeoutError';
      throw new Error(`Get ${JSON.stringify(url)}: ${isTimeout ? 'context deadline exceeded' : describeFault(error)}`);
    }
  }

  /** Ends the connections; calls under way fail. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#dispatcher?.destroy();
  }
}

/** Proxies are not asked for what is on this machine. */
function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
}

async function limitedText(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > ANSWER_BYTES_MAX) throw new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
