import type { KubeObject } from '@k/apimachinery';
import type { TableColumn, TableDefinition } from './definition.js';

const column = (name: string, type: TableColumn['type'] = 'string', format = '', priority = 0): TableColumn => ({
  name,
  type,
  format,
  description: '',
  priority,
});
const NAME = column('Name', 'string', 'name');
const AGE = column('Age');
type Fields = Record<string, unknown>;

/** The time since a timestamp as kubectl prints ages: `5s`, `3m20s`, `2h`, `4d3h`. */
export function age(timestamp: string | null | undefined, now: number): string {
  if (timestamp === undefined || timestamp === null) return '<unknown>';
  const seconds = Math.floor((now - Date.parse(timestamp)) / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  if (days < 365 * 8) return days % 365 === 0 ? `${years}y` : `${years}y${days % 365}d`;
  return `${years}y`;
}

const created = (object: KubeObject, now: number): string => age(object.metadata?.creationTimestamp, now);
const name = (object: KubeObject): string => object.metadata?.name ?? '';
const spec = (object: KubeObject): Fields => (object['spec'] ?? {}) as Fields;
const status = (object: KubeObject): Fields => (object['status'] ?? {}) as Fields;
const count = (value: unknown): number => (value === undefined || value === null ? 0 : Object.keys(value as object).length);
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** Kinds without columns of their own show their name and creation time. */
const GENERIC: TableDefinition = {
  columns: [NAME, column('Created At', 'date')],
  cells: (object) => [name(object), object.metadata?.creationTimestamp ?? null],
};

const images = (object: KubeObject): string =>
  (((spec(object)['template'] as KubeObject | undefined)?.['spec'] as { containers?: Fields[] } | undefined)?.containers ?? [])
    .map((c) => String(c['image'] ?? ''))
    .join(',');
const containers = (object: KubeObject): string =>
  (((spec(object)['template'] as KubeObject | undefined)?.['spec'] as { containers?: Fields[] } | undefined)?.containers ?? [])
    .map((c) => String(c['name'] ?? ''))
    .join(',');

function podStatus(object: KubeObject): string {
  if (object.metadata?.deletionTimestamp !== undefined) return 'Terminating';
  return String(status(object)['reason'] ?? status(object)['phase'] ?? '');
}

function ports(object: KubeObject): string {
  const list = (spec(object)['ports'] as Fields[] | undefined) ?? [];
  if (list.length === 0) return '<none>';
  return list
    .map((port) => `${String(port['port'])}${port['nodePort'] ? `:${String(port['nodePort'])}` : ''}/${String(port['protocol'] ?? 'TCP')}`)
    .join(',');
}

/** Columns and cells by `resource` or `resource.group`. */
const TABLES: Readonly<Record<string, TableDefinition>> = {
  pods: {
    columns: [
      NAME,
      column('Ready'),
      column('Status'),
      column('Restarts'),
      AGE,
      column('IP', 'string', '', 1),
      column('Node', 'string', '', 1),
      column('Nominated Node', 'string', '', 1),
      column('Readiness Gates', 'string', '', 1),
    ],
    cells: (object, now) => {
      const all = (spec(object)['containers'] as unknown[] | undefined) ?? [];
      const statuses = (status(object)['containerStatuses'] as Fields[] | undefined) ?? [];
      const ready = statuses.filter((entry) => entry['ready'] === true).length;
      const restarts = statuses.reduce((sum, entry) => sum + number(entry['restartCount']), 0);
      return [
        name(object),
        `${ready}/${all.length}`,
        podStatus(object),
        String(restarts),
        created(object, now),
        status(object)['podIP'] ?? '<none>',
        spec(object)['nodeName'] ?? '<none>',
        '<none>',
        '<none>',
      ];
    },
  },
  configmaps: {
    columns: [NAME, column('Data'), AGE],
    cells: (object, now) => [name(object), String(count(object['data']) + count(object['binaryData'])), created(object, now)],
  },
  secrets: {
    columns: [NAME, column('Type'), column('Data'), AGE],
    cells: (object, now) => [name(object), object['type'] ?? '', String(count(object['data'])), created(object, now)],
  },
  serviceaccounts: { columns: [NAME, AGE], cells: (object, now) => [name(object), created(object, now)] },
  namespaces: {
    columns: [NAME, column('Status'), AGE],
    cells: (object, now) => [name(object), String(status(object)['phase'] ?? ''), created(object, now)],
  },
  services: {
    columns: [
      NAME,
      column('Type'),
      column('Cluster-IP'),
      column('External-IP'),
      column('Port(s)'),
      AGE,
      column('Selector', 'string', '', 1),
    ],
    cells: (object, now) => [
      name(object),
      String(spec(object)['type'] ?? ''),
      String(spec(object)['clusterIP'] ?? '<none>'),
      spec(object)['type'] === 'ExternalName'
        ? String(spec(object)['externalName'] ?? '')
        : spec(object)['type'] === 'LoadBalancer'
          ? '<pending>'
          : '<none>',
      ports(object),
      created(object, now),
      Object.entries((spec(object)['selector'] ?? {}) as Record<string, string>)
        .map(([key, value]) => `${key}=${value}`)
        .join(',') || '<none>',
    ],
  },
  'deployments.apps': {
    columns: [
      NAME,
      column('Ready'),
      column('Up-to-date'),
      column('Available'),
      AGE,
      column('Containers', 'string', '', 1),
      column('Images', 'string', '', 1),
      column('Selector', 'string', '', 1),
    ],
    cells: (object, now) => [
      name(object),
      `${number(status(object)['readyReplicas'])}/${number(spec(object)['replicas'])}`,
      String(number(status(object)['updatedReplicas'])),
      String(number(status(object)['availableReplicas'])),
      created(object, now),
      containers(object),
      images(object),
      Object.entries(((spec(object)['selector'] as Fields | undefined)?.['matchLabels'] ?? {}) as Record<string, string>)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    ],
  },
};

/** The table of a resource. */
export function tableFor(resource: string, _version: string): TableDefinition {
  return TABLES[resource] ?? GENERIC;
}
