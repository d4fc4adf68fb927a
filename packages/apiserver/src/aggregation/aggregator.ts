/**
 * The aggregation layer: group versions that other servers answer for.
 *
 * Only this file and the filter are loaded with the server; what speaks to other servers comes with the first APIService
 * that names one.
 */
import type { RemoteDocument, RemoteGroups, RemoteGroupVersion } from '../discovery/remote-groups.js';
import type { Informer } from '../informer.js';
import { type RemoteApiService, remoteApiService } from './api-service.js';
import type { RemoteServers } from './remote-servers.js';

const NOTHING: Readonly<Record<string, object>> = Object.freeze({});

/** Knows the APIServices of other servers and, while there are any, what speaks to these. */
export class Aggregator implements RemoteGroups {
  readonly #informer: Informer;
  readonly #load: (aggregator: Aggregator) => Promise<RemoteServers>;
  readonly #onFault: (error: unknown) => void;
  /** By group, then version. */
  readonly #remote = new Map<string, Map<string, RemoteApiService>>();
  #servers: RemoteServers | null = null;
  #loading: Promise<void> | null = null;
  #unsubscribe: () => void = () => {};
  #isClosed = false;

  /**
   * @param load - Called once, when the first APIService of another server appears.
   * @param onFault - Hears why it failed.
   */
  constructor(informer: Informer, load: (aggregator: Aggregator) => Promise<RemoteServers>, onFault: (error: unknown) => void) {
    this.#informer = informer;
    this.#load = load;
    this.#onFault = onFault;
  }

  /** Resolves when the present APIServices are known; requests to other servers can be served then. */
  async start(): Promise<void> {
    await this.#informer.start();
    this.#unsubscribe = this.#informer.onEvent(({ type, object, old }) => {
      const last = type === 'DELETED' ? (old ?? object) : old;
      const before = last === undefined ? null : remoteApiService(last);
      const now = type === 'DELETED' ? null : remoteApiService(object);
      if (before !== null) this.#forget(before);
      if (now !== null) this.#put(now);
      if (before === null && now === null) return;
      if (this.#servers !== null) this.#servers.changed(before, now);
      else void this.#begin().catch((error: unknown) => this.#onFault(error));
    });
    for (const object of this.#informer.list()) {
      const remote = remoteApiService(object);
      if (remote !== null) this.#put(remote);
    }
    if (this.#remote.size > 0) await this.#begin();
  }

  /** False in clusters where this server answers for everything. */
  get isInUse(): boolean {
    return this.#remote.size > 0;
  }

  /** Who answers for a group version; undefined when that is this server. */
  find(group: string, version: string): RemoteApiService | undefined {
    return this.#remote.get(group)?.get(version);
  }

  /** Every group version of another server. */
  list(): RemoteApiService[] {
    return [...this.#remote.values()].flatMap((versions) => [...versions.values()]);
  }

  /** Names of all APIServices, our own as well. */
  names(): string[] {
    return this.#informer.list().map(({ metadata }) => metadata?.name ?? '');
  }

  /** What speaks to other servers; resolves when it is loaded. @throws when there is none. */
  async servers(): Promise<RemoteServers> {
    await this.#loading;
    if (this.#servers === null) throw new Error('no other server answers for anything');
    return this.#servers;
  }

  get generation(): number {
    return this.#servers?.discovery.generation ?? 0;
  }

  groupVersions(): readonly RemoteGroupVersion[] {
    if (!this.isInUse) return [];
    return this.list().map((remote) => ({ ...remote, document: this.#documentOf(remote) }));
  }

  openApiV3(): Readonly<Record<string, object>> {
    return this.isInUse ? (this.#servers?.discovery.openApiV3() ?? NOTHING) : NOTHING;
  }

  async openApiV2(): Promise<readonly RemoteDocument[]> {
    return this.isInUse ? (await this.servers()).openApiV2() : [];
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unsubscribe();
    await this.#loading?.catch(() => {});
    this.#servers?.close();
  }

  #documentOf({ name, version }: RemoteApiService): object {
    return this.#servers?.discovery.document(name) ?? { version, freshness: 'Stale' };
  }

  #put(remote: RemoteApiService): void {
    const versions = this.#remote.get(remote.group);
    if (versions === undefined) this.#remote.set(remote.group, new Map([[remote.version, remote]]));
    else versions.set(remote.version, remote);
  }

  #forget({ group, version }: RemoteApiService): void {
    const versions = this.#remote.get(group);
    versions?.delete(version);
    if (versions?.size === 0) this.#remote.delete(group);
  }

  #begin(): Promise<void> {
    this.#loading ??= this.#load(this).then((servers) => {
      this.#servers = servers;
      if (this.#isClosed) return;
      servers.start();
      for (const remote of this.list()) servers.changed(null, remote);
    });
    return this.#loading;
  }
}
