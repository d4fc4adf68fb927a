import type { KubeObject } from '@k/apimachinery';
import type { Logger } from 'pino';
import { WorkQueue } from '../controllers/controller.js';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import type { LocalClient } from '../local-client.js';
import type { Aggregator } from './aggregator.js';
import {
  API_REGISTRATION,
  API_SERVICES,
  availabilityOf,
  type RemoteApiService,
  remoteApiService,
  withAvailability,
} from './api-service.js';
import { checkAvailability } from './availability.js';
import type { AvailabilityMetrics } from './availability-metrics.js';
import type { Backend } from './backend.js';

/** Milliseconds between looks at servers that nothing else tells of. */
const RECHECK_MS = 30_000;

/** What the controller works with. */
export interface AvailabilityParts {
  aggregator: Aggregator;
  informers: InformerSet;
  client: LocalClient;
  metrics: AvailabilityMetrics;
  log: Logger;
  backendOf: (remote: RemoteApiService) => Backend;
}

/** Keeps the condition `Available` of the APIServices of other servers. */
export class AvailabilityController {
  readonly #parts: AvailabilityParts;
  readonly #queue: WorkQueue;
  readonly #unsubscribe: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: AvailabilityParts) {
    this.#parts = parts;
    this.#queue = new WorkQueue('apiservice-status', parts.log, (name) => this.#check(name));
  }

  start(): void {
    const { informers, aggregator } = this.#parts;
    const follow = (group: string, resource: string, serviceOf: (object: KubeObject) => string): void => {
      const informer = informers.informer(group, resource) as Informer;
      this.#unsubscribe.push(informer.onEvent(({ object }) => this.#serviceChanged(object.metadata?.namespace ?? '', serviceOf(object))));
    };
    follow('', 'services', ({ metadata }) => metadata?.name ?? '');
    follow('', 'endpoints', ({ metadata }) => metadata?.name ?? '');
    follow('discovery.k8s.io', 'endpointslices', ({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] ?? '');
    this.#timer = setInterval(() => {
      for (const { name } of aggregator.list()) this.#queue.add(name);
    }, RECHECK_MS).unref();
  }

  /** Looks at a server soon. */
  add(name: string): void {
    this.#queue.add(name);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#queue.stop();
  }

  #serviceChanged(namespace: string, name: string): void {
    for (const remote of this.#parts.aggregator.list()) {
      if (remote.service.namespace === namespace && remote.service.name === name) this.#queue.add(remote.name);
    }
  }

  /** @throws when the server does not answer, so that it is looked at again before long. */
  async #check(name: string): Promise<void> {
    const { aggregator, informers, client, metrics, backendOf } = this.#parts;
    const remote = aggregator.list().find((each) => each.name === name);
    if (remote === undefined) {
      metrics.forget(name);
      return;
    }
    const next = await checkAvailability(remote, backendOf(remote), informers);
    metrics.set(name, next.status === 'True');
    let wasAvailable = false;
    let isStored = false;
    await client.update(API_REGISTRATION, API_SERVICES, '', name, (current) => {
      isStored = false;
      // It may name another server by now, which is another look's matter.
      if (remoteApiService(current)?.identity !== remote.identity) return null;
      wasAvailable = availabilityOf(current)?.status === 'True';
      const changed = withAvailability(current, next);
      isStored = changed !== null;
      return changed;
    });
    if (isStored && wasAvailable && next.status !== 'True') metrics.count(name, next.reason);
    if (next.reason === 'FailedDiscoveryCheck') throw new Error(next.message);
  }
}
