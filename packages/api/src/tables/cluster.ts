/** Tables of what a cluster is run with: leases, classes, devices, flow control, aggregated APIs. */
import type { KubeObject } from '@k/apimachinery';
import type { TableDefinition } from '../definition.js';
import { AGE, ageOf, column, NAME, named } from './columns.js';
import { at, integer, isDeleting, list, nameOf, size, text, textOr } from './fields.js';

const orNone = (object: unknown, path: string): unknown => at(object, path) ?? '<none>';

function claimState(claim: KubeObject): string {
  const states: string[] = [];
  const allocated = at(claim, 'status.allocation') !== undefined;
  if (isDeleting(claim)) states.push('deleted');
  if (allocated) states.push('allocated');
  else if (!isDeleting(claim)) states.push('pending');
  if (allocated && size(claim, 'status.reservedFor') > 0) states.push('reserved');
  return states.join(',');
}

function availability(service: KubeObject): string {
  const condition = list(service, 'status.conditions').find((entry) => entry['type'] === 'Available');
  if (condition === undefined) return 'Unknown';
  const status = text(condition, 'status');
  return status === 'True' ? 'True' : `${status} (${text(condition, 'reason')})`;
}

function danglingText(schema: KubeObject): string {
  return textOr(
    list(schema, 'status.conditions').find((condition) => condition['type'] === 'Dangling'),
    'status',
    '?',
  );
}

/** Tables by `resource.group`. */
export const clusterTables: Readonly<Record<string, TableDefinition>> = {
  'leases.coordination.k8s.io': named([column('Holder')], (object) => [text(object, 'spec.holderIdentity')]),
  'runtimeclasses.node.k8s.io': named([column('Handler')], (object) => [text(object, 'handler')]),
  'priorityclasses.scheduling.k8s.io': {
    columns: [NAME, column('Value', 'integer'), column('Global-Default', 'boolean'), AGE, column('PreemptionPolicy')],
    cells: (object, now) => [
      nameOf(object),
      integer(object, 'value'),
      at(object, 'globalDefault') === true,
      ageOf(object, now),
      text(object, 'preemptionPolicy'),
    ],
  },
  'deviceclasses.resource.k8s.io': named([], () => []),
  'resourceclaims.resource.k8s.io': named([column('State')], (object) => [claimState(object)]),
  'resourceclaimtemplates.resource.k8s.io': named([], () => []),
  'resourceslices.resource.k8s.io': named([column('Node'), column('Driver'), column('Pool')], (object) => [
    text(object, 'spec.nodeName'),
    text(object, 'spec.driver'),
    text(object, 'spec.pool.name'),
  ]),
  'flowschemas.flowcontrol.apiserver.k8s.io': {
    columns: [NAME, column('PriorityLevel'), column('MatchingPrecedence'), column('DistinguisherMethod'), AGE, column('MissingPL')],
    cells: (object, now) => [
      nameOf(object),
      text(object, 'spec.priorityLevelConfiguration.name'),
      integer(object, 'spec.matchingPrecedence'),
      textOr(object, 'spec.distinguisherMethod.type', '<none>'),
      ageOf(object, now),
      danglingText(object),
    ],
    // The order in which requests are matched.
    compare: (a, b) => {
      const difference = integer(a, 'spec.matchingPrecedence') - integer(b, 'spec.matchingPrecedence');
      return difference !== 0 ? difference : nameOf(a) < nameOf(b) ? -1 : 1;
    },
  },
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': named(
    ['Type', 'NominalConcurrencyShares', 'Queues', 'HandSize', 'QueueLengthLimit'].map((name) => column(name)),
    (object) => [
      text(object, 'spec.type'),
      orNone(object, 'spec.limited.nominalConcurrencyShares'),
      orNone(object, 'spec.limited.limitResponse.queuing.queues'),
      orNone(object, 'spec.limited.limitResponse.queuing.handSize'),
      orNone(object, 'spec.limited.limitResponse.queuing.queueLengthLimit'),
    ],
  ),
  'apiservices.apiregistration.k8s.io': named([column('Service'), column('Available')], (object) => [
    at(object, 'spec.service') === undefined ? 'Local' : `${text(object, 'spec.service.namespace')}/${text(object, 'spec.service.name')}`,
    availability(object),
  ]),
};
