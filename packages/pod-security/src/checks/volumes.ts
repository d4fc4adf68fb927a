/** What volumes may hold. */
import type { Check } from '../check.js';
import { malformedPod } from '../errors.js';
import { plural, quoteAll, sortedSet } from '../text.js';

import type { PodView } from '../view.js';

const ALLOWED = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret'];
/** In the order in which upstream looks for them. */
const KNOWN = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'nfs',
  'iscsi',
  'glusterfs',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'fc',
  'azureFile',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'storageos',
];
/** Allowed sources come first: one of them is enough. */
const RANKS: ReadonlyMap<string, number> = new Map([
  ...ALLOWED.map((source): [string, number] => [source, -1]),
  ...KNOWN.map((source, rank): [string, number] => [source, rank]),
]);

/** A volume that is not allowed. `source` null = none that is known. */
interface BadVolume {
  name: string;
  index: number;
  source: string | null;
}

/** Whether a volume has a source of one kind. */
function has(volume: Readonly<Record<string, unknown>> | null, index: number, source: string): boolean {
  const value = volume?.[source];
  if (value === undefined || value === null) return false;
  if (typeof value === 'object' && !Array.isArray(value)) return true;
  throw malformedPod(`spec.volumes[${index}].${source}`, 'an object', value);
}

/** -1 = allowed; the position of the source in {@link KNOWN}, or its length for an unknown one. */
function rankOf(volume: Readonly<Record<string, unknown>> | null, index: number): number {
  let best = KNOWN.length;
  for (const key in volume) {
    const rank = RANKS.get(key);
    if (rank !== undefined && rank < best && has(volume, index, key)) best = rank;
  }
  return best;
}

/** The volumes for which `sourceOf` finds something bad: the source, null when it is unknown; undefined = fine. */
function findVolumes(
  { volumes }: PodView,
  sourceOf: (volume: Readonly<Record<string, unknown>> | null, index: number) => string | null | undefined,
): BadVolume[] | null {
  let found: BadVolume[] | null = null;
  for (let index = 0; index < volumes.length; index++) {
    const volume = volumes[index] ?? null;
    const source = sourceOf(volume, index);
    if (source !== undefined) (found ??= []).push({ name: (volume?.['name'] as string | null | undefined) ?? '', index, source });
  }
  return found;
}

const hostPathOf = (volume: Readonly<Record<string, unknown>> | null, index: number): string | undefined =>
  has(volume, index, 'hostPath') ? 'hostPath' : undefined;

const restrictedSourceOf = (volume: Readonly<Record<string, unknown>> | null, index: number): string | null | undefined => {
  const rank = rankOf(volume, index);
  return rank < 0 ? undefined : (KNOWN[rank] ?? null);
};

const volumesText = (bad: readonly BadVolume[]): string => `${plural(bad.length, 'volume')} ${quoteAll(bad.map(({ name }) => name))}`;

/** No volume is a folder of the node. */
export const hostPathVolumes: Check = {
  id: 'hostPathVolumes',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run(view) {
        const bad = findVolumes(view, hostPathOf);
        return bad === null
          ? null
          : { reason: 'hostPath volumes', detail: volumesText(bad), fields: bad.map(({ index }) => `spec.volumes[${index}].hostPath`) };
      },
    },
  ],
};

/** Only volumes that reach nothing outside of the cluster's own API. */
export const restrictedVolumes: Check = {
  id: 'restrictedVolumes',
  level: 'restricted',
  revisions: [
    {
      since: 0,
      overrides: ['hostPathVolumes'],
      run(view) {
        const bad = findVolumes(view, restrictedSourceOf);
        if (bad === null) return null;
        const set = sortedSet(bad.map(({ source }) => source ?? 'unknown'));
        return {
          reason: 'restricted volume types',
          detail: `${volumesText(bad)} ${plural(bad.length, 'uses', 'use')} restricted volume ${plural(set.length, 'type')} ${quoteAll(set)}`,
          fields: bad.map(({ index, source }) => (source === null ? `spec.volumes[${index}]` : `spec.volumes[${index}].${source}`)),
        };
      },
    },
  ],
};
