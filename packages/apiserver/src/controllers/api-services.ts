import type { KubeObject } from '@k/apimachinery';
import type { Logger } from 'pino';
import {
  API_REGISTRATION,
  API_SERVICES,
  type ApiServiceCondition,
  remoteApiService,
  withAvailability,
} from '../aggregation/api-service.js';
import { apiServicePriority } from '../bootstrap/api-service-priorities.js';
import { isBuiltInGroup } from '../discovery/documents.js';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import type { LocalClient } from '../local-client.js';
import type { ResourceRegistry } from '../registry.js';
import { timestamp } from '../rest/write-object.js';
import { type Controller, WorkQueue } from './controller.js';

const MANAGED = 'kube-aggregator.kubernetes.io/automanaged';

type Catalogue = ResourceRegistry['catalogue'];
type Fields = Record<string, unknown>;

function localAvailability(nowMs: number): ApiServiceCondition {
  return {
    type: 'Available',
    status: 'True',
    lastTransitionTime: timestamp(nowMs),
    reason: 'Local',
    message: 'Local APIServices are always available',
  };
}

/** An APIService of a group version that this server serves itself. */
function localService(group: string, version: string, isCustom: boolean): KubeObject {
  const priority = apiServicePriority(group, version, isCustom);
  return {
    metadata: { name: `${version}.${group}`, labels: { [MANAGED]: isCustom ? 'true' : 'onstart' } },
    spec: {
      ...(group === '' ? {} : { group }),
      version,
      groupPriorityMinimum: priority.group,
      versionPriority: priority.version,
    },
  };
}

/** What should be there, by name. */
function wantedServices(catalogue: Catalogue): Map<string, KubeObject> {
  const services = new Map<string, KubeObject>();
  for (const group of catalogue.groups()) {
    // The group of these objects stands above them.
    if (group.name === API_REGISTRATION) continue;
    const isCustom = !isBuiltInGroup(catalogue, group);
    for (const version of group.versions) {
      if (catalogue.resources(group.name, version).length === 0) continue;
      const service = localService(group.name, version, isCustom);
      services.set(service.metadata?.name ?? '', service);
    }
  }
  return services;
}

function isAsWanted(present: KubeObject, wanted: KubeObject): boolean {
  const [is, should] = [present['spec'], wanted['spec']] as [Fields, Fields];
  return Object.keys({ ...is, ...should }).every((field) => is[field] === should[field]);
}

/** @param isFirst - Whether it was not looked at since the start. */
function isManaged(present: KubeObject, isFirst: boolean): boolean {
  const label = present.metadata?.labels?.[MANAGED];
  return label === 'true' || (label === 'onstart' && isFirst);
}

/** What an APIService that stays should be; null when it is that. */
function corrected(present: KubeObject, wanted: KubeObject | undefined, isFirst: boolean): KubeObject | null {
  const isSame = wanted === undefined || !isManaged(present, isFirst) || isAsWanted(present, wanted);
  const next = isSame ? present : { ...present, spec: wanted['spec'] };
  const available = remoteApiService(next) === null ? withAvailability(next, localAvailability(Date.now())) : null;
  return available ?? (isSame ? null : next);
}

/**
 * Keeps an APIService for every group version that is served here: those of built-in kinds from the start, those of custom
 * resources as these come and go. What somebody has made of one without our label is theirs; what they made of a built-in
 * one lasts until the next start.
 */
export function apiServicesController(registry: ResourceRegistry, informers: InformerSet, client: LocalClient, log: Logger): Controller {
  const { catalogue } = registry;
  const informer = informers.informer(API_REGISTRATION, API_SERVICES) as Informer;
  const unsubscribe: (() => void)[] = [];
  /** Built-in ones that this start has looked at. */
  const settled = new Set<string>();

  const work = async (name: string, wanted: KubeObject | undefined): Promise<void> => {
    const present = informer.get('', name);
    const isFirst = !settled.has(name);
    settled.add(name);
    if (present === undefined) {
      const conditions = [localAvailability(Date.now())];
      if (wanted !== undefined) await client.create(API_REGISTRATION, API_SERVICES, { ...wanted, status: { conditions } });
    } else if (isManaged(present, isFirst) && wanted === undefined) {
      await client.remove(API_REGISTRATION, API_SERVICES, '', name);
    } else if (corrected(present, wanted, isFirst) !== null) {
      await client.update(API_REGISTRATION, API_SERVICES, '', name, (current) => corrected(current, wanted, isFirst));
    }
  };
  const queue = new WorkQueue('api-services', log, async () => {
    await informer.start();
    const services = wantedServices(catalogue);
    const names = new Set([...services.keys(), ...informer.list().map(({ metadata }) => metadata?.name ?? '')]);
    await Promise.all([...names].map((name) => work(name, services.get(name))));
  });
  return {
    name: 'api-services',
    async start() {
      unsubscribe.push(
        catalogue.onChange(() => queue.add('all')),
        informer.onEvent(({ type, object, old }) => {
          // Those that this controller has just made are as they should be.
          if (type !== 'ADDED' || withAvailability(object, localAvailability(0)) !== null || old !== undefined) queue.add('all');
        }),
      );
      queue.add('all');
    },
    stop() {
      for (const each of unsubscribe) each();
      queue.stop();
    },
  };
}
