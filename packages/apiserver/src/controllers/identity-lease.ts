import { createHash, randomUUID } from 'node:crypto';
import type { KubeObject } from '@k/apimachinery';
import type { Logger } from 'pino';
import type { LocalClient } from '../local-client.js';
import { parseStored, type ResourceRegistry } from '../registry.js';
import type { Controller } from './controller.js';

const GROUP = 'coordination.k8s.io';
const NAMESPACE = 'kube-system';
const LABEL = 'apiserver.kubernetes.io/identity';
const RENEW_MS = 10_000;
const DURATION_SECONDS = 3600;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** The name of a server's lease, which its host name gives. */
export function identityName(hostname: string): string {
  let bits = '';
  for (const byte of createHash('sha256').update(hostname).digest().subarray(0, 16)) bits += byte.toString(2).padStart(8, '0');
  const digits = bits.match(/.{1,5}/g) ?? [];
  return `apiserver-${digits.map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)]).join('')}`;
}

const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

/** Keeps a Lease that says that this server is there, and removes those of servers that have been silent for an hour. */
export function identityLeaseController(client: LocalClient, list: () => Promise<KubeObject[]>, hostname: string, log: Logger): Controller {
  const name = identityName(hostname);
  const holderIdentity = `${name}_${randomUUID()}`;
  let timer: NodeJS.Timeout | undefined;
  const renew = async (): Promise<void> => {
    const labels = { [LABEL]: 'kube-apiserver', 'kubernetes.io/hostname': hostname };
    const spec = { holderIdentity, leaseDurationSeconds: DURATION_SECONDS, renewTime: microTime(Date.now()) };
    const created = await client.create(GROUP, 'leases', { metadata: { name, namespace: NAMESPACE, labels }, spec });
    if (created !== null) return;
    await client.update(GROUP, 'leases', NAMESPACE, name, (current) => ({
      ...current,
      metadata: { ...current.metadata, labels: { ...current.metadata?.labels, ...labels } },
      spec: { ...(current['spec'] as object | undefined), ...spec },
    }));
  };
  const removeSilent = async (): Promise<void> => {
    for (const lease of await list()) {
      const { renewTime = '', leaseDurationSeconds = 0 } = (lease['spec'] ?? {}) as { renewTime?: string; leaseDurationSeconds?: number };
      if (lease.metadata?.labels?.[LABEL] === undefined || Date.parse(renewTime) + leaseDurationSeconds * 1000 > Date.now()) continue;
      await client.remove(GROUP, 'leases', NAMESPACE, lease.metadata.name ?? '');
    }
  };
  return {
    name: 'apiserver-identity',
    start() {
      const failed = (error: unknown): void => log.debug({ err: error }, 'identity lease');
      // A server is ready without it: nobody waits for the write.
      void renew().then(removeSilent).catch(failed);
      timer = setInterval(() => void renew().catch(failed), RENEW_MS).unref();
      return Promise.resolve();
    },
    stop() {
      clearInterval(timer);
    },
  };
}

/** Reads the leases among which those of servers are. */
export function leasesOf(registry: ResourceRegistry): () => Promise<KubeObject[]> {
  return async () => {
    const found = registry.find(GROUP, 'leases');
    const list = await found?.storage.list({ namespace: NAMESPACE, freshness: { kind: 'latest' } });
    return list?.items.map(parseStored) ?? [];
  };
}
