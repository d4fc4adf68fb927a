import type { KubeObject } from '@k/apimachinery';
import type { Logger } from 'pino';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import type { LocalClient } from '../local-client.js';
import { type Controller, WorkQueue } from './controller.js';
import { isKeptByControllerManager, isKeptByServers, ownData } from './other-writer.js';
import { withRootCa } from './root-ca-bundle.js';

/** The config map with the root CA. */
const ROOT_CA = 'kube-root-ca.crt';

/** Keeps a `default` service account and the root CA config map in every live namespace. */
export function defaultServiceAccountsController(informers: InformerSet, client: LocalClient, log: Logger, rootCa: string): Controller {
  const namespaces = informers.informer('', 'namespaces') as Informer;
  const accounts = informers.informer('', 'serviceaccounts') as Informer;
  const configMaps = informers.informer('', 'configmaps', { name: ROOT_CA }) as Informer;
  const unsubscribe: (() => void)[] = [];
  /** The config map as it should be; null when it is. */
  const restored = (current: KubeObject): KubeObject | null => {
    if (isKeptByControllerManager(current)) return null;
    const present = (current['data'] as Record<string, string> | undefined)?.['ca.crt'] ?? '';
    // What a client wrote is undone, what another server wrote is kept.
    const bundle = isKeptByServers(current) ? withRootCa(present, rootCa, Date.now()) : rootCa;
    if (bundle === null) return null;
    return { ...current, metadata: { ...current.metadata, managedFields: [ownData()] }, data: { 'ca.crt': bundle } };
  };
  const queue = new WorkQueue('default-service-accounts', log, async (name) => {
    const namespace = namespaces.get('', name);
    if (namespace === undefined || namespace.metadata?.deletionTimestamp !== undefined) return;
    if (accounts.get(name, 'default') === undefined)
      await client.create('', 'serviceaccounts', { metadata: { name: 'default', namespace: name } });
    const current = configMaps.get(name, ROOT_CA);
    const description =
      'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';
    if (current === undefined) {
      await client.create('', 'configmaps', {
        metadata: { name: ROOT_CA, namespace: name, annotations: { 'kubernetes.io/description': description }, managedFields: [ownData()] },
        data: { 'ca.crt': rootCa },
      });
    } else if (restored(current) !== null) {
      await client.update('', 'configmaps', name, ROOT_CA, restored);
    }
  });
  return {
    name: 'default-service-accounts',
    async start() {
      unsubscribe.push(
        namespaces.onEvent(({ object }) => queue.add(object.metadata?.name ?? '')),
        accounts.onEvent(({ type, object }) => {
          if (type === 'DELETED') queue.add(object.metadata?.namespace ?? '');
        }),
        configMaps.onEvent(({ object }) => queue.add(object.metadata?.namespace ?? '')),
      );
      await Promise.all([namespaces.start(), accounts.start(), configMaps.start()]);
      for (const namespace of namespaces.list()) queue.add(namespace.metadata?.name ?? '');
    },
    stop() {
      for (const stop of unsubscribe) stop();
      queue.stop();
    },
  };
}
