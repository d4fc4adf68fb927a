import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';

/** What a request carries besides its method and path. */
export interface TestRequest {
  /** An object is sent as JSON, text and bytes as they are. */
  body?: unknown;
  /** Content-Type. Default `application/json`, for PATCH `application/merge-patch+json`. */
  type?: string;
  /** Lower-case names; they win over the client's own. */
  headers?: Record<string, string | string[]>;
  /** A bearer token instead of the administrator's; '' = none. */
  token?: string;
}

/** An answer. `body` is parsed JSON, or the text when it is none. */
export interface TestAnswer<T = unknown> {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  body: T;
}

/** A running watch. */
export interface TestWatch {
  status: number;
  /** Everything received so far; grows. */
  readonly events: { type: string; object: Record<string, unknown> }[];
  /** Resolves when there are as many events. @throws after `timeoutMs`, default 5,000. */
  until(count: number, timeoutMs?: number): Promise<{ type: string; object: Record<string, unknown> }[]>;
  /** Resolves when the server has ended the watch. */
  readonly ended: Promise<void>;
  close(): void;
}

/** One HTTP/2 connection to a test server. */
export interface TestClient {
  request<T = Record<string, unknown>>(method: string, path: string, request?: TestRequest): Promise<TestAnswer<T>>;
  watch(path: string, request?: TestRequest): Promise<TestWatch>;
  close(): void;
}

/** Connects; the server's certificate must be signed by `ca`. */
export function createTestClient(url: string, ca: string, token: string): TestClient {
  let session: ClientHttp2Session | null = null;
  const open = (): ClientHttp2Session => {
    if (session === null || session.closed || session.destroyed) {
      session = connect(url, { ca });
      session.on('error', () => {});
      session.unref();
    }
    return session;
  };
  const headersOf = (method: string, path: string, request: TestRequest): Record<string, string | string[]> => {
    const bearer = request.token ?? token;
    const type = request.type ?? (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');
    return {
      ':method': method,
      ':path': path,
      accept: 'application/json',
      ...(bearer === '' ? {} : { authorization: `Bearer ${bearer}` }),
      ...(request.body === undefined && request.type === undefined ? {} : { 'content-type': type }),
      ...request.headers,
    };
  };
  const bytesOf = (body: unknown): Buffer | string => (typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  return {
    request<T>(method: string, path: string, request: TestRequest = {}) {
      return new Promise<TestAnswer<T>>((resolve, reject) => {
        const stream = open().request(headersOf(method, path, request), { endStream: request.body === undefined });
        const chunks: Buffer[] = [];
        let headers: IncomingHttpHeaders = {};
        stream.on('response', (received) => {
          headers = received;
        });
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('error', reject);
        stream.on('close', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const status = Number(headers[constants.HTTP2_HEADER_STATUS] ?? 0);
          if (status === 0) reject(new Error(`${method} ${path}: the server closed the stream without an answer`));
          else resolve({ status, headers, text, body: parse(text) as T });
        });
        if (request.body !== undefined) stream.end(bytesOf(request.body));
      });
    },
    watch: (path, request = {}) =>
      new Promise((resolve, reject) => {
        const stream = open().request(headersOf('GET', path, request));
        const events: TestWatch['events'] = [];
        let rest = '';
        stream.setEncoding('utf8');
        stream.on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) if (line !== '') events.push(JSON.parse(line) as TestWatch['events'][number]);
        });
        const ended = new Promise<void>((done) => stream.on('close', () => done()));
        stream.on('error', reject);
        stream.on('response', (headers) => {
          resolve({
            status: Number(headers[constants.HTTP2_HEADER_STATUS]),
            events,
            ended,
            until: (count, timeoutMs = 5000) => waitFor(events, count, timeoutMs, ended),
            close: () => stream.close(constants.NGHTTP2_CANCEL),
          });
        });
      }),
    close: () => session?.destroy(),
  };
}

async function waitFor(events: TestWatch['events'], count: number, timeoutMs: number, ended: Promise<void>): Promise<TestWatch['events']> {
  const deadline = Date.now() + timeoutMs;
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (events.length < count) {
    if (isOver || Date.now() > deadline) {
      throw new Error(`the watch ${isOver ? 'ended' : 'was silent'} after ${events.length} of ${count} events: ${JSON.stringify(events)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return events.slice(0, count);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
