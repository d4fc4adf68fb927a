/** From flags to a running server, and its orderly end. */
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { AddressRange, type ApiServer, createServerMetrics, PortRange, type ServerMetrics, startApiServer } from '@k/apiserver';
import type { KeyValueStore } from '@k/storage';
import { destination, type Logger, pino, stdSerializers } from 'pino';
import { ensureCertificates, type KeyAndCertificate } from './certificates.js';
import { openControlSocket } from './control/control-socket.js';
import { bindAddress } from './flags/bind-address.js';
import type { Flags } from './flags/command-line.js';
import { checkFeatureGates } from './flags/feature-gates.js';
import { FlagError } from './flags/flag.js';
import { certificateFolder, dataFolder, makeFolder } from './flags/folders.js';
import { forFlag, readFlagFile } from './flags/read-file.js';
import type { IdleMemory } from './idle-memory.js';
import { writeKubeconfig } from './kubeconfig.js';
import { setUpAdmission } from './setup/admission.js';
import { setUpAggregation, setUpRequestHeader } from './setup/aggregation.js';
import type { AuditSetup } from './setup/audit.js';
import { setUpAuthentication } from './setup/authentication.js';
import { setUpAuthorization } from './setup/authorization.js';
import { setUpEncryption } from './setup/encryption.js';
import { setUpJwt } from './setup/jwt.js';
import { setUpKubelet } from './setup/kubelet.js';
import { setUpStore } from './setup/store.js';
import { setUpTokenWebhook } from './setup/token-webhook.js';
import { setUpZPages } from './setup/z-pages.js';

/** A server with everything around it. */
export interface RunningServer {
  server: ApiServer;
  /** For clients on this machine. */
  url: string;
  /** Path of the administrator's kubeconfig. */
  kubeconfig: string;
  /** Opens the audit log anew and looks at the configurations of encryption, authentication and authorization. */
  reopenLogs(): void;
  /** Lets requests finish, writes out what is held and closes the store. */
  stop(): Promise<void>;
}

/** The log on standard error; `--v` raises its detail. */
function createLog(flags: Flags): Logger {
  const verbosity = flags.number('v');
  const level = verbosity >= 6 ? 'trace' : verbosity >= 4 ? 'debug' : verbosity >= 2 ? 'info' : 'warn';
  // By the name that an error gives itself: those of classes are short in the built server.
  const err = (error: unknown): unknown => (error instanceof Error ? { ...stdSerializers.err(error), type: error.name } : error);
  return pino({ level, serializers: { err } }, destination({ fd: 2, sync: true }));
}

/** The pair that the flags name; undefined = the server makes its own. */
function givenCertificate(flags: Flags): KeyAndCertificate | undefined {
  const cert = readFlagFile(flags, 'tls-cert-file');
  const key = readFlagFile(flags, 'tls-private-key-file');
  if (cert === undefined && key === undefined) {
    if (!flags.on('tls-self-signed')) throw new FlagError('--tls-self-signed=false needs --tls-cert-file and --tls-private-key-file');
    return undefined;
  }
  if (cert === undefined || key === undefined) throw new FlagError('--tls-cert-file and --tls-private-key-file must be given together');
  // An empty text would count as none.
  if (cert.trim() === '') throw new FlagError(`--tls-cert-file: "${flags.text('tls-cert-file')}" is empty`);
  if (key.trim() === '') throw new FlagError(`--tls-private-key-file: "${flags.text('tls-private-key-file')}" is empty`);
  forFlag('tls-cert-file', () => createSecureContext({ cert }));
  forFlag('tls-private-key-file', () => createSecureContext({ cert, key }));
  return { cert, key };
}

/** Flags whose values must hold before anything is made or opened. */
function checkFlags(flags: Flags): void {
  if (!flags.on('tls')) throw new FlagError('--tls=false: this server speaks HTTPS only');
  if (!flags.on('service-account-lookup')) {
    throw new FlagError('--service-account-lookup=false: tokens of service accounts that are gone are always refused');
  }
  forFlag('service-cluster-ip-range', () => {
    const ranges = flags.list('service-cluster-ip-range');
    if (ranges.length === 0) throw new FlagError('--service-cluster-ip-range must not be empty');
    for (const cidr of ranges) new AddressRange(cidr);
  });
  forFlag('service-node-port-range', () => new PortRange(flags.text('service-node-port-range')));
  const [reads, writes] = [flags.number('max-requests-inflight'), flags.number('max-mutating-requests-inflight')];
  if (flags.on('enable-priority-and-fairness') && reads + writes === 0) {
    const limits = `MaxRequestsInFlight=${reads} and MaxMutatingRequestsInFlight=${writes}`;
    throw new FlagError(`invalid configuration: ${limits}; they must add up to something positive`);
  }
  const advertised = flags.optional('advertise-address');
  if (advertised !== undefined && isIP(advertised) === 0) {
    throw new FlagError(`invalid argument ${JSON.stringify(advertised)} for "--advertise-address" flag: must be an IP address`);
  }
  if (!flags.text('etcd-prefix').startsWith('/')) {
    throw new FlagError(`invalid argument ${JSON.stringify(flags.text('etcd-prefix'))} for "--etcd-prefix" flag: must begin with a slash`);
  }
}

/** The audit log; its code is loaded only when a flag asks for it. */
async function openAudit(flags: Flags, log: Logger, { registry }: ServerMetrics): Promise<AuditSetup | undefined> {
  const wanted = ['audit-policy-file', 'audit-log-path', 'audit-webhook-config-file'].some((name) => flags.isGiven(name));
  return wanted ? (await import('./setup/audit.js')).setUpAudit(flags, log, registry) : undefined;
}

/** A port or an address that cannot be listened on, by its flag. */
function listenFault(error: unknown, { host, port }: { host: string; port: number }): unknown {
  const { syscall, code = '' } = error as NodeJS.ErrnoException;
  if (syscall !== 'listen') return error;
  const why = { EADDRINUSE: 'the port is in use', EADDRNOTAVAIL: 'this machine does not have the address', EACCES: 'permission denied' }[
    code
  ];
  const flag = code === 'EADDRNOTAVAIL' ? 'bind-address' : 'secure-port';
  return new FlagError(`--${flag}: cannot listen on ${host.includes(':') ? `[${host}]` : host}:${port}: ${why ?? code}`);
}

/** Controllers to leave out; `*` = all. */
function disabledControllers(flags: Flags): string[] {
  const wanted = flags.list('controllers');
  const off = wanted.filter((name) => name.startsWith('-')).map((name) => name.slice(1));
  return wanted.length === 0 || (!wanted.includes('*') && off.length === 0) ? ['*'] : off;
}

/**
 * Starts the server; resolves when it is ready.
 *
 * @param newKey - The signing key of service accounts that this start makes; undefined = there is one.
 * @throws {@link FlagError} when a flag or a file that it names cannot be used; nothing runs then.
 */
export async function run(flags: Flags, newKey: Promise<KeyObject> | undefined): Promise<RunningServer> {
  checkFlags(flags);
  const gateWarnings = await checkFeatureGates(flags);
  const bind = bindAddress(flags);
  const given = givenCertificate(flags);
  const log = createLog(flags);
  for (const warning of gateWarnings) log.warn(warning);
  const dataDir = dataFolder(flags);
  const certDir = certificateFolder(flags);
  const metrics = createServerMetrics();
  const openStore = setUpStore(flags, dataDir, log);
  const admission = await setUpAdmission(flags);
  const encryption = await setUpEncryption(flags, dataDir, log, metrics);
  const addresses = [bind.host, flags.optional('advertise-address'), flags.optional('external-hostname')].filter(
    (item) => item !== undefined,
  );
  const makeAuthentication = setUpAuthentication(flags);
  const requestHeader = setUpRequestHeader(flags);
  const aggregation = setUpAggregation(flags, certDir);
  const kubelet = setUpKubelet(flags, certDir);
  const jwt = await setUpJwt(flags, log, metrics);
  const tokenWebhook = await setUpTokenWebhook(flags, log);
  const authorization = await setUpAuthorization(flags, log, metrics);
  const audit = await openAudit(flags, log, metrics);
  forFlag('data-dir', () => makeFolder(dataDir));
  const openControl = async (store: KeyValueStore): Promise<() => Promise<void>> =>
    flags.list('etcd-servers').length > 0 ? async () => {} : openControlSocket(dataDir, store);
  // Certificates, the key of service accounts (on the thread pool) and the store get ready side by side.
  const ready = ensureCertificates({ dir: certDir, addresses });
  const [certificates, authentication, { store, closeControl }] = await Promise.all([
    ready,
    makeAuthentication({ ca: ready.then(({ ca }) => ca), certDir, newKey }),
    openStore().then(async (store) => ({ store, closeControl: await openControl(store) })),
  ]);
  const { cert, key } = given ?? certificates.serving;
  const advertiseAddress = flags.optional('advertise-address');
  const externalHostname = flags.optional('external-hostname');
  let server: ApiServer;
  try {
    server = await startApiServer({
      store,
      listener: {
        ...bind,
        cert,
        key,
        clientCa: authentication.clientCa,
        ...(requestHeader === undefined ? {} : { requestHeaderCa: requestHeader.options.clientCa }),
        tlsMinVersion: flags.text('tls-min-version') === 'VersionTLS13' ? 'TLSv1.3' : 'TLSv1.2',
      },
      authenticators: [...(requestHeader === undefined ? [] : [requestHeader.authenticator]), ...authentication.authenticators],
      ...(requestHeader === undefined ? {} : { requestHeader: requestHeader.options }),
      aggregation,
      kubelet,
      anonymous: jwt?.anonymous ?? flags.on('anonymous-auth'),
      bootstrapTokens: flags.on('enable-bootstrap-token-auth'),
      lastAuthenticators: [jwt, tokenWebhook].flatMap((tokens) => tokens?.authenticator ?? []),
      authorizers: authorization.authorizers,
      admission,
      ...(audit === undefined ? {} : { audit: audit.logger }),
      serviceAccounts: authentication.serviceAccounts,
      serviceCidrs: flags.list('service-cluster-ip-range'),
      serviceNodePorts: flags.text('service-node-port-range'),
      zPages: setUpZPages(flags),
      healthChecks: encryption?.healthChecks ?? [],
      requestTimeoutMs: flags.number('request-timeout'),
      shutdownDelayMs: flags.number('shutdown-delay-duration'),
      identity: hostname(),
      rootCa: given?.cert ?? certificates.ca,
      log,
      metrics,
      keyPrefix: flags.text('etcd-prefix').replace(/\/+$/, ''),
      ...(encryption === undefined ? {} : { transformerFor: encryption.transformerFor }),
      ...(advertiseAddress === undefined ? {} : { advertiseAddress }),
      endpointReconcilerType: flags.text('endpoint-reconciler-type') as 'lease' | 'none',
      ...(externalHostname === undefined ? {} : { externalHostname }),
      eventTtlSeconds: Math.ceil(flags.number('event-ttl') / 1000),
      watchCache: flags.on('watch-cache'),
      priorityAndFairness: flags.on('enable-priority-and-fairness'),
      readOnlyInFlightMax: flags.number('max-requests-inflight'),
      mutatingInFlightMax: flags.number('max-mutating-requests-inflight'),
      disabledControllers: disabledControllers(flags),
    });
  } catch (error) {
    await closeControl();
    await store.close();
    throw listenFault(error, bind);
  }
  const host =
    bind.host === '0.0.0.0' ? '127.0.0.1' : bind.host === '::' ? '[::1]' : bind.host.includes(':') ? `[${bind.host}]` : bind.host;
  const url = `https://${host}:${server.address.port}`;
  const kubeconfig = resolve(flags.optional('write-kubeconfig') ?? join(dataDir, 'admin.kubeconfig'));
  writeKubeconfig(kubeconfig, { server: url, ca: given?.cert ?? certificates.ca, admin: certificates.admin });
  let idleMemory: IdleMemory | undefined;
  // Of no use in the first seconds: loaded when requests are served.
  const soon = setImmediate(async () => {
    const { IdleMemory } = await import('./idle-memory.js');
    idleMemory = new IdleMemory();
    idleMemory.start();
  });
  authorization.follow((choices) => server.chooseAuthorizers(choices));
  return {
    server,
    url,
    kubeconfig,
    reopenLogs: () => {
      audit?.reopen();
      void encryption?.reload();
      authorization.reload();
      jwt?.reload?.();
    },
    async stop() {
      clearImmediate(soon);
      idleMemory?.stop();
      await server.close();
      await Promise.all([authorization.close(), jwt?.close(), tokenWebhook?.close()]);
      await audit?.close();
      await closeControl();
      await store.close();
      encryption?.close();
    },
  };
}
