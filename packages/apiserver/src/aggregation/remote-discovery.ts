/** What other servers serve: asked when an APIService changes and once a minute, kept as the documents of discovery want it. */

import type { Logger } from 'pino';
import { WorkQueue } from '../controllers/controller.js';
import type { Aggregator } from './aggregator.js';
import type { RemoteApiService } from './api-service.js';
import { AGGREGATOR_USER } from './availability.js';
import type { Backend } from './backend.js';
import { type DiscoveredResource, discoveryOfResourceList, type ListedResource } from './discovery-conversion.js';
import { userHeaders } from './forwarded-headers.js';

/** Milliseconds for one document. */
const TIMEOUT_MS = 5000;
/** Milliseconds between looks at servers that nothing else tells of. */
const REFRESH_MS = 60_000;
const AGGREGATED = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(',');

/** An `APIVersionDiscovery`. */
interface VersionDocument {
  version: string;
  resources?: readonly DiscoveredResource[];
  freshness: 'Current' | 'Stale';
}

/** What a server said last, by `GROUP/VERSION`. */
interface Answered {
  etag: string;
  versions: ReadonlyMap<string, VersionDocument>;
}

/** Follows what other servers serve. */
export class RemoteDiscovery {
  readonly #aggregator: Aggregator;
  readonly #backendOf: (remote: RemoteApiService) => Backend;
  readonly #queue: WorkQueue;
  /** By the name of the APIService. */
  readonly #documents = new Map<string, VersionDocument>();
  readonly #openApi = new Map<string, object>();
  readonly #answered = new WeakMap<Backend, Answered>();
  #timer: NodeJS.Timeout | undefined;
  #generation = 1;

  constructor(aggregator: Aggregator, backendOf: (remote: RemoteApiService) => Backend, log: Logger) {
    this.#aggregator = aggregator;
    this.#backendOf = backendOf;
    this.#queue = new WorkQueue('apiservice-discovery', log, (name) => this.#sync(name));
  }

  /** Grows with every change of what other servers serve. */
  get generation(): number {
    return this.#generation;
  }

  start(): void {
    this.#timer = setInterval(() => {
      for (const { name } of this.#aggregator.list()) this.#queue.add(name);
    }, REFRESH_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#queue.stop();
  }

  /** An APIService came, changed or went: asks its server soon. */
  add(name: string): void {
    this.#generation++;
    this.#queue.add(name);
  }

  /** What an APIService's server serves; undefined before it was asked. */
  document(name: string): object | undefined {
    return this.#documents.get(name);
  }

  /** Entries of `/openapi/v3` by key. */
  openApiV3(): Record<string, object> {
    const entries: Record<string, object> = {};
    for (const { name, group, version } of this.#aggregator.list()) {
      const entry = this.#openApi.get(name);
      if (entry !== undefined) entries[`apis/${group}/${version}`] = entry;
    }
    return entries;
  }

  /** @throws when the server does not answer, so that it is asked again before long. */
  async #sync(name: string): Promise<void> {
    const remote = this.#aggregator.list().find((each) => each.name === name);
    if (remote === undefined) {
      this.#documents.delete(name);
      this.#openApi.delete(name);
      return;
    }
    const backend = this.#backendOf(remote);
    try {
      if (!remote.isAvailable) throw new Error(`${name} is not available`);
      this.#keep(remote, { ...(await this.#ask(remote, backend)), freshness: 'Current' });
      await this.#askOpenApi(remote, backend);
    } catch (error) {
      this.#keep(remote, { version: remote.version, freshness: 'Stale' });
      // When it becomes available, this is heard of.
      if (remote.isAvailable) throw error;
    }
  }

  #keep({ name }: RemoteApiService, document: VersionDocument): void {
    if (JSON.stringify(this.#documents.get(name)) === JSON.stringify(document)) return;
    this.#documents.set(name, document);
    this.#generation++;
  }

  async #ask({ group, version }: RemoteApiService, backend: Backend): Promise<VersionDocument> {
    const known = this.#answered.get(backend);
    const headers = { ...userHeaders(AGGREGATOR_USER), accept: AGGREGATED, ...(known ? { 'if-none-match': known.etag } : {}) };
    const answer = await backend.get('/apis', { headers, timeoutMs: TIMEOUT_MS });
    if (answer.status === 304 && known !== undefined) return versionIn(known, group, version);
    if (answer.status === 503) throw new Error(`the server of ${group}/${version} answered 503`);
    if (answer.status !== 200 || !(answer.headers['content-type'] ?? '').includes('as=APIGroupDiscoveryList')) {
      return askPlain(group, version, backend);
    }
    const answered = { etag: answer.headers.etag ?? '', versions: versionsOf(JSON.parse(answer.body.toString('utf8'))) };
    if (answered.etag !== '') this.#answered.set(backend, answered);
    return versionIn(answered, group, version);
  }

  async #askOpenApi({ name, group, version }: RemoteApiService, backend: Backend): Promise<void> {
    const headers = { ...userHeaders(AGGREGATOR_USER), accept: 'application/json' };
    const { status, body } = await backend.get('/openapi/v3', { headers, timeoutMs: TIMEOUT_MS });
    const paths = status === 200 ? (JSON.parse(body.toString('utf8')) as { paths?: Record<string, object> }).paths : undefined;
    const entry = paths?.[`apis/${group}/${version}`];
    if (JSON.stringify(entry) === JSON.stringify(this.#openApi.get(name))) return;
    if (entry === undefined) this.#openApi.delete(name);
    else this.#openApi.set(name, entry);
    this.#generation++;
  }
}

/** A server that does not know a group version that it is registered for serves nothing of it. */
function versionIn({ versions }: Answered, group: string, version: string): VersionDocument {
  return versions.get(`${group}/${version}`) ?? { version, freshness: 'Current' };
}

function versionsOf(list: { items?: { metadata?: { name?: string }; versions?: VersionDocument[] }[] }): Map<string, VersionDocument> {
  const versions = new Map<string, VersionDocument>();
  for (const { metadata, versions: documents } of list.items ?? []) {
    for (const document of documents ?? []) versions.set(`${metadata?.name ?? ''}/${document.version}`, document);
  }
  return versions;
}

/** For servers that know only the older form. */
async function askPlain(group: string, version: string, backend: Backend): Promise<VersionDocument> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const headers = { ...userHeaders(AGGREGATOR_USER), accept: 'application/json' };
  const { status, body } = await backend.get(path, { headers, timeoutMs: TIMEOUT_MS });
  if (status !== 200) throw new Error(`failed to download discovery for ${path}: ${status}`);
  const { resources = [] } = JSON.parse(body.toString('utf8')) as { resources?: ListedResource[] };
  return { version, resources: discoveryOfResourceList(resources), freshness: 'Current' };
}
