import type { KubeObject } from '@k/apimachinery';
import { deepEqual } from '../validation/field-errors.js';
import type { KindRules } from './index.js';

interface Port {
  name?: string;
  protocol?: string;
}

/** Ports of endpoints speak TCP unless they say otherwise. */
export function endpointsDefaults(object: KubeObject): void {
  for (const { ports } of (object['subsets'] as { ports?: Port[] }[] | undefined) ?? []) {
    for (const port of ports ?? []) port.protocol ||= 'TCP';
  }
}

/** Ports of endpoint slices have an empty name and speak TCP unless they say otherwise. */
function sliceDefaults(object: KubeObject): void {
  for (const port of (object['ports'] as Port[] | undefined) ?? []) {
    port.name ??= '';
    port.protocol ??= 'TCP';
  }
}

interface Endpoint {
  deprecatedTopology?: object;
}

/** The topology of old is taken from nobody any more. */
function dropTopology(object: KubeObject): void {
  const endpoints = object['endpoints'] as Endpoint[] | undefined | null;
  if (!endpoints) return;
  object['endpoints'] = endpoints.map(({ deprecatedTopology: _dropped, ...endpoint }) => endpoint);
}

/** Endpoint slices: their labels count as content. */
export const sliceStrategy: KindRules = {
  hasGeneration: true,
  applyDefaults: sliceDefaults,
  prepareForCreate: (object) => {
    (object.metadata ??= {}).generation = 1;
    dropTopology(object);
  },
  prepareForUpdate: (object, old) => {
    const metadata = (object.metadata ??= {});
    const same =
      ['addressType', 'endpoints', 'ports'].every((field) => deepEqual(object[field], old[field])) &&
      deepEqual(metadata.labels, old.metadata?.labels);
    const before = old.metadata?.generation;
    if (before === undefined) delete metadata.generation;
    else metadata.generation = before;
    if (!same) metadata.generation = (before ?? 0) + 1;
    if (!deepEqual(object['endpoints'], old['endpoints'])) dropTopology(object);
  },
};
