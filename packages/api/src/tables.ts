/** How `kubectl get` prints the built-in kinds: columns and cells by resource. */
import type { TableDefinition } from './definition.js';
import { accessTables } from './tables/access.js';
import { autoscalerTable, scaleTable } from './tables/autoscaling.js';
import { clusterTables } from './tables/cluster.js';
import { GENERIC_TABLE } from './tables/columns.js';
import { coreTables } from './tables/core.js';
import { eventTable } from './tables/events.js';
import { networkingTables } from './tables/networking.js';
import { podTable } from './tables/pods.js';
import { storageTables } from './tables/storage.js';
import { workloadTables } from './tables/workloads.js';

export { age, duration } from './tables/age.js';
export { GENERIC_TABLE, scaleTable };

const TABLES: Readonly<Record<string, TableDefinition>> = {
  pods: podTable,
  events: eventTable,
  'events.events.k8s.io': eventTable,
  'horizontalpodautoscalers.autoscaling': autoscalerTable,
  ...coreTables,
  ...workloadTables,
  ...networkingTables,
  ...storageTables,
  ...accessTables,
  ...clusterTables,
};

/** The table of a resource (`pods`, `deployments.apps`); name and creation time for those without one of their own. */
export function tableFor(resource: string, _version: string): TableDefinition {
  return TABLES[resource] ?? GENERIC_TABLE;
}
