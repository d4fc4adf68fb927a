/** Requests to a test server in one line each, and what tests compare of the answers. */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { startTestServer, type TestAnswer, type TestRequest, type TestServer, type TestServerOptions } from '../../src/testing.js';

/** Content types of patches. */
export const PATCH = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** Any object of the API, as loosely as tests look at it. */
export interface Loose {
  [field: string]: unknown;
  metadata: { [field: string]: unknown; name: string; resourceVersion: string; uid: string };
  code?: number;
  reason?: string;
  message?: string;
  details?: Record<string, unknown>;
}

/** What a request asks for besides its method and path. */
export type Wishes = Omit<TestRequest, 'body'>;

/** Starts a server before the tests of a file and ends it after them. @returns the requests to it, for use inside of tests and hooks. */
export function useServer(options: TestServerOptions = {}): Requests {
  let server: TestServer | undefined;
  beforeAll(async () => {
    server = await startTestServer(options);
  });
  afterAll(() => server?.close());
  return new Requests(() => {
    if (server === undefined) throw new Error('the server starts with the tests of the file');
    return server;
  });
}

/** Requests to one server. */
export class Requests {
  readonly #serverOf: () => TestServer;
  #serial = 0;

  constructor(serverOf: () => TestServer) {
    this.#serverOf = serverOf;
  }

  get server(): TestServer {
    return this.#serverOf();
  }

  /** A name that no other object of this file has. */
  fresh(prefix = 'thing'): string {
    this.#serial += 1;
    return `${prefix}-${this.#serial}`;
  }

  /** @param line - method and path, `GET /api`. */
  send(line: string, body?: unknown, wishes: Wishes = {}): Promise<TestAnswer<Loose>> {
    const space = line.indexOf(' ');
    return this.server.client.request<Loose>(line.slice(0, space), line.slice(space + 1), {
      ...wishes,
      ...(body === undefined ? {} : { body }),
    });
  }

  /** The body of a request that works. @throws when it does not. */
  async ok(line: string, body?: unknown, wishes: Wishes = {}): Promise<Loose> {
    const answer = await this.send(line, body, wishes);
    if (answer.status >= 300) throw new Error(`${line}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  /** Asks until the answer has the status. @throws when it does not within 30 s. */
  async until(line: string, status: number): Promise<void> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const answer = await this.send(line);
      if (answer.status === status) return;
      if (Date.now() > deadline) throw new Error(`${line} stayed ${answer.status} ${answer.text}`);
      await wait(20);
    }
  }

  /** Status code, reason and message of a request that is refused; the code of one that works. */
  async refusal(line: string, body?: unknown, wishes: Wishes = {}): Promise<unknown[]> {
    const { status, body: answer } = await this.send(line, body, wishes);
    if (status < 300) return [status];
    return typeof answer === 'string' ? [status, answer] : [status, answer.reason, answer.message];
  }
}

/** The value at a path such as `spec.ports.0.name`. */
export function at(object: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
}

/** The texts of an answer's warnings. */
export function warningsOf({ headers }: TestAnswer<unknown>): string[] {
  const value = headers['warning'];
  const list = Array.isArray(value) ? value.join(', ') : (value ?? '');
  return [...list.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text]) => (text as string).replace(/\\(.)/g, '$1'));
}
