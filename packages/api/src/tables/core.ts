/** Tables of the core group, besides pods and workloads. */
import type { KubeObject } from '@k/apimachinery';
import type { TableDefinition } from '../definition.js';
import { AGE, ageOf, column, NAME, named, wide } from './columns.js';
import {
  at,
  conditionStatus,
  firstOf,
  integer,
  labelText,
  list,
  loadBalancerText,
  nameOf,
  quantity,
  size,
  text,
  textOr,
} from './fields.js';

function externalAddress(service: KubeObject): string {
  const given = list<string>(service, 'spec.externalIPs').join(',');
  switch (text(service, 'spec.type')) {
    case 'ClusterIP':
    case 'NodePort':
      return given || '<none>';
    case 'LoadBalancer':
      return [loadBalancerText(service), given].filter((part) => part !== '').join(',') || '<pending>';
    case 'ExternalName':
      return text(service, 'spec.externalName');
    default:
      return '<unknown>';
  }
}

function servicePort(port: unknown): string {
  const nodePort = integer(port, 'nodePort');
  return `${integer(port, 'port')}${nodePort > 0 ? `:${nodePort}` : ''}/${text(port, 'protocol')}`;
}

/** IPv6 addresses stand in brackets before a port. */
const hostPort = (address: string, port: number): string => `${address.includes(':') ? `[${address}]` : address}:${port}`;

function endpointsText(endpoints: KubeObject): string {
  const subsets = list(endpoints, 'subsets');
  if (subsets.length === 0) return '<none>';
  const entries = subsets.flatMap((subset) => {
    const addresses = list(subset, 'addresses').map((entry) => text(entry, 'ip'));
    const ports = list(subset, 'ports');
    return ports.length === 0 ? addresses : ports.flatMap((port) => addresses.map((address) => hostPort(address, integer(port, 'port'))));
  });
  return firstOf(entries, 3);
}

const ROLE_PREFIX = 'node-role.kubernetes.io/';

function nodeRoles(node: KubeObject): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata?.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length));
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return [...roles].sort().join(',') || '<none>';
}

function nodeState(node: KubeObject): string {
  const ready = conditionStatus(node, 'Ready');
  const state = ready === undefined ? 'Unknown' : ready === 'True' ? 'Ready' : 'NotReady';
  return at(node, 'spec.unschedulable') === true ? `${state},SchedulingDisabled` : state;
}

function nodeAddress(node: KubeObject, type: string): string {
  return textOr(
    list(node, 'status.addresses').find((entry) => entry['type'] === type),
    'address',
    '<none>',
  );
}

/** What a quota allows and what is used: requests, then limits. */
function quotaCells(quota: KubeObject): [requests: string, limits: string] {
  const hard = Object.keys((at(quota, 'status.hard') ?? {}) as object).sort();
  const used = (at(quota, 'status.used') ?? {}) as Record<string, unknown>;
  const allowed = (at(quota, 'status.hard') ?? {}) as Record<string, unknown>;
  const entry = (name: string): string =>
    `${name}: ${quantity({ value: used[name] }, 'value')}/${quantity({ value: allowed[name] }, 'value')}`;
  const isLimit = (name: string): boolean => name.startsWith('limits.');
  return [
    hard
      .filter((name) => !isLimit(name))
      .map(entry)
      .join(', '),
    hard.filter(isLimit).map(entry).join(', '),
  ];
}

/** Tables by resource. */
export const coreTables: Readonly<Record<string, TableDefinition>> = {
  configmaps: named([column('Data')], (object) => [size(object, 'data') + size(object, 'binaryData')]),
  secrets: named([column('Type'), column('Data')], (object) => [text(object, 'type'), size(object, 'data')]),
  serviceaccounts: named([], () => []),
  namespaces: named([column('Status')], (object) => [text(object, 'status.phase')]),
  resourcequotas: named([column('Request'), column('Limit')], quotaCells),
  endpoints: named([column('Endpoints')], (object) => [endpointsText(object)]),
  services: {
    columns: [NAME, column('Type'), column('Cluster-IP'), column('External-IP'), column('Port(s)'), AGE, wide('Selector')],
    cells: (object, now) => [
      nameOf(object),
      text(object, 'spec.type'),
      list<string>(object, 'spec.clusterIPs')[0] ?? textOr(object, 'spec.clusterIP', '<none>'),
      externalAddress(object),
      list(object, 'spec.ports').map(servicePort).join(',') || '<none>',
      ageOf(object, now),
      labelText(at(object, 'spec.selector')),
    ],
  },
  nodes: {
    columns: [
      NAME,
      column('Status'),
      column('Roles'),
      AGE,
      column('Version'),
      ...['Internal-IP', 'External-IP', 'OS-Image', 'Kernel-Version', 'Container-Runtime'].map((name) => wide(name)),
    ],
    cells: (object, now) => [
      nameOf(object),
      nodeState(object),
      nodeRoles(object),
      ageOf(object, now),
      text(object, 'status.nodeInfo.kubeletVersion'),
      nodeAddress(object, 'InternalIP'),
      nodeAddress(object, 'ExternalIP'),
      textOr(object, 'status.nodeInfo.osImage', '<unknown>'),
      textOr(object, 'status.nodeInfo.kernelVersion', '<unknown>'),
      textOr(object, 'status.nodeInfo.containerRuntimeVersion', '<unknown>'),
    ],
  },
  componentstatuses: {
    columns: [NAME, column('Status'), column('Message'), column('Error')],
    cells: (object) => {
      const healthy = list(object, 'conditions').find((entry) => entry['type'] === 'Healthy');
      const state = healthy === undefined ? 'Unknown' : healthy['status'] === 'True' ? 'Healthy' : 'Unhealthy';
      return [nameOf(object), state, text(healthy, 'message'), text(healthy, 'error')];
    },
  },
};
