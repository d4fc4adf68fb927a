import type { KubeObject } from '@k/apimachinery';
import type { Logger } from 'pino';
import { apiServicePriority } from '../bootstrap/api-service-priorities.js';
import { isBuiltInGroup } from '../discovery/documents.js';
import type { LocalClient } from '../local-client.js';
import type { ResourceRegistry } from '../registry.js';
import { timestamp } from '../rest/write-object.js';
import { type Controller, WorkQueue } from './controller.js';

const GROUP = 'apiregistration.k8s.io';
const RESOURCE = 'apiservices';
const MANAGED = 'kube-aggregator.kubernetes.io/automanaged';

/** An APIService of a group version that this server serves itself. */
function localService(group: string, version: string, isCustom: boolean, nowMs: number): KubeObject {
  const priority = apiServicePriority(group, version, isCustom);
  const available = {
    type: 'Available',
    status: 'True',
    lastTransitionTime: timestamp(nowMs),
    reason: 'Local',
    message: 'Local APIServices are always available',
  };
  return {
    metadata: { name: `${version}.${group}`, labels: { [MANAGED]: isCustom ? 'true' : 'onstart' } },
    spec: {
      ...(group === '' ? {} : { group }),
      version,
      groupPriorityMinimum: priority.group,
      versionPriority: priority.version,
    },
    status: { conditions: [available] },
  };
}

/**
 * Keeps an APIService for every group version that is served here: those of built-in kinds from the start, those of custom
 * resources as these come and go.
 */
export function apiServicesController(registry: ResourceRegistry, client: LocalClient, log: Logger): Controller {
  const { catalogue } = registry;
  let unsubscribe: () => void = () => {};
  const wanted = (): Map<string, KubeObject> => {
    const services = new Map<string, KubeObject>();
    for (const group of catalogue.groups()) {
      // The group of these objects stands above them.
      if (group.name === GROUP) continue;
      const isCustom = !isBuiltInGroup(catalogue, group);
      for (const version of group.versions) {
        if (catalogue.resources(group.name, version).length === 0) continue;
        const service = localService(group.name, version, isCustom, Date.now());
        services.set(service.metadata?.name ?? '', service);
      }
    }
    return services;
  };
  const storage = registry.find(GROUP, RESOURCE)?.storage;
  const queue = new WorkQueue('api-services', log, async () => {
    const services = wanted();
    const { items } = (await storage?.list({ freshness: { kind: 'latest' } })) ?? { items: [] };
    const present = new Set(items.map(({ name }) => name));
    await Promise.all([...services].filter(([name]) => !present.has(name)).map(([, service]) => client.create(GROUP, RESOURCE, service)));
    for (const { name, selectable } of items) {
      if (selectable.labels[MANAGED] === 'true' && !services.has(name)) await client.remove(GROUP, RESOURCE, '', name);
    }
  });
  return {
    name: 'api-services',
    async start() {
      unsubscribe = catalogue.onChange(() => queue.add('all'));
      queue.add('all');
    },
    stop() {
      unsubscribe();
      queue.stop();
    },
  };
}
