import type { KubeObject } from '@k/apimachinery';
import { toCelValue } from '../cel/values.js';

type Fields = Record<string, unknown>;

const FIELDS = [
  'name',
  'generateName',
  'namespace',
  'labels',
  'annotations',
  'deletionGracePeriodSeconds',
  'generation',
  'resourceVersion',
  'finalizers',
];

const dated = (fields: Fields, ...names: string[]): Fields => {
  const out = { ...fields };
  for (const name of names) if (typeof out[name] === 'string') out[name] = new Date(out[name] as string);
  return out;
};

/** `namespaceObject`: the parts of a namespace that expressions may read; null for none. */
export function namespaceValue(namespace: KubeObject | null): unknown {
  if (namespace === null) return null;
  const given = (namespace.metadata ?? {}) as Fields;
  const metadata: Fields = {};
  for (const name of FIELDS) if (given[name] !== undefined) metadata[name] = toCelValue(given[name]);
  if (given['uid'] !== undefined) metadata['UID'] = given['uid'];
  for (const name of ['creationTimestamp', 'deletionTimestamp']) {
    if (typeof given[name] === 'string') metadata[name] = new Date(given[name] as string);
  }
  const { finalizers } = (namespace['spec'] ?? {}) as Fields;
  const { phase, conditions } = (namespace['status'] ?? {}) as { phase?: string; conditions?: Fields[] };
  return {
    metadata,
    spec: finalizers === undefined ? {} : { finalizers },
    status: {
      ...(phase === undefined ? {} : { phase }),
      ...(conditions === undefined ? {} : { conditions: conditions.map((condition) => dated(condition, 'lastTransitionTime')) }),
    },
  };
}
