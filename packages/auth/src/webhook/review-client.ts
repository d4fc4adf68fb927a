/** Posts reviews to a remote service: SubjectAccessReview, TokenReview. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeAnswer, describeFault, formatDuration } from '@k/apimachinery';
import type { Agent } from 'undici';

/** Where a service is and how it is called; what a kubeconfig file says. PEM texts. */
export interface ReviewTarget {
  url: string;
  ca?: string;
  cert?: string;
  key?: string;
  token?: string;
  /** Read anew for each call, so that it can be renewed. */
  tokenFile?: string;
  username?: string;
  password?: string;
  /** Name in the certificate, where it is not the URL's. */
  serverName?: string;
  insecureSkipTlsVerify?: boolean;
}

/** How a service is called. */
export interface ReviewClientOptions {
  target: ReviewTarget;
  /** Milliseconds for one try; the service is told. Default 30,000. */
  timeoutMs?: number;
  /** Milliseconds before the second try; each further pause is half as long again. Default 500. */
  initialBackoffMs?: number;
}

/** Fields of a JSON object. */
export type ReviewFields = Record<string, unknown>;

const TRIES = 5;
const BACKOFF_FACTOR = 1.5;
const BACKOFF_JITTER = 0.2;
const RETRY_AFTER_SECONDS_MAX = 30;
/** Bytes that an answer may have. */
const ANSWER_BYTES_MAX = 3 * 1024 * 1024;

/** A try that brought nothing; `retryAfterMs` is null when another one would not either. */
class FailedTry extends Error {
  readonly retryAfterMs: number | null;

  constructor(message: string, retryAfterMs: number | null) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Calls one service over connections that are kept. */
export class ReviewClient {
  readonly #target: ReviewTarget;
  readonly #timeoutMs: number;
  readonly #initialBackoffMs: number;
  readonly #url: URL;
  readonly #closing = new AbortController();
  #agent: Agent | undefined;

  /** @throws {Error} when `target.url` is no http or https URL. */
  constructor({ target, timeoutMs = 30_000, initialBackoffMs = 500 }: ReviewClientOptions) {
    if (!/^https?:\/\//i.test(target.url) || !URL.canParse(target.url)) {
      throw new Error(`server: ${JSON.stringify(target.url)} must be an http or https URL`);
    }
    this.#target = target;
    this.#timeoutMs = timeoutMs;
    this.#initialBackoffMs = initialBackoffMs;
    this.#url = new URL(target.url);
    this.#url.searchParams.set('timeout', formatDuration(timeoutMs));
  }

  /**
   * Posts a review; tries again, five times in all, when the service has trouble that passes.
   *
   * @returns The service's answer.
   * @throws {Error} in the words of kube-apiserver's client; it never contains what was sent.
   */
  async post(review: ReviewFields): Promise<ReviewFields> {
    const body = JSON.stringify(review);
    let pauseMs = this.#initialBackoffMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return reviewIn(await this.#send(body), review);
      } catch (error) {
        if (!(error instanceof FailedTry) || error.retryAfterMs === null || attempt >= TRIES) throw error;
        await sleep(Math.max(error.retryAfterMs, pauseMs * (1 + Math.random() * BACKOFF_JITTER)), undefined, {
          signal: this.#closing.signal,
        });
        pauseMs *= BACKOFF_FACTOR;
      }
    }
  }

  /** Ends the connections; calls that are under way fail. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#agent?.destroy();
  }

  /** The URL as it may be shown: without a password. */
  get #address(): string {
    const { origin, pathname, search } = this.#url;
    return `${origin}${pathname}${search}`;
  }

  async #send(body: string): Promise<Buffer> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    let answer: { code: number; contentType: string; body: Buffer; retryAfter: string };
    try {
      const dispatcher = await this.#connect();
      const headers = {
        'content-type': 'application/json',
        accept: 'application/json, */*',
        'user-agent': 'k',
        ...(await this.#authorization()),
      };
      const { origin, pathname, search } = this.#url;
      const received = await dispatcher.request({ origin, path: pathname + search, method: 'POST', signal: timeout, body, headers });
      answer = {
        code: received.statusCode,
        contentType: text(received.headers['content-type']),
        retryAfter: text(received.headers['retry-after']),
        body: await readLimited(received.body),
      };
    } catch (error) {
      const isReset = ['ECONNRESET', 'UND_ERR_SOCKET'].includes((error as NodeJS.ErrnoException).code ?? '');
      const reason = timeout.aborted
        ? 'context deadline exceeded'
        : this.#closing.signal.aborted
          ? 'context canceled'
          : describeFault(error);
      throw new FailedTry(`Post ${JSON.stringify(this.#address)}: ${reason}`, isReset && !timeout.aborted ? 0 : null);
    }
    const { code, retryAfter } = answer;
    if (code >= 200 && code <= 206) return answer.body;
    const seconds = /^\d{1,5}$/.test(retryAfter) && (code === 429 || code >= 500) ? Number(retryAfter) : null;
    const mayPass = code === 429 || code === 500 || code === 504 || seconds !== null;
    throw new FailedTry(describeAnswer(answer), mayPass ? Math.min(seconds ?? 0, RETRY_AFTER_SECONDS_MAX) * 1000 : null);
  }

  /** The HTTP library is loaded by the first call: most servers ask nobody. */
  async #connect(): Promise<Agent> {
    if (this.#agent === undefined) {
      const { Agent: HttpAgent } = await import('undici');
      const { ca, cert, key, serverName, insecureSkipTlsVerify } = this.#target;
      this.#agent ??= new HttpAgent({
        connect: {
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined ? {} : { cert }),
          ...(key === undefined ? {} : { key }),
          ...(serverName === undefined ? {} : { servername: serverName }),
          rejectUnauthorized: insecureSkipTlsVerify !== true,
        },
      });
    }
    return this.#agent;
  }

  async #authorization(): Promise<Record<string, string>> {
    const { token, tokenFile, username, password = '' } = this.#target;
    const bearer = tokenFile === undefined ? token : (await readFile(tokenFile, 'utf8')).trim();
    if (bearer !== undefined) return { authorization: `Bearer ${bearer}` };
    return username === undefined ? {} : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  }
}

function text(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? '';
}

/** The answer, which has to be a review of the same kind and version; one that does not say is taken for it. */
function reviewIn(body: Buffer, sent: ReviewFields): ReviewFields {
  let review: unknown;
  try {
    review = JSON.parse(body.toString('utf8'));
  } catch {
    throw new Error(`the answer is no JSON of a ${sent['kind']}`);
  }
  if (typeof review !== 'object' || review === null || Array.isArray(review)) throw new Error(`the answer is no ${sent['kind']}`);
  for (const field of ['kind', 'apiVersion']) {
    const said = (review as ReviewFields)[field] ?? sent[field];
    if (said !== sent[field]) throw new Error(`the answer has ${field} ${JSON.stringify(said)}, expected ${JSON.stringify(sent[field])}`);
  }
  return review as ReviewFields;
}

async function readLimited(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > ANSWER_BYTES_MAX) throw new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
