import { type Check, plural, quoteAll, sortedSet } from '../check.js';

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

/** Only volumes that reach nothing outside of the cluster's own API. */
export const restrictedVolumes: Check = {
  id: 'restrictedVolumes',
  level: 'restricted',
  revisions: [
    {
      since: 0,
      overrides: ['hostPathVolumes'],
      run({ spec }) {
        const names: string[] = [];
        const types: string[] = [];
        const fields: string[] = [];
        (spec.volumes ?? []).forEach((volume, i) => {
          const has = (source: string): boolean => volume[source] !== undefined && volume[source] !== null;
          // A volume without a source becomes an emptyDir.
          if (ALLOWED.some(has) || Object.keys(volume).every((key) => key === 'name' || !has(key))) return;
          const type = KNOWN.find(has) ?? 'unknown';
          names.push(volume.name);
          types.push(type);
          fields.push(type === 'unknown' ? `spec.volumes[${i}]` : `spec.volumes[${i}].${type}`);
        });
        if (names.length === 0) return null;
        const set = sortedSet(types);
        return {
          reason: 'restricted volume types',
          detail: `${plural(names.length, 'volume')} ${quoteAll(names)} ${plural(names.length, 'uses', 'use')} restricted volume ${plural(set.length, 'type')} ${quoteAll(set)}`,
          fields,
        };
      },
    },
  ],
};
