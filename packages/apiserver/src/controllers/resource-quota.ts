/**
 * Keeps the status of resource quotas right: takes over new limits, measures what is used, gives back what deleted objects
 * held, repairs what does not agree with the objects.
 */
import {
  addInto,
  mask,
  parseResourceList,
  QuotaEvaluators,
  type QuotaLedger,
  type ResourceList,
  resourceListFields,
  scopesOf,
} from '@k/admission/quota';
import type { KubeObject } from '@k/apimachinery';
import type { Logger } from 'pino';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import { parseStored, type ResourceRegistry } from '../registry.js';
import { type Controller, WorkQueue } from './controller.js';
import { QuotaUsage } from './quota-usage.js';
import { ResourceWatches } from './resource-watches.js';

/** Milliseconds between measurements of everything. */
const RESYNC_MS = 300_000;
/** Milliseconds after a change of `status.used` until it is compared with the objects. */
const VERIFY_MS = 1_000;
/** Changes of objects that may come in great numbers (status of pods) are gathered for so long. */
const GATHER_MS = 100;
/** Milliseconds after another server's charge during which its object may not be stored yet. */
const IN_FLIGHT_MS = 1_000;
/** Longest time that a decrease is put off for the sake of other servers. */
const PUT_OFF_MS_MAX = 5_000;
const WRITE_TRIES = 5;

type Amounts = Record<string, string>;

interface QuotaFields extends KubeObject {
  spec?: { hard?: Amounts };
  status?: { hard?: Amounts; used?: Amounts };
}

export interface ResourceQuotaControllerOptions {
  informers: InformerSet;
  registry: ResourceRegistry;
  ledger: QuotaLedger;
  log: Logger;
  now?: () => number;
}

const isSame = (a: Amounts, b: Amounts): boolean => {
  const [left, right] = [parseResourceList(a), parseResourceList(b)];
  return left.size === right.size && [...left].every(([name, amount]) => right.get(name)?.compare(amount) === 0);
};

/** The controller. */
export function resourceQuotaController(options: ResourceQuotaControllerOptions): Controller {
  const { informers, registry, ledger, log, now = Date.now } = options;
  const quotas = informers.informer('', 'resourcequotas') as Informer;
  const usage = new QuotaUsage(registry, new QuotaEvaluators(now));
  const delayed = new Map<string, NodeJS.Timeout>();
  const putOffSince = new Map<string, number>();
  const unsubscribe: (() => void)[] = [];

  /** A decrease waits while another server may be about to store what it has charged. */
  const withoutRashDecrease = (key: string, before: ResourceList, after: ResourceList): ResourceList => {
    const [namespace = '', name = ''] = key.split('/');
    const falls = [...after].some(([resource, amount]) => (before.get(resource)?.compare(amount) ?? 0) > 0);
    const waitMs = IN_FLIGHT_MS - ledger.sinceRaisedElsewhereMs(namespace, name);
    const since = putOffSince.get(key) ?? now();
    if (!falls || waitMs <= 0 || now() - since > PUT_OFF_MS_MAX) {
      putOffSince.delete(key);
      return after;
    }
    putOffSince.set(key, since);
    later(key, Math.ceil(waitMs) + 10);
    return new Map(
      [...after].map(([resource, amount]) => {
        const old = before.get(resource);
        return [resource, old !== undefined && old.compare(amount) > 0 ? old : amount];
      }),
    );
  };

  const sync = async (key: string): Promise<void> => {
    const [namespace = '', name = ''] = key.split('/');
    const storage = registry.find('', 'resourcequotas')?.storage;
    for (let attempt = 0; attempt < WRITE_TRIES; attempt++) {
      const stored = await storage?.get(namespace, name, { kind: 'latest' });
      if (storage === undefined || stored === null || stored === undefined) {
        ledger.forget(namespace, name);
        return;
      }
      const quota = parseStored(stored) as QuotaFields;
      const hard = quota.spec?.hard ?? {};
      const before = parseResourceList(quota.status?.used);
      ledger.observe(namespace, name, before);
      // Read after the quota: whatever was charged in it and is stored by now is found.
      const measured = await usage.measure(namespace, Object.keys(hard), scopesOf(quota));
      addInto(measured, mask(ledger.pending(namespace, name), measured));
      const used = withoutRashDecrease(key, before, measured);
      // Names that no served resource counts against keep what they had.
      for (const resource of Object.keys(hard)) {
        const old = before.get(resource);
        if (!used.has(resource) && old !== undefined) used.set(resource, old);
      }
      const status = {
        hard: Object.fromEntries(Object.entries(hard).sort(([a], [b]) => (a < b ? -1 : 1))),
        used: resourceListFields(used),
      };
      if (isSame(status.hard, quota.status?.hard ?? {}) && isSame(status.used, quota.status?.used ?? {})) return;
      delete quota.metadata?.resourceVersion;
      const result = await storage.update(namespace, name, { ...quota, status }, stored.modRevision);
      if (!result.ok) continue;
      ledger.wrote(namespace, name, used);
      return;
    }
    throw new Error(`quota ${key} changes too often`);
  };

  const queue = new WorkQueue('resource-quota', log, (key) => {
    const [namespace = '', name = ''] = key.split('/');
    return ledger.exclusive(namespace, name, () => sync(key));
  });

  const keyOf = ({ metadata }: KubeObject): string => `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
  const namesOf = (quota: QuotaFields): string[] => Object.keys(quota.spec?.hard ?? {});

  /** New limits, or names that are not measured yet. */
  const isUnmeasured = (quota: QuotaFields): boolean => {
    const hard = quota.spec?.hard ?? {};
    if (!isSame(hard, quota.status?.hard ?? {})) return true;
    return usage
      .evaluatorsFor(namesOf(quota))
      .some((evaluator) => evaluator.matchingNames(namesOf(quota)).some((name) => quota.status?.used?.[name] === undefined));
  };

  /** Asks for a measurement in a while; asking again meanwhile changes nothing. */
  const later = (key: string, delayMs: number): void => {
    const id = `${delayMs} ${key}`;
    if (delayed.has(id)) return;
    const timer = setTimeout(() => {
      delayed.delete(id);
      queue.add(key);
    }, delayMs);
    delayed.set(id, timer.unref());
  };

  const watches = new ResourceWatches(registry, log, (resource, event) => {
    if (event.type === 'ADDED') return;
    for (const quota of quotas.list(event.object.namespace) as QuotaFields[]) {
      const evaluator = usage
        .evaluatorsFor(namesOf(quota))
        .find((item) => item.group === resource.group && item.resource === resource.resource);
      if (evaluator === undefined) continue;
      if (event.type === 'DELETED') queue.add(keyOf(quota));
      else if (resource.group === '' || evaluator.hasScopes) later(keyOf(quota), GATHER_MS);
    }
  });

  const follow = (): void => {
    const wanted = new Map<string, { group: string; resource: string }>();
    for (const quota of quotas.list() as QuotaFields[]) {
      for (const { group, resource } of usage.evaluatorsFor(namesOf(quota))) wanted.set(`${resource}.${group}`, { group, resource });
    }
    void watches.follow([...wanted.values()]);
  };

  const addUnmeasured = (): void => {
    for (const quota of quotas.list() as QuotaFields[]) if (isUnmeasured(quota)) queue.add(keyOf(quota));
  };

  let resync: NodeJS.Timeout | undefined;
  let isStopped = false;
  return {
    name: 'resource-quota',
    async start() {
      unsubscribe.push(
        quotas.onEvent(({ type, object }) => {
          const key = keyOf(object);
          if (type === 'MODIFIED' && !isUnmeasured(object)) {
            later(key, VERIFY_MS);
            return;
          }
          follow();
          queue.add(key);
        }),
        ledger.onRecheck((namespace, name) => queue.add(`${namespace}/${name}`)),
        registry.catalogue.onChange(() => {
          follow();
          addUnmeasured();
        }),
      );
      await quotas.start();
      if (isStopped) return;
      follow();
      resync = setInterval(() => {
        for (const quota of quotas.list()) queue.add(keyOf(quota));
      }, RESYNC_MS).unref();
      for (const quota of quotas.list()) queue.add(keyOf(quota));
    },
    stop() {
      isStopped = true;
      clearInterval(resync);
      for (const timer of delayed.values()) clearTimeout(timer);
      for (const stop of unsubscribe) stop();
      watches.close();
      queue.stop();
    },
  };
}
