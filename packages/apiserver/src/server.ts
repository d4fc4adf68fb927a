/**
 * Composes one API server: storage → registry → informers → authorization → the handler chain → the listener.
 */
import type { KeyObject } from 'node:crypto';
import type { AdmissionDependencies } from '@k/admission';
import { createAdmissionMetrics } from '@k/admission/metrics';
import { AdmissionExpressions } from '@k/admission/policies';
import { QuotaLedger } from '@k/admission/quota';
import { WebhookClient } from '@k/admission/webhooks';
import { type Catalogue, createBuiltInCatalogue } from '@k/api';
import type { AuditLogger } from '@k/audit';
import type { Authenticator, RequestHeaderOptions, ServiceAccountIssuer } from '@k/auth';
import { createStorageFactory, type KeyValueStore, type ValueTransformer } from '@k/storage';
import type { Logger } from 'pino';
import { advertisedAddress, authorizeFor, localSink } from './admission-dependencies.js';
import type { AdmissionRunner } from './admission-runner.js';
import { type AggregationOptions, createAggregator, publishLater } from './aggregation/create-aggregator.js';
import { forwardFilter } from './aggregation/forward-filter.js';
import { AddressRange } from './allocators/address-range.js';
import { PortRange } from './allocators/port-range.js';
import { ServiceAllocator } from './allocators/service-hook.js';
import { AuthorizationDecisions } from './authorization-decisions.js';
import { publishAuthentication } from './bootstrap/authentication-information.js';
import { ensureKubernetesService } from './bootstrap/kubernetes-service.js';
import { ensureNamespaces } from './bootstrap/namespaces.js';
import { ensureBootstrapObjects } from './bootstrap/reconcile.js';
import { connectHandlers } from './connect/connect-handlers.js';
import type { KubeletOptions } from './connect/kubelet-options.js';
import type { Filter, RequestContext } from './context.js';
import { builtInControllers } from './controllers/built-in.js';
import { type KubernetesEndpoints, kubernetesEndpoints } from './controllers/kubernetes-endpoints.js';
import { MasterLeases } from './controllers/master-leases.js';
import { ServedDefinitions, webhookConverters } from './crd/index.js';
import { deviceHooks } from './device-selectors.js';
import { discoveryFilter } from './discovery/filter.js';
import { auditFilter, auditUnauthenticated } from './filters/audit.js';
import { authenticationFilter } from './filters/authentication.js';
import { authorizationFilter } from './filters/authorization.js';
import { type HealthCheck, healthFilter } from './filters/health.js';
import { impersonationFilter } from './filters/impersonation.js';
import { openIdDiscoveryFilter } from './filters/openid-discovery.js';
import { type RequestLimitOptions, requestLimits } from './filters/request-limits.js';
import { requestTimeoutFilter } from './filters/request-timeout.js';
import { type ZPages, zPagesFilter } from './filters/z-pages.js';
import { healthChecks } from './health-checks.js';
import type { Exchange } from './http/exchange.js';
import { type Listener, type ListenerOptions, listen } from './http/listener.js';
import { InformerSet } from './informer-set.js';
import { LocalClient } from './local-client.js';
import { createServerMetrics, type ServerMetrics } from './metrics.js';
import { openApiFilter } from './openapi/filter.js';
import { policyHooks } from './policies/policy-check.js';
import { createRbacSource } from './rbac-source.js';
import { ResourceRegistry } from './registry.js';
import { componentStatusHandlers } from './rest/component-statuses.js';
import { resourceDispatcher } from './rest/dispatch.js';
import { escalationCheck } from './rest/rbac-escalation.js';
import { WatchFlusher } from './rest/watch-flusher.js';
import { serve } from './serve-exchange.js';
import { serverAuthenticators } from './server-authenticators.js';
import { type AuthorizerChoice, ownAuthorizers, ServerAuthorizer } from './server-authorizer.js';
import type { ServerContext, WriteHook } from './server-context.js';
import { createShutdown } from './shutdown.js';
import { specialHandlers } from './special-handlers.js';

/** What a server is made of. */
export interface ServerOptions extends RequestLimitOptions {
  store: KeyValueStore;
  listener: ListenerOptions;
  authenticators: readonly Authenticator[];
  /** Asked when nobody else knows a caller, service accounts included: services outside. */
  lastAuthenticators?: readonly Authenticator[];
  /** Whether tokens of Secrets of type `bootstrap.kubernetes.io/token` in `kube-system` are taken. Default false. */
  bootstrapTokens?: boolean;
  /** Whether requests without credentials are taken; paths = those alone. */
  anonymous: boolean | ReadonlySet<string>;
  /** Proxies in front whose users one of the authenticators takes; servers behind this one are told. */
  requestHeader?: RequestHeaderOptions;
  /** How servers behind this one, which APIServices name, are reached. */
  aggregation?: AggregationOptions;
  /** How kubelets are reached, for logs, exec, port-forward and proxies. */
  kubelet?: KubeletOptions;
  /** Modes in order. Default `['RBAC']`. */
  authorizers?: readonly AuthorizerChoice[];
  /** Made once the server's objects can be read; given what admission controllers need. */
  admission: (dependencies: AdmissionDependencies) => AdmissionRunner | Promise<AdmissionRunner>;
  /** Absent = no audit log. */
  audit?: AuditLogger;
  /** Issues, publishes and accepts service account tokens; absent = none. */
  serviceAccounts?: { issuer: ServiceAccountIssuer; keys: readonly KeyObject[]; issuers: readonly string[] };
  /** CIDRs of service addresses, one or two. Default `['10.0.0.0/24']`. */
  serviceCidrs?: readonly string[];
  /** Default `30000-32767`. */
  serviceNodePorts?: string;
  /** More checks for the health endpoints, e.g. of KMS providers. */
  healthChecks?: readonly HealthCheck[];
  /** Default: `/statusz` alone, as only who started the server knows its flags. */
  zPages?: ZPages;
  /** Milliseconds that the server goes on serving after it reports not ready. Default 0. */
  shutdownDelayMs?: number;
  /** IP address that others reach this server by. Default: the bind address, or the first network interface's. */
  advertiseAddress?: string;
  /** How servers on one store share the endpoints of the `kubernetes` service; `none` = they are left alone. Default `lease`. */
  endpointReconcilerType?: 'lease' | 'none';
  /** Seconds after which a server that was killed is no endpoint any more; leases are renewed after two thirds. Default 15. */
  endpointLeaseSeconds?: number;
  /** Host name in URLs that the server gives out. Default: the address it listens on. */
  externalHostname?: string;
  /** Host name under which this server keeps a Lease that tells that it runs. Default: none is kept. */
  identity?: string;
  /** PEM of the CA that pods get to trust this server. */
  rootCa: string;
  log: Logger;
  /** Default: metrics of this server alone. */
  metrics?: ServerMetrics;
  keyPrefix?: string;
  transformerFor?: (resource: string) => ValueTransformer | undefined;
  eventTtlSeconds?: number;
  watchCache?: boolean;
  /** Controllers to leave out; `*` = all that stand in for kube-controller-manager. */
  disabledControllers?: readonly string[];
}

/** A running server. */
export interface ApiServer {
  readonly address: { host: string; port: number };
  readonly catalogue: Catalogue;
  readonly client: LocalClient;
  /**
   * Lets others decide from now on, e.g. because a configuration changed; requests under way are decided by those before.
   *
   * @throws {Error} for RBAC or Node where the server did not start with it; nothing changes then.
   */
  chooseAuthorizers(choices: readonly AuthorizerChoice[]): void;
  /** Serves one exchange that did not come through the listener; never rejects. */
  handle(exchange: Exchange): Promise<void>;
  /** Ends watches, lets requests in flight finish, stops controllers. The store stays open. */
  close(): Promise<void>;
}

/** Requests in flight may take this long after the end was asked for. */
const SHUTDOWN_GRACE_MS = 10_000;

/** What tells clients inside the cluster where this server is; undefined when others do. */
function endpointsOf(options: ServerOptions, client: LocalClient, { host, port }: Listener): KubernetesEndpoints | undefined {
  const { store, keyPrefix = '/registry', endpointLeaseSeconds: ttlSeconds = 15, log } = options;
  if (options.endpointReconcilerType === 'none') return undefined;
  const leases = new MasterLeases({ store, keyPrefix, ttlSeconds });
  const ip = options.advertiseAddress ?? advertisedAddress(host);
  return kubernetesEndpoints(client, { leases, ip, port, renewMs: (ttlSeconds * 2000) / 3 }, log);
}

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
  const metrics = options.metrics ?? createServerMetrics();
  const shutdown = createShutdown();
  const state = { ready: false, stopping: false };
  const modes = options.authorizers ?? ['RBAC'];
  const ranges = (options.serviceCidrs ?? ['10.0.0.0/24']).map((cidr) => new AddressRange(cidr));
  const services = new ServiceAllocator(ranges, new PortRange(options.serviceNodePorts ?? '30000-32767'));
  const aggregator = createAggregator(options.aggregation ?? {}, {
    ...{ informers, client, metrics, log, shutdown: shutdown.signal, requestHeader: options.requestHeader },
  });
  const [source, isNew] = await Promise.all([
    createRbacSource(informers),
    ensureNamespaces(client),
    ensureBootstrapObjects(informers, client),
    services.load(informers),
    aggregator.start(),
  ]);
  const own = await ownAuthorizers(modes, { informers, rbac: source });
  const authorizer = new ServerAuthorizer(modes, own, new AuthorizationDecisions(metrics.registry));
  const quotaLedger = new QuotaLedger();
  const expressions = new AdmissionExpressions();
  const admission = await options.admission({
    objects: informers,
    quotaLedger,
    expressions,
    metrics: createAdmissionMetrics(metrics.registry),
    sink: localSink(client),
    authorize: authorizeFor(authorizer),
    catalogue,
    log,
  });
  const hooks = new Map<string, WriteHook>([['services.', services], ...policyHooks(expressions), ...deviceHooks()]);
  for (const resource of modes.includes('RBAC') ? ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'] : []) {
    hooks.set(`${resource}.rbac.authorization.k8s.io`, { check: escalationCheck(resource, source) });
  }
  const conversions = new WebhookClient(informers);
  await new ServedDefinitions(informers, registry, hooks, webhookConverters(conversions), log).start();
  const server: ServerContext = {
    catalogue,
    registry,
    informers,
    client,
    admission,
    authorizer,
    metrics,
    log,
    hooks,
    watchFlusher: new WatchFlusher(),
    shutdown: shutdown.signal,
    now: Date.now,
  };
  const { audit, serviceAccounts } = options;
  let address = '';
  const issuer = serviceAccounts?.issuer;
  const audiences = issuer?.audiences ?? [];
  const authenticators = await serverAuthenticators(options, informers);
  const limits = requestLimits(options, { informers, registry, metrics, shutdown: shutdown.signal });
  const filters: Filter[] = [
    requestTimeoutFilter(options.requestTimeoutMs ?? 60_000, audit && ((context) => auditUnauthenticated(audit, context))),
    authenticationFilter({
      authenticators,
      anonymous: options.anonymous,
      ...(audit === undefined ? {} : { onFailure: (context: RequestContext) => auditUnauthenticated(audit, context) }),
    }),
    ...(audit === undefined ? [] : [auditFilter(audit)]),
    impersonationFilter(authorizer),
    limits.limit,
    authorizationFilter(authorizer),
    forwardFilter(aggregator),
    healthFilter(healthChecks(options.store, state, options.healthChecks ?? []), metrics),
    zPagesFilter(options.zPages ?? { statusz: true }),
    ...limits.dumps,
    ...(issuer === undefined ? [] : [openIdDiscoveryFilter(issuer, () => `https://${address}/openid/v1/jwks`)]),
    openApiFilter(catalogue, aggregator),
    discoveryFilter(catalogue, aggregator, () => address),
    resourceDispatcher(
      server,
      new Map([
        ...specialHandlers(authenticators, audiences, issuer),
        ...connectHandlers(options, shutdown.signal),
        ['componentstatuses.', componentStatusHandlers(() => options.store.checkHealth())],
      ]),
    ),
  ];
  const listener = await listen(options.listener, (exchange) => void serve(exchange, filters, metrics, log));
  address = `${options.externalHostname ?? listener.host}:${listener.port}`;
  const controllers = builtInControllers(
    { informers, registry, client, log, quotaLedger, expressions, issuer, rootCa: options.rootCa, identity: options.identity },
    options.disabledControllers ?? [],
  );
  const endpoints = endpointsOf(options, client, listener);
  const { first: clusterIp, family } = ranges[0] as AddressRange;
  const startLoops = async (): Promise<void> => {
    await Promise.all([...controllers.map((controller) => controller.start()), endpoints?.start()]);
  };
  await Promise.all([
    // Of a new cluster clients expect what the controllers make; later these catch up while requests are served.
    isNew ? startLoops() : undefined,
    ensureKubernetesService(client, {
      ...{ clusterIp, family, port: listener.port },
      cidrs: ranges.map(({ cidr }) => cidr),
    }),
    publishAuthentication(client, options.listener.clientCa ?? '', options.requestHeader, Date.now()),
  ]);
  await services.load(informers);
  state.ready = true;
  publishLater(client, options.aggregation, log);
  const soon = setImmediate(() => {
    metrics.watchProcess();
    if (!isNew) startLoops().catch((error: unknown) => log.error({ err: error }, 'controllers'));
  });
  return {
    address: { host: listener.host, port: listener.port },
    catalogue,
    client,
    chooseAuthorizers: (choices) => authorizer.choose(choices),
    handle: (exchange) => serve(exchange, filters, metrics, log),
    async close() {
      state.stopping = true;
      clearImmediate(soon);
      await endpoints?.stop();
      if ((options.shutdownDelayMs ?? 0) > 0) await new Promise((resolve) => setTimeout(resolve, options.shutdownDelayMs));
      for (const controller of controllers) controller.stop();
      shutdown.abort();
      await listener.close(SHUTDOWN_GRACE_MS);
      await Promise.all([conversions.close(), admission.close?.(), aggregator.close()]);
      informers.close();
      await factory.close();
    },
  };
}
