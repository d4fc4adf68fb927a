import type { KubeObject } from '@k/apimachinery';
import type { TableDefinition } from '../definition.js';
import { convertAutoscaler } from '../kinds/autoscaling.js';
import { column, named } from './columns.js';
import { at, type Fields, firstOf, integer, list, quantity, text } from './fields.js';

/** The field of a metric that holds its source, by type. */
const SOURCES: Readonly<Record<string, string>> = {
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
};

/** The quantity at a path; `<unknown>` when it was not measured. */
const measured = (current: unknown, path: string): string => (at(current, path) === undefined ? '<unknown>' : quantity(current, path));

/** Current and wanted value of one metric. */
function metricText(metric: Fields, status: Fields | undefined): string {
  const type = text(metric, 'type');
  const source = SOURCES[type];
  if (source === undefined) return '<unknown type>';
  const target = at(metric, `${source}.target`);
  const measurement = at(status, source);
  const current = at(measurement, 'current');
  const isAverage = at(target, 'averageValue') !== undefined;
  if (type === 'Pods')
    return `${measurement === undefined ? '<unknown>' : quantity(current, 'averageValue')}/${quantity(target, 'averageValue')}`;
  if (type === 'External' || type === 'Object') {
    if (isAverage) return `${measured(current, 'averageValue')}/${quantity(target, 'averageValue')} (avg)`;
    return `${measurement === undefined ? '<unknown>' : quantity(current, 'value')}/${quantity(target, 'value')}`;
  }
  const resource = text(metric, `${source}.name`);
  if (isAverage) {
    return `${resource}: ${measurement === undefined ? '<unknown>' : quantity(current, 'averageValue')}/${quantity(target, 'averageValue')}`;
  }
  const percent = (value: unknown, fallback: string): string => (value === undefined ? fallback : `${String(value)}%`);
  return `${resource}: ${percent(at(current, 'averageUtilization'), '<unknown>')}/${percent(at(target, 'averageUtilization'), '<auto>')}`;
}

function metricsText(autoscaler: KubeObject): string {
  const metrics = list(autoscaler, 'spec.metrics');
  const statuses = list(autoscaler, 'status.currentMetrics');
  if (metrics.length === 0) return '<none>';
  return firstOf(
    metrics.map((metric, index) => metricText(metric, statuses[index])),
    2,
    ', ',
  );
}

/** Horizontal pod autoscalers of both versions. */
export const autoscalerTable: TableDefinition = named(
  [column('Reference'), column('Targets'), column('MinPods'), column('MaxPods'), column('Replicas')],
  (object) => {
    const autoscaler = convertAutoscaler(object, 'v2');
    return [
      `${text(autoscaler, 'spec.scaleTargetRef.kind')}/${text(autoscaler, 'spec.scaleTargetRef.name')}`,
      metricsText(autoscaler),
      String(at(autoscaler, 'spec.minReplicas') ?? '<unset>'),
      integer(autoscaler, 'spec.maxReplicas'),
      integer(autoscaler, 'status.currentReplicas'),
    ];
  },
);

/** The `scale` subresource. */
export const scaleTable: TableDefinition = named([column('Desired', 'integer'), column('Available', 'integer')], (object) => [
  integer(object, 'spec.replicas'),
  integer(object, 'status.replicas'),
]);
