/** What speaks to other servers; loaded with the first APIService that names one. */
import { resolveClusterAddress, resolveService } from '@k/admission/webhooks';
import type { Logger } from 'pino';
import type { RequestContext } from '../context.js';
import type { RemoteDocument } from '../discovery/remote-groups.js';
import type { InformerSet } from '../informer-set.js';
import type { LocalClient } from '../local-client.js';
import type { Aggregator } from './aggregator.js';
import type { RemoteApiService } from './api-service.js';
import { AvailabilityController } from './availability-controller.js';
import type { AvailabilityMetrics } from './availability-metrics.js';
import { Backend, type ProxyClientCertificate } from './backend.js';
import { forward, refuse } from './forward.js';
import { RemoteDiscovery } from './remote-discovery.js';
import { RemoteOpenApi } from './remote-openapi.js';

/** How other servers are reached. */
export interface RoutingOptions {
  /** The certificate by which they know this server; asked for each connection. Default: none is shown. */
  proxyClient?: () => Promise<ProxyClientCertificate | undefined>;
  /** Whether services are reached at their endpoints or at their cluster address. Default `endpoints`. */
  routing?: 'endpoints' | 'clusterIP';
  /** Redirects of other servers become 502. Default true. */
  rejectRedirects?: boolean;
}

/** What the aggregation layer takes from the server that it stands in. */
export interface RemoteServersParts extends RoutingOptions {
  aggregator: Aggregator;
  informers: InformerSet;
  client: LocalClient;
  metrics: AvailabilityMetrics;
  /** Whether the server itself takes users from a header; the name in lower case. */
  isIdentityHeader: (name: string) => boolean;
  log: Logger;
  /** Ends watches and switched connections. */
  shutdown: AbortSignal;
}

/** The other servers of a cluster. */
export class RemoteServers {
  readonly discovery: RemoteDiscovery;
  readonly #parts: RemoteServersParts;
  readonly #availability: AvailabilityController;
  readonly #openApi: RemoteOpenApi;
  /** By the identity of APIServices: several may name one server. */
  readonly #backends = new Map<string, Backend>();
  readonly #streams = new Set<() => void>();

  constructor(parts: RemoteServersParts) {
    this.#parts = parts;
    const backendOf = (remote: RemoteApiService): Backend => this.#backendOf(remote);
    this.discovery = new RemoteDiscovery(parts.aggregator, backendOf, parts.log);
    this.#availability = new AvailabilityController({ ...parts, backendOf });
    this.#openApi = new RemoteOpenApi(parts.aggregator, backendOf, parts.log);
    parts.shutdown.addEventListener('abort', () => {
      for (const end of this.#streams) end();
    });
  }

  start(): void {
    this.discovery.start();
    this.#availability.start();
  }

  /** An APIService of another server came, changed or went. */
  changed(before: RemoteApiService | null, now: RemoteApiService | null): void {
    const { name } = (now ?? before) as RemoteApiService;
    if (before !== null && before.identity !== now?.identity) this.#retireUnused(before.identity);
    if (before?.identity !== now?.identity) this.#availability.add(name);
    this.discovery.add(name);
  }

  /** Hands a request to the server that answers for it. */
  async forward(context: RequestContext, remote: RemoteApiService): Promise<void> {
    if (!remote.isAvailable) return refuse(context, 503, 'service unavailable');
    const { isIdentityHeader, rejectRedirects = true } = this.#parts;
    return forward(context, this.#backendOf(remote), { isIdentityHeader, rejectRedirects, track: (end) => this.#track(end) });
  }

  openApiV2(): Promise<readonly RemoteDocument[]> {
    return this.#openApi.documents();
  }

  close(): void {
    this.discovery.stop();
    this.#availability.stop();
    for (const backend of this.#backends.values()) backend.close();
    this.#backends.clear();
  }

  #track(end: () => void): () => void {
    this.#streams.add(end);
    return () => this.#streams.delete(end);
  }

  #backendOf(remote: RemoteApiService): Backend {
    let backend = this.#backends.get(remote.identity);
    if (backend === undefined) {
      const { informers, routing = 'endpoints', proxyClient = async () => undefined } = this.#parts;
      const resolve: ConstructorParameters<typeof Backend>[1]['resolve'] = (service) =>
        routing === 'endpoints' ? resolveService(informers, service, Math.random) : resolveClusterAddress(informers, service);
      backend = new Backend(remote, { resolve, proxyClient });
      this.#backends.set(remote.identity, backend);
    }
    return backend;
  }

  #retireUnused(identity: string): void {
    if (this.#parts.aggregator.list().some((remote) => remote.identity === identity)) return;
    this.#backends.get(identity)?.retire();
    this.#backends.delete(identity);
  }
}
