import type { Filter, RequestContext } from '../context.js';
import type { FlowController } from '../flow-control/flow-controller.js';
import { FlowRequest } from '../flow-control/flow-request.js';
import type { PriorityLevel } from '../flow-control/priority-level.js';
import type { WatchTracker } from '../flow-control/watch-tracker.js';
import type { WorkEstimator } from '../flow-control/work-estimate.js';
import type { ServerMetrics } from '../metrics.js';
import { isLongRunning, isMutating, sendTooManyRequests } from './in-flight.js';
import { timeoutOf } from './request-timeout.js';

/** Nobody waits longer, however long its request may take. */
const WAIT_MAX_MS = 60_000;

/** What the filter works with. */
export interface FlowControlOptions {
  controller: FlowController;
  estimator: WorkEstimator;
  watches: WatchTracker;
  metrics: ServerMetrics;
  /** Milliseconds that the server gives a request. */
  requestTimeoutMs: number;
}

/** Gives requests their seats by priority and fairness: at once, after a wait, or not at all (429). */
export function flowControlFilter(options: FlowControlOptions): Filter {
  const { controller, estimator } = options;
  return {
    name: 'flow-control',
    why: 'after impersonation: a request belongs to whom it acts as; before authorization, so that refusals cost a seat too',
    handle(context) {
      const { info, user, exchange } = context;
      const isWatch = info.verb === 'watch';
      if (!isWatch && isLongRunning(context)) return undefined;
      const target = controller.classify(user, info);
      const { level } = target;
      context.responseHeaders['x-kubernetes-pf-flowschema-uid'] = target.flowSchemaUid;
      context.responseHeaders['x-kubernetes-pf-prioritylevel-uid'] = level.configuration.uid;
      const estimate = estimator.estimate(context, level.requestSeatsMax);
      const request = new FlowRequest(target.flowOf(user, info), estimate, isWatch, context);
      const admission = level.queueSet.start(request);
      if (admission === 'executing') {
        const end = serving(options, request, level);
        exchange.onClose(end);
        return undefined;
      }
      if (admission === 'waiting') return wait(options, request, level);
      return refuse(context, level);
    },
  };
}

/** A request has its seats. @returns What gives them back, once however often it is called. */
function serving({ controller, watches, metrics }: FlowControlOptions, request: FlowRequest, level: PriorityLevel): () => void {
  const running = metrics.inflight;
  const kind = isMutating((request.subject as RequestContext).info.verb) ? 'mutating' : 'readOnly';
  running[kind]++;
  const end = (): void => {
    if (request.state !== 'executing') return;
    running[kind]--;
    level.queueSet.finish(request);
    if (level.isQuiescing && level.queueSet.isIdle) controller.changed();
  };
  if (request.isWatch) {
    const context = request.subject as RequestContext;
    context.onWatchReady = end;
    context.exchange.onClose(watches.add(context.info, context.query?.get('fieldSelector') ?? ''));
  }
  return end;
}

/** Milliseconds since the epoch until which a request may wait: a quarter of its time, as there must be enough left to serve it. */
export function waitEndMs(context: RequestContext, requestTimeoutMs: number): number {
  const timeoutMs = context.info.verb === 'watch' ? requestTimeoutMs : timeoutOf(context, requestTimeoutMs);
  return context.receivedAtMs + Math.min(timeoutMs / 4, WAIT_MAX_MS);
}

/** Resolves when the request may go on or has been refused. */
function wait(options: FlowControlOptions, request: FlowRequest, level: PriorityLevel): Promise<void> {
  const context = request.subject as RequestContext;
  const { queueSet } = level;
  const untilMs = waitEndMs(context, options.requestTimeoutMs);
  return new Promise((resolve) => {
    let end: (() => void) | undefined;
    const giveUp = (reason: 'time-out' | 'cancelled'): void => {
      if (request.state !== 'waiting') return;
      clearTimeout(timer);
      queueSet.cancel(request, reason);
      if (level.isQuiescing && queueSet.isIdle) options.controller.changed();
      refuse(context, level);
      resolve();
    };
    const timer = setTimeout(giveUp, Math.max(0, untilMs - Date.now()), 'time-out').unref();
    request.onDispatched = () => {
      clearTimeout(timer);
      end = serving(options, request, level);
      resolve();
    };
    context.exchange.onClose(() => (end === undefined ? giveUp('cancelled') : end()));
  });
}

function refuse(context: RequestContext, { retryAfter }: PriorityLevel): undefined {
  retryAfter.refused(Math.floor(Date.now() / 1000));
  sendTooManyRequests(context, retryAfter.seconds);
  return undefined;
}
