/** What keeps the server from having too much to do: priority and fairness, or two plain limits. */
import type { Filter } from '../context.js';
import { processClock } from '../flow-control/flow-clock.js';
import { FlowController } from '../flow-control/flow-controller.js';
import { registerFlowMetrics } from '../flow-control/flow-metrics.js';
import { WatchTracker } from '../flow-control/watch-tracker.js';
import { WorkEstimator } from '../flow-control/work-estimate.js';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import type { ServerMetrics } from '../metrics.js';
import type { ResourceRegistry } from '../registry.js';
import { flowControlFilter } from './flow-control.js';
import { flowControlDumps } from './flow-control-dumps.js';
import { inFlightFilter } from './in-flight.js';

const GROUP = 'flowcontrol.apiserver.k8s.io';
const ADJUSTMENT_MS = 10_000;

/** How much the server takes on at once. */
export interface RequestLimitOptions {
  /** False = only the two limits below, each for itself. Default true: their sum is shared among the priority levels. */
  priorityAndFairness?: boolean;
  /** Default 400. */
  readOnlyInFlightMax?: number;
  /** Default 200. */
  mutatingInFlightMax?: number;
  /** Milliseconds after which priority levels lend and borrow anew. Default 10,000. */
  seatAdjustmentMs?: number;
  /** Milliseconds after which a request that is no watch is answered 504. Default 60,000. */
  requestTimeoutMs?: number;
}

/** What the limits need of the server. */
export interface RequestLimitDependencies {
  informers: InformerSet;
  registry: ResourceRegistry;
  metrics: ServerMetrics;
  /** Ends the adjustments. */
  shutdown: AbortSignal;
}

/**
 * The stage that limits, and the pages that show how it goes.
 *
 * @throws {Error} when there is nothing to share among priority levels.
 */
export function requestLimits(options: RequestLimitOptions, dependencies: RequestLimitDependencies): { limit: Filter; dumps: Filter[] } {
  const { readOnlyInFlightMax: readOnlyMax = 400, mutatingInFlightMax: mutatingMax = 200 } = options;
  const { informers, registry, metrics, shutdown } = dependencies;
  if (options.priorityAndFairness === false) return { limit: inFlightFilter({ readOnlyMax, mutatingMax, metrics }), dumps: [] };
  if (readOnlyMax + mutatingMax <= 0) {
    const limits = `MaxRequestsInFlight=${readOnlyMax} and MaxMutatingRequestsInFlight=${mutatingMax}`;
    throw new Error(`invalid configuration: ${limits}; they must add up to something positive`);
  }
  const controller = new FlowController({
    flowSchemas: informers.informer(GROUP, 'flowschemas') as Informer,
    priorityLevels: informers.informer(GROUP, 'prioritylevelconfigurations') as Informer,
    seats: readOnlyMax + mutatingMax,
    clock: processClock,
  });
  registerFlowMetrics(metrics.registry, controller);
  const timer = setInterval(() => controller.adjust(), options.seatAdjustmentMs ?? ADJUSTMENT_MS).unref();
  shutdown.addEventListener('abort', () => clearInterval(timer));
  const watches = new WatchTracker();
  const estimator = new WorkEstimator(registry, watches);
  const { requestTimeoutMs = 60_000 } = options;
  return {
    limit: flowControlFilter({ controller, estimator, watches, metrics, requestTimeoutMs }),
    dumps: [flowControlDumps(controller)],
  };
}
