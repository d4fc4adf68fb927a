/** Tables of what runs pods. */
import type { KubeObject } from '@k/apimachinery';
import type { TableDefinition } from '../definition.js';
import { age, duration } from './age.js';
import { AGE, ageOf, CONTAINERS, column, NAME, named, wide } from './columns.js';
import { at, conditionStatus, containerCells, integer, isDeleting, labelText, nameOf, selectorText, size, text, textOr } from './fields.js';

const TEMPLATE = 'spec.template.spec';
const orNone = (selector: unknown): string => selectorText(selector) || '<none>';

/** Desired, current and ready replicas. */
const replicaTable = (selector: (object: KubeObject) => string): TableDefinition => ({
  columns: [
    NAME,
    column('Desired', 'integer'),
    column('Current', 'integer'),
    column('Ready', 'integer'),
    AGE,
    ...CONTAINERS,
    wide('Selector'),
  ],
  cells: (object, now) => [
    nameOf(object),
    integer(object, 'spec.replicas'),
    integer(object, 'status.replicas'),
    integer(object, 'status.readyReplicas'),
    ageOf(object, now),
    ...containerCells(object, TEMPLATE),
    selector(object),
  ],
});

const JOB_STATES = ['Complete', 'Failed'] as const;
const UNFINISHED_STATES = ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'] as const;

function jobState(job: KubeObject): string {
  const finished = JOB_STATES.find((type) => conditionStatus(job, type) === 'True');
  if (finished !== undefined) return finished;
  if (isDeleting(job)) return 'Terminating';
  return UNFINISHED_STATES.find((type) => conditionStatus(job, type) === 'True') ?? 'Running';
}

function jobCompletions(job: KubeObject): string {
  const succeeded = integer(job, 'status.succeeded');
  const completions = at(job, 'spec.completions');
  if (completions !== undefined) return `${succeeded}/${String(completions)}`;
  const parallelism = integer(job, 'spec.parallelism');
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration(job: KubeObject, now: number): string {
  const start = text(job, 'status.startTime');
  if (start === '') return '';
  const end = text(job, 'status.completionTime');
  return duration((end === '' ? now : Date.parse(end)) - Date.parse(start));
}

function suspended(cronJob: KubeObject): string {
  const value = at(cronJob, 'spec.suspend');
  if (value === undefined) return '<unset>';
  return value === true ? 'True' : 'False';
}

function controllerText(object: KubeObject): string {
  const owner = object.metadata?.ownerReferences?.find((reference) => reference.controller === true);
  if (owner === undefined) return '<none>';
  const slash = owner.apiVersion.indexOf('/');
  const group = slash < 0 ? '' : `.${owner.apiVersion.slice(0, slash)}`;
  return `${`${owner.kind}${group}`.toLowerCase()}/${owner.name}`;
}

/** Tables by `resource.group`. */
export const workloadTables: Readonly<Record<string, TableDefinition>> = {
  podtemplates: {
    columns: [NAME, column('Containers'), column('Images'), column('Pod Labels')],
    cells: (object) => [nameOf(object), ...containerCells(object, 'template.spec'), labelText(at(object, 'template.metadata.labels'))],
  },
  replicationcontrollers: replicaTable((object) => labelText(at(object, 'spec.selector'))),
  'replicasets.apps': replicaTable((object) => orNone(at(object, 'spec.selector'))),
  'deployments.apps': {
    columns: [NAME, column('Ready'), column('Up-to-date'), column('Available'), AGE, ...CONTAINERS, wide('Selector')],
    cells: (object, now) => [
      nameOf(object),
      `${integer(object, 'status.readyReplicas')}/${integer(object, 'spec.replicas')}`,
      integer(object, 'status.updatedReplicas'),
      integer(object, 'status.availableReplicas'),
      ageOf(object, now),
      ...containerCells(object, TEMPLATE),
      selectorText(at(object, 'spec.selector')),
    ],
  },
  'statefulsets.apps': {
    columns: [NAME, column('Ready'), AGE, ...CONTAINERS],
    cells: (object, now) => [
      nameOf(object),
      `${integer(object, 'status.readyReplicas')}/${integer(object, 'spec.replicas')}`,
      ageOf(object, now),
      ...containerCells(object, TEMPLATE),
    ],
  },
  'daemonsets.apps': {
    columns: [
      NAME,
      ...['Desired', 'Current', 'Ready', 'Up-to-date', 'Available'].map((name) => column(name, 'integer')),
      column('Node Selector'),
      AGE,
      ...CONTAINERS,
      wide('Selector'),
    ],
    cells: (object, now) => [
      nameOf(object),
      integer(object, 'status.desiredNumberScheduled'),
      integer(object, 'status.currentNumberScheduled'),
      integer(object, 'status.numberReady'),
      integer(object, 'status.updatedNumberScheduled'),
      integer(object, 'status.numberAvailable'),
      labelText(at(object, `${TEMPLATE}.nodeSelector`)),
      ageOf(object, now),
      ...containerCells(object, TEMPLATE),
      orNone(at(object, 'spec.selector')),
    ],
  },
  'controllerrevisions.apps': named([column('Controller'), column('Revision')], (object) => [
    controllerText(object),
    integer(object, 'revision'),
  ]),
  'jobs.batch': {
    columns: [NAME, column('Status'), column('Completions'), column('Duration'), AGE, ...CONTAINERS, wide('Selector')],
    cells: (object, now) => [
      nameOf(object),
      jobState(object),
      jobCompletions(object),
      jobDuration(object, now),
      ageOf(object, now),
      ...containerCells(object, TEMPLATE),
      orNone(at(object, 'spec.selector')),
    ],
  },
  'cronjobs.batch': {
    columns: [
      NAME,
      column('Schedule'),
      column('Timezone'),
      column('Suspend', 'boolean'),
      column('Active', 'integer'),
      column('Last Schedule'),
      AGE,
      ...CONTAINERS,
      wide('Selector'),
    ],
    cells: (object, now) => {
      const last = at(object, 'status.lastScheduleTime');
      return [
        nameOf(object),
        text(object, 'spec.schedule'),
        textOr(object, 'spec.timeZone', '<none>'),
        suspended(object),
        size(object, 'status.active'),
        last === undefined ? '<none>' : age(last, now),
        ageOf(object, now),
        ...containerCells(object, 'spec.jobTemplate.spec.template.spec'),
        orNone(at(object, 'spec.jobTemplate.spec.selector')),
      ];
    },
  },
  'poddisruptionbudgets.policy': named(
    [column('Min Available'), column('Max Unavailable'), column('Allowed Disruptions', 'integer')],
    (object) => [
      textOr(object, 'spec.minAvailable', 'N/A'),
      textOr(object, 'spec.maxUnavailable', 'N/A'),
      integer(object, 'status.disruptionsAllowed'),
    ],
  ),
};
