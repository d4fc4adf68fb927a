/**
 * Composes one API server: storage → registry → informers → authorization → the handler chain → the listener.
 */
import { randomUUID } from 'node:crypto';
import { type Catalogue, createBuiltInCatalogue } from '@k/api';
import { type Authenticator, type Authorizer, createRbacAuthorizer, privilegedGroupAuthorizer, unionAuthorizer } from '@k/auth';
import { createStorageFactory, type KeyValueStore, type ValueTransformer } from '@k/storage';
import type { Logger } from 'pino';
import type { AdmissionRunner } from './admission-runner.js';
import { ensureNamespaces } from './bootstrap/namespaces.js';
import type { Filter, RequestContext } from './context.js';
import type { Controller } from './controllers/controller.js';
import { defaultServiceAccountsController } from './controllers/default-service-accounts.js';
import { namespaceDeletionController } from './controllers/namespace-deletion.js';
import { discoveryFilter } from './discovery/filter.js';
import { authenticationFilter } from './filters/authentication.js';
import { authorizationFilter } from './filters/authorization.js';
import { type HealthCheck, healthFilter } from './filters/health.js';
import { inFlightFilter } from './filters/in-flight.js';
import { runChain } from './handler-chain.js';
import type { Exchange } from './http/exchange.js';
import { type Listener, type ListenerOptions, listen } from './http/listener.js';
import { InformerSet } from './informer-set.js';
import { LocalClient } from './local-client.js';
import { createServerMetrics, type ServerMetrics } from './metrics.js';
import { createRbacSource } from './rbac-source.js';
import { ResourceRegistry } from './registry.js';
import { resolveRequestInfo } from './request-info.js';
import { resourceDispatcher, type SpecialHandlers } from './rest/dispatch.js';
import type { ResourceHooks, ServerContext } from './server-context.js';
import { WarningRecorder } from './warnings.js';

/** What a server is made of. */
export interface ServerOptions {
  store: KeyValueStore;
  listener: ListenerOptions;
  authenticators: readonly Authenticator[];
  anonymous: boolean;
  /** Modes in order. Default `['RBAC']`. */
  authorizers?: readonly ('RBAC' | Authorizer)[];
  admission: AdmissionRunner;
  /** PEM of the CA that pods get to trust this server. */
  rootCa: string;
  log: Logger;
  keyPrefix?: string;
  transformerFor?: (resource: string) => ValueTransformer | undefined;
  eventTtlSeconds?: number;
  watchCache?: boolean;
  readOnlyInFlightMax?: number;
  mutatingInFlightMax?: number;
  /** Names to leave out; `*` = all. */
  disabledControllers?: readonly string[];
}

/** A running server. */
export interface ApiServer {
  readonly address: { host: string; port: number };
  readonly catalogue: Catalogue;
  readonly client: LocalClient;
  /** Ends watches, lets requests in flight finish, stops controllers. The store stays open. */
  close(): Promise<void>;
}

const NO_HOOKS: ResourceHooks = new Map();
const NO_SPECIAL: SpecialHandlers = new Map();
/** Requests in flight may take this long after the end was asked for. */
const SHUTDOWN_GRACE_MS = 10_000;

/** Starts a server; resolves when it is ready. */
export async function startApiServer(options: ServerOptions): Promise<ApiServer> {
  const { log } = options;
  const catalogue = createBuiltInCatalogue();
  const factory = createStorageFactory({ store: options.store });
  const registry = new ResourceRegistry({
    catalogue,
    factory,
    keyPrefix: options.keyPrefix ?? '/registry',
    eventTtlSeconds: options.eventTtlSeconds ?? 3600,
    watchCache: options.watchCache ?? true,
    ...(options.transformerFor === undefined ? {} : { transformerFor: options.transformerFor }),
  });
  const informers = new InformerSet(registry);
  const client = new LocalClient(registry, Date.now);
  const metrics = createServerMetrics();
  const shutdown = new AbortController();
  const state = { ready: false, stopping: false };
  const modes = options.authorizers ?? ['RBAC'];
  const [source] = await Promise.all([createRbacSource(informers), ensureNamespaces(client)]);
  const authorizer = unionAuthorizer([
    privilegedGroupAuthorizer,
    ...modes.map((mode) => (mode === 'RBAC' ? createRbacAuthorizer(source) : mode)),
  ]);
  const server: ServerContext = {
    catalogue,
    registry,
    informers,
    admission: options.admission,
    authorizer,
    metrics,
    log,
    hooks: NO_HOOKS,
    shutdown: shutdown.signal,
    now: Date.now,
  };
  const checks = healthChecks(options.store, state);
  let address = '';
  const filters: Filter[] = [
    authenticationFilter({ authenticators: options.authenticators, anonymous: options.anonymous }),
    inFlightFilter({ readOnlyMax: options.readOnlyInFlightMax ?? 400, mutatingMax: options.mutatingInFlightMax ?? 200, metrics }),
    authorizationFilter(authorizer),
    healthFilter(checks, metrics),
    discoveryFilter(catalogue, () => address),
    resourceDispatcher(server, NO_SPECIAL),
  ];
  const listener: Listener = await listen(options.listener, (exchange) => void serve(exchange, filters, metrics, log));
  address = `${listener.host}:${listener.port}`;
  const disabled = options.disabledControllers ?? [];
  const controllers: Controller[] = [
    namespaceDeletionController(informers, registry, client, log),
    defaultServiceAccountsController(informers, client, log, options.rootCa),
  ].filter((controller) => !disabled.includes('*') && !disabled.includes(controller.name));
  await Promise.all(controllers.map((controller) => controller.start()));
  state.ready = true;
  return {
    address: { host: listener.host, port: listener.port },
    catalogue,
    client,
    async close() {
      state.stopping = true;
      for (const controller of controllers) controller.stop();
      shutdown.abort();
      await listener.close(SHUTDOWN_GRACE_MS);
      informers.close();
      await factory.close();
    },
  };
}

function healthChecks(store: KeyValueStore, state: { ready: boolean; stopping: boolean }): HealthCheck[] {
  const all = ['healthz', 'livez', 'readyz'] as const;
  return [
    { name: 'ping', endpoints: all, check: () => {} },
    { name: 'log', endpoints: all, check: () => {} },
    { name: 'etcd', endpoints: all, check: () => store.checkHealth() },
    {
      name: 'poststarthook/start-apiserver',
      endpoints: all,
      check: () => {
        if (!state.ready) throw new Error('starting');
      },
    },
    {
      name: 'shutdown',
      endpoints: ['readyz'],
      check: () => {
        if (state.stopping) throw new Error('stopping');
      },
    },
  ];
}

/** Makes the context of one request and runs it. */
async function serve(exchange: Exchange, filters: readonly Filter[], metrics: ServerMetrics, log: Logger): Promise<void> {
  const { url } = exchange;
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  const query = question < 0 ? null : new URLSearchParams(url.slice(question + 1));
  const given = exchange.headers['audit-id'];
  const context: RequestContext = {
    exchange,
    receivedAtMs: Date.now(),
    path,
    query,
    info: resolveRequestInfo(exchange.method, path, query),
    auditId: typeof given === 'string' && given !== '' ? given.slice(0, 64) : randomUUID(),
    user: { username: '', groups: [] },
    originalUser: null,
    audit: null,
    warnings: new WarningRecorder(),
    media: null,
    responseHeaders: {},
    answered: false,
    onStreamStart: null,
    aborted: false,
  };
  await runChain(filters, context, log);
  const { info } = context;
  const scope = !info.isResourceRequest ? '' : info.name !== '' ? 'resource' : info.namespace !== '' ? 'namespace' : 'cluster';
  metrics.request(
    {
      verb: info.verb.toUpperCase(),
      group: info.apiGroup,
      version: info.apiVersion,
      resource: info.resource,
      subresource: info.subresource,
      scope,
    },
    exchange.statusCode,
    (Date.now() - context.receivedAtMs) / 1000,
    0,
  );
}
