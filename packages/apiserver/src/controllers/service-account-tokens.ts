import type { KubeObject } from '@k/apimachinery';
import type { ServiceAccountIssuer } from '@k/auth';
import type { Logger } from 'pino';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import type { LocalClient } from '../local-client.js';
import { type Controller, WorkQueue } from './controller.js';
import { isKeptByControllerManager } from './other-writer.js';
import { withRootCa } from './root-ca-bundle.js';

const TYPE = 'kubernetes.io/service-account-token';
const NAME = 'kubernetes.io/service-account.name';
const UID = 'kubernetes.io/service-account.uid';
/** Milliseconds that a Secret may wait for its service account. */
const ORPHAN_GRACE_MS = 1000;

/** Fills Secrets of type `kubernetes.io/service-account-token` and removes those whose account is gone. */
export function serviceAccountTokensController(
  informers: InformerSet,
  client: LocalClient,
  log: Logger,
  issuer: ServiceAccountIssuer,
  rootCa: string,
): Controller {
  const secrets = informers.informer('', 'secrets', { field: { name: 'type', value: TYPE } }) as Informer;
  const accounts = informers.informer('', 'serviceaccounts') as Informer;
  const unsubscribe: (() => void)[] = [];
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const queue = new WorkQueue('serviceaccount-token', log, async (key) => {
    const [namespace = '', name = ''] = key.split('/');
    const secret = secrets.get(namespace, name);
    if (secret === undefined || secret['type'] !== TYPE || secret.metadata?.deletionTimestamp !== undefined) return;
    const annotations = secret.metadata?.annotations ?? {};
    const account = await client.get('', 'serviceaccounts', namespace, annotations[NAME] ?? '');
    const uid = account?.metadata?.uid;
    if (account === null || uid === undefined || (annotations[UID] !== undefined && annotations[UID] !== uid)) {
      const ageMs = Date.now() - Date.parse(secret.metadata?.creationTimestamp ?? '');
      if (ageMs < ORPHAN_GRACE_MS) queue.addAfter(key, ORPHAN_GRACE_MS);
      else await client.remove('', 'secrets', namespace, name);
      return;
    }
    const data = (secret['data'] ?? {}) as Record<string, string>;
    const isComplete = data['token'] !== undefined && data['namespace'] !== undefined && annotations[UID] === uid;
    const bundle = withRootCa(Buffer.from(data['ca.crt'] ?? '', 'base64').toString('utf8'), rootCa, Date.now());
    if (isComplete && (bundle === null || isKeptByControllerManager(secret))) return;
    const certificates = bundle === null ? {} : { 'ca.crt': base64(bundle) };
    const token = data['token'] ?? base64(await issuer.issueLegacy({ namespace, name: annotations[NAME] ?? '', uid, secretName: name }));
    await client.update('', 'secrets', namespace, name, (current) => ({
      ...current,
      metadata: { ...current.metadata, annotations: { ...current.metadata?.annotations, [UID]: uid } },
      data: { ...(current['data'] as object | undefined), ...certificates, namespace: base64(namespace), token },
    }));
  });
  const add = (secret: KubeObject): void => {
    if (secret['type'] === TYPE) queue.add(`${secret.metadata?.namespace ?? ''}/${secret.metadata?.name ?? ''}`);
  };
  return {
    name: 'serviceaccount-token',
    async start() {
      await Promise.all([secrets.start(), accounts.start()]);
      unsubscribe.push(
        secrets.onEvent(({ type, object }) => {
          if (type !== 'DELETED') add(object);
        }),
        accounts.onEvent(({ type, object }) => {
          if (type === 'DELETED') for (const secret of secrets.list(object.metadata?.namespace ?? '')) add(secret);
        }),
      );
      for (const secret of secrets.list()) add(secret);
    },
    stop() {
      for (const stop of unsubscribe) stop();
      queue.stop();
    },
  };
}
