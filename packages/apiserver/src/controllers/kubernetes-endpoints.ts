/** Who serves the `kubernetes` service of the default namespace: every server that keeps a lease, as in kube-apiserver. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '@k/apimachinery';
import type { Logger } from 'pino';
import type { LocalClient } from '../local-client.js';
import type { MasterLeases } from './master-leases.js';

const NAMESPACE = 'default';
const NAME = 'kubernetes';
const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror';
const DISCOVERY = 'discovery.k8s.io';
/** The longest that a server which stops waits for its address to be removed. */
const REMOVAL_MS_MAX = 5_000;

interface Subset {
  addresses?: { ip: string }[];
  ports?: { name: string; port: number; protocol: string }[];
}

/** What keeps the endpoints in order while a server runs. */
export interface KubernetesEndpoints {
  /** Makes this server one of those that are found; resolves when it is, or when that has to be tried again later. Never rejects. */
  start(): Promise<void>;
  /** Takes this server out and stops; gives up after a few seconds. Never rejects. */
  stop(): Promise<void>;
}

/** Where this server is found, and how often that is said again. */
export interface KubernetesEndpointsOptions {
  leases: MasterLeases;
  ip: string;
  port: number;
  renewMs: number;
}

/** Keeps this server's lease, and the Endpoints and EndpointSlice of the `kubernetes` service at what the leases say. */
export function kubernetesEndpoints(
  client: LocalClient,
  { leases, ip, port, renewMs }: KubernetesEndpointsOptions,
  log: Logger,
): KubernetesEndpoints {
  const ports = [{ name: 'https', port, protocol: 'TCP' }];
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  /** This server's ports have been written once; from then on those that are there stay. */
  let isKnown = false;
  let last: Promise<unknown> = Promise.resolve();
  const failed = (error: unknown): void =>
    log.warn({ err: error }, 'the endpoints of the service "kubernetes" cannot be brought up to date');
  const renew = async (): Promise<void> => {
    await leases.renew(ip);
    await reconcile(client, await leases.list(), { ports, reconcilePorts: !isKnown });
    isKnown = true;
  };
  const round = (): Promise<unknown> => {
    last = renew().catch(failed).finally(schedule);
    return last;
  };
  const schedule = (): void => {
    timer = setTimeout(() => void round(), renewMs).unref();
    if (isStopped) clearTimeout(timer);
  };
  const remove = async (): Promise<void> => {
    await last;
    await leases.remove(ip);
    const others = await leases.list();
    // The last one leaves the address: clients that wait for it to come back find it there.
    if (others.length > 0) await reconcile(client, others, { ports, reconcilePorts: false });
  };
  return {
    async start() {
      await round();
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      let patience: NodeJS.Timeout | undefined;
      const gaveUp = new Promise<void>((resolve) => {
        patience = setTimeout(resolve, REMOVAL_MS_MAX);
      });
      await Promise.race([remove().catch(failed), gaveUp]);
      clearTimeout(patience);
    },
  };
}

async function reconcile(
  client: LocalClient,
  ips: readonly string[],
  { ports, reconcilePorts }: { ports: NonNullable<Subset['ports']>; reconcilePorts: boolean },
): Promise<void> {
  if (ips.length === 0) throw new Error('no lease of an API server was found, and clients need one address at least');
  const wanted = [...ips].sort();
  const updated = await client.update('', 'endpoints', NAMESPACE, NAME, (current) => {
    const next = subsetsOf(current['subsets'] as Subset[] | undefined, wanted, { ports, reconcilePorts });
    const labels = current.metadata?.labels ?? {};
    if (labels[SKIP_MIRROR] === 'true' && isDeepStrictEqual(next, current['subsets'])) return null;
    return { ...current, metadata: { ...current.metadata, labels: { ...labels, [SKIP_MIRROR]: 'true' } }, subsets: next };
  });
  const after =
    updated ??
    (await client.create('', 'endpoints', {
      metadata: { name: NAME, namespace: NAMESPACE, labels: { [SKIP_MIRROR]: 'true' } },
      subsets: subsetsOf(undefined, wanted, { ports, reconcilePorts }),
    }));
  // Another server made it in between, maybe without this one: the next round looks again.
  if (after !== null) await mirror(client, (after['subsets'] as Subset[])[0] as Subset);
}

/**
 * One subset of exactly these addresses. Ports are a server's own when it starts and where there are none; afterwards those
 * that are there stay, so that servers on different ports do not overwrite each other for ever.
 */
function subsetsOf(
  current: readonly Subset[] | undefined,
  ips: readonly string[],
  { ports, reconcilePorts }: { ports: NonNullable<Subset['ports']>; reconcilePorts: boolean },
): Subset[] {
  const only = current?.length === 1 ? current[0] : undefined;
  const addresses = isDeepStrictEqual((only?.addresses ?? []).map(({ ip }) => ip).sort(), ips) ? only?.addresses : undefined;
  return [
    {
      ...only,
      addresses: addresses ?? ips.map((ip) => ({ ip })),
      ports: reconcilePorts || only?.ports === undefined ? ports : only.ports,
    },
  ];
}

/** Of an address that is known to be one: Node's own check compiles a pattern that a start would wait for. */
const isV6 = (ip: string): boolean => ip.includes(':');

/** The EndpointSlice says the same as the Endpoints. */
async function mirror(client: LocalClient, { addresses = [], ports = [] }: Subset): Promise<void> {
  const addressType = isV6(addresses[0]?.ip ?? '') ? 'IPv6' : 'IPv4';
  const labels = { 'kubernetes.io/service-name': NAME };
  const slice: KubeObject = {
    metadata: { name: NAME, namespace: NAMESPACE, labels },
    addressType,
    endpoints: addresses
      .filter(({ ip }) => isV6(ip) === (addressType === 'IPv6'))
      .map(({ ip }) => ({ addresses: [ip], conditions: { ready: true } })),
    ports,
  };
  let isOtherFamily = false;
  const updated = await client.update(DISCOVERY, 'endpointslices', NAMESPACE, NAME, (current) => {
    isOtherFamily = current['addressType'] !== addressType;
    const isSame = ['endpoints', 'ports'].every((field) => isDeepStrictEqual(current[field], slice[field]));
    if (isOtherFamily || (isSame && isDeepStrictEqual(current.metadata?.labels, labels))) return null;
    return { ...current, ...slice, metadata: { ...current.metadata, labels } };
  });
  // The family of a slice cannot change.
  if (isOtherFamily) await client.remove(DISCOVERY, 'endpointslices', NAMESPACE, NAME);
  if (isOtherFamily || updated === null) await client.create(DISCOVERY, 'endpointslices', slice);
}
