/** Posts reviews to a remote service: SubjectAccessReview, TokenReview. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { callWithin, describeAnswer, describeFault, formatDuration } from '@k/apimachinery';
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

/** What became of one try of a call. */
export interface ReviewTry {
  /** `canceled`: nobody waits any more; `timeout`: no answer in time, or one that says so; `error`: anything else that is no review. */
  result: 'success' | 'canceled' | 'timeout' | 'error';
  seconds: number;
}

/** How one review is posted. */
export interface PostOptions {
  /** Breaks the call off when nobody waits for its answer any more. */
  signal?: AbortSignal | undefined;
  /** Throws when an answer is not what was asked for. */
  accept?: (answer: ReviewFields) => void;
  /** Hears of each try. */
  onTry?: ((outcome: ReviewTry) => void) | undefined;
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
  readonly isTimeout: boolean;

  constructor(message: string, { retryAfterMs, isTimeout }: { retryAfterMs: number | null; isTimeout: boolean }) {
    super(message);
    this.retryAfterMs = retryAfterMs;
    this.isTimeout = isTimeout;
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
  #underWayCount = 0;
  #isRetired = false;

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
  async post(review: ReviewFields, options: PostOptions = {}): Promise<ReviewFields> {
    this.#underWayCount++;
    try {
      return await this.#postUntilDone(review, options);
    } finally {
      this.#underWayCount--;
      if (this.#isRetired) void this.#closeUnused();
    }
  }

  /** Ends the connections; calls that are under way fail. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#agent?.destroy();
  }

  /** Ends the connections as soon as no call is under way: nobody is going to begin new ones. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    await this.#closeUnused();
  }

  async #closeUnused(): Promise<void> {
    if (this.#underWayCount > 0) return;
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.close();
  }

  async #postUntilDone(review: ReviewFields, { signal, accept, onTry }: PostOptions): Promise<ReviewFields> {
    const body = JSON.stringify(review);
    let pauseMs = this.#initialBackoffMs;
    for (let attempt = 1; ; attempt++) {
      const startedMs = performance.now();
      const tried = (result: ReviewTry['result']): void => onTry?.({ result, seconds: (performance.now() - startedMs) / 1000 });
      try {
        const answer = reviewIn(await this.#send(body, signal), review);
        accept?.(answer);
        tried('success');
        return answer;
      } catch (error) {
        const failed = error instanceof FailedTry ? error : undefined;
        tried(signal?.aborted === true ? 'canceled' : failed?.isTimeout === true ? 'timeout' : 'error');
        if (failed === undefined || failed.retryAfterMs === null || attempt >= TRIES) throw error;
        const closing = this.#closing.signal;
        const ended = signal === undefined ? closing : AbortSignal.any([closing, signal]);
        const pause = sleep(Math.max(failed.retryAfterMs, pauseMs * (1 + Math.random() * BACKOFF_JITTER)), true, { signal: ended });
        // What went wrong says more than that nobody waited for another try.
        if (!(await pause.catch(() => false))) throw error;
        pauseMs *= BACKOFF_FACTOR;
      }
    }
  }

  /** The URL as it may be shown: without a password. */
  get #address(): string {
    const { origin, pathname, search } = this.#url;
    return `${origin}${pathname}${search}`;
  }

  async #send(body: string, waiting: AbortSignal | undefined): Promise<Buffer> {
    let isOver = false;
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
      answer = await callWithin({ timeoutMs: this.#timeoutMs, signals: [waiting] }, async (signal) => {
        signal.addEventListener('abort', () => {
          isOver = (signal.reason as Error | null)?.name === 'TimeoutError';
        });
        const received = await dispatcher.request({ origin, path: pathname + search, method: 'POST', signal, body, headers });
        return {
          code: received.statusCode,
          contentType: text(received.headers['content-type']),
          retryAfter: text(received.headers['retry-after']),
          body: await readLimited(received.body),
        };
      });
    } catch (error) {
      const isReset = ['ECONNRESET', 'UND_ERR_SOCKET'].includes((error as NodeJS.ErrnoException).code ?? '');
      const isCanceled = waiting?.aborted === true || this.#closing.signal.aborted;
      const isTimeout = !isCanceled && isOver;
      const reason = isTimeout ? 'context deadline exceeded' : isCanceled ? 'context canceled' : describeFault(error);
      const retryAfterMs = isReset && !isTimeout && !isCanceled ? 0 : null;
      throw new FailedTry(`Post ${JSON.stringify(this.#address)}: ${reason}`, { retryAfterMs, isTimeout });
    }
    const { code, retryAfter } = answer;
    if (code >= 200 && code <= 206) return answer.body;
    const seconds = /^\d{1,5}$/.test(retryAfter) && (code === 429 || code >= 500) ? Number(retryAfter) : null;
    const mayPass = code === 429 || code === 500 || code === 504 || seconds !== null;
    const retryAfterMs = mayPass ? Math.min(seconds ?? 0, RETRY_AFTER_SECONDS_MAX) * 1000 : null;
    throw new FailedTry(describeAnswer(answer), { retryAfterMs, isTimeout: code === 504 });
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
