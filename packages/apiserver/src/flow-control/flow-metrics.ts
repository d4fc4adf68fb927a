/** kube-apiserver's metrics of priority and fairness, read from what is counted anyway. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { ReadHistogram } from '../read-histogram.js';
import type { FlowController } from './flow-controller.js';
import { DURATION_BUCKETS_SECONDS, type DurationCounts, type FlowSeries } from './flow-series.js';
import type { PriorityLevel } from './priority-level.js';

const PREFIX = 'apiserver_flowcontrol';
const LABELS = ['priority_level', 'flow_schema'] as const;

const labelsOf = ({ priorityLevel, flowSchema }: FlowSeries) => ({ priority_level: priorityLevel, flow_schema: flowSchema });

/** Registers the metrics of a controller. */
export function registerFlowMetrics(registry: Registry, controller: FlowController): void {
  const registers = [registry];
  new Counter({
    name: `${PREFIX}_rejected_requests_total`,
    help: 'Requests that were refused because their priority level had no seat for them.',
    labelNames: [...LABELS, 'reason'],
    registers,
    collect() {
      this.reset();
      for (const series of controller.series()) {
        for (const [reason, count] of series.rejected) this.inc({ ...labelsOf(series), reason }, count);
      }
    },
  });
  new Counter({
    name: `${PREFIX}_dispatched_requests_total`,
    help: 'Requests that were let through to be served.',
    labelNames: LABELS,
    registers,
    collect() {
      this.reset();
      for (const series of controller.series()) if (series.dispatched > 0) this.inc(labelsOf(series), series.dispatched);
    },
  });
  const ofFlows = (name: string, help: string, value: (series: FlowSeries) => number): void => {
    new Gauge({
      ...{ name: `${PREFIX}_${name}`, help, labelNames: LABELS, registers },
      collect() {
        this.reset();
        for (const series of controller.series()) this.set(labelsOf(series), value(series));
      },
    });
  };
  ofFlows('current_inqueue_requests', 'Requests that wait in queues.', ({ inQueue }) => inQueue);
  ofFlows('current_executing_requests', 'Requests that are served, watches until they are established.', ({ executing }) => executing);
  ofFlows('current_executing_seats', 'Seats of requests that are served or have just been.', ({ executingSeats }) => executingSeats);
  const ofLevels = (name: string, help: string, value: (level: PriorityLevel) => number): void => {
    new Gauge({
      ...{ name: `${PREFIX}_${name}`, help, labelNames: ['priority_level'] as const, registers },
      collect() {
        this.reset();
        for (const level of controller.levels()) this.set({ priority_level: level.name }, value(level));
      },
    });
  };
  ofLevels('nominal_limit_seats', "Seats by the level's share of the server.", ({ nominalSeats }) => nominalSeats);
  ofLevels('lower_limit_seats', 'Seats that the level never lends.', ({ lowerSeats }) => lowerSeats);
  ofLevels('upper_limit_seats', 'Seats with all that the level may borrow.', ({ upperSeats }) => upperSeats);
  ofLevels('current_limit_seats', 'Seats that the level has now.', ({ currentSeats }) => currentSeats);
  const histogram = (name: string, help: string, label: string, counts: (series: FlowSeries) => [string, DurationCounts][]): void => {
    new ReadHistogram(
      { name: `${PREFIX}_${name}`, help, labelNames: [...LABELS, label], buckets: DURATION_BUCKETS_SECONDS, registry },
      function* () {
        for (const series of controller.series()) {
          for (const [value, figures] of counts(series)) yield { labels: { ...labelsOf(series), [label]: value }, ...figures };
        }
      },
    );
  };
  histogram('request_wait_duration_seconds', 'Time from the arrival of a request to its seat or its refusal.', 'execute', (series) => [
    ['true', series.waited],
    ['false', series.waitedInVain],
  ]);
  histogram('request_execution_seconds', 'Time that requests kept their seats, watches until they were established.', 'type', (series) => [
    ['regular', series.served],
    ['watch', series.watchesStarted],
  ]);
}
