import type { Logger } from 'pino';
import type { RemoteDocument } from '../discovery/remote-groups.js';
import type { Aggregator } from './aggregator.js';
import type { RemoteApiService } from './api-service.js';
import { AGGREGATOR_USER } from './availability.js';
import type { Backend } from './backend.js';
import { userHeaders } from './forwarded-headers.js';

/** Milliseconds for one document, which may be large. */
const TIMEOUT_MS = 10_000;

/** The documents of `/openapi/v2` of other servers: asked when somebody wants them, as few do, and read again only when they changed. */
export class RemoteOpenApi {
  readonly #aggregator: Aggregator;
  readonly #backendOf: (remote: RemoteApiService) => Backend;
  readonly #log: Logger;
  readonly #known = new WeakMap<Backend, { etag: string; document: object }>();

  constructor(aggregator: Aggregator, backendOf: (remote: RemoteApiService) => Backend, log: Logger) {
    this.#aggregator = aggregator;
    this.#backendOf = backendOf;
    this.#log = log;
  }

  /** One document for each server that has one; of servers that do not answer, what they said last. */
  async documents(): Promise<readonly RemoteDocument[]> {
    const prefixes = new Map<Backend, string[]>();
    for (const remote of this.#aggregator.list()) {
      if (!remote.isAvailable || remote.group === '') continue;
      const backend = this.#backendOf(remote);
      prefixes.set(backend, [...(prefixes.get(backend) ?? []), `/apis/${remote.group}/${remote.version}`]);
    }
    const all = await Promise.all(
      [...prefixes].map(async ([backend, wanted]) => {
        const document = await this.#ask(backend);
        return document === null ? [] : [{ document, prefixes: wanted }];
      }),
    );
    return all.flat();
  }

  async #ask(backend: Backend): Promise<object | null> {
    const known = this.#known.get(backend);
    try {
      const headers = { ...userHeaders(AGGREGATOR_USER), accept: 'application/json', ...(known ? { 'if-none-match': known.etag } : {}) };
      const { status, headers: answered, body } = await backend.get('/openapi/v2', { headers, timeoutMs: TIMEOUT_MS });
      if (status === 304 && known !== undefined) return known.document;
      if (status !== 200) return null;
      const document = JSON.parse(body.toString('utf8')) as object;
      if (answered.etag !== undefined) this.#known.set(backend, { etag: answered.etag, document });
      return document;
    } catch (error) {
      this.#log.debug({ err: error }, 'OpenAPI of another server could not be read');
      return known?.document ?? null;
    }
  }
}
