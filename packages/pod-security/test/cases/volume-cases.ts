/** Checks of volumes. */
import type { CheckCases } from './check-cases.js';

export const VOLUME_CASES: readonly CheckCases[] = [
  {
    check: 'hostPathVolumes',
    level: 'baseline',
    reason: 'hostPath volumes',
    overriddenFrom: 0,
    fails: [
      {
        name: 'two',
        spec: { volumes: [{ name: 'b', hostPath: {} }, { name: 'ok', emptyDir: {} }, { hostPath: {} }] },
        detail: 'volumes "b", ""',
      },
    ],
    passes: [{ name: 'null', spec: { volumes: [{ name: 'a', hostPath: null, emptyDir: {} }] } }],
  },
  {
    check: 'restrictedVolumes',
    level: 'restricted',
    reason: 'restricted volume types',
    fails: [
      {
        name: 'several',
        spec: {
          volumes: [
            { name: 'z', nfs: {} },
            { name: 'a', hostPath: {} },
            { name: 'c', configMap: {} },
            { name: 'u', novel: {} },
            { name: 'two', nfs: {}, hostPath: {} },
          ],
        },
        detail: 'volumes "z", "a", "u", "two" use restricted volume types "hostPath", "nfs", "unknown"',
      },
      { name: 'no source', spec: { volumes: [{ name: 'a' }] }, detail: 'volume "a" uses restricted volume type "unknown"' },
      ...[
        'gcePersistentDisk',
        'awsElasticBlockStore',
        'gitRepo',
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
      ].map((source) => ({
        name: source,
        spec: { volumes: [{ name: 'a', [source]: {} }] },
        detail: `volume "a" uses restricted volume type "${source}"`,
      })),
    ],
    passes: ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret'].map(
      (source) => ({
        name: source,
        spec: { volumes: [{ name: 'a', [source]: {} }] },
      }),
    ),
  },
];
