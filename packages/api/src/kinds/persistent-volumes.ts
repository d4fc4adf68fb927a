import type { KubeObject } from '@k/apimachinery';
import type { KindRules } from './index.js';
import { freshStatus } from './status.js';
import { volumeSourceDefaults } from './volume-defaults.js';

type Fields = Record<string, unknown>;

function specOf(object: KubeObject): Fields {
  return (object['spec'] ??= {}) as Fields;
}

/** The present time as objects carry it. */
function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

/** Claims for storage. */
export const claimStrategy: KindRules = {
  ...freshStatus(() => ({ phase: 'Pending' })),
  deleteReturnsObject: true,
  applyDefaults: (object) => {
    const spec = specOf(object);
    spec['volumeMode'] ??= 'Filesystem';
    const status = object['status'] as Fields | undefined;
    if (status !== undefined) status['phase'] ||= 'Pending';
    // One source is written in two fields; they show the same as long as both can express it.
    const { dataSource, dataSourceRef } = spec as { dataSource?: object; dataSourceRef?: { namespace?: string } };
    if (dataSource !== undefined && dataSourceRef === undefined) spec['dataSourceRef'] = { ...dataSource };
    else if (dataSource === undefined && dataSourceRef !== undefined && (dataSourceRef.namespace ?? '') === '') {
      spec['dataSource'] = { ...dataSourceRef };
    }
  },
};

/** Persistent volumes. */
export const volumeStrategy: KindRules = {
  ...freshStatus(() => ({ phase: 'Pending', lastPhaseTransitionTime: now() })),
  applyDefaults: (object) => {
    const spec = specOf(object);
    spec['persistentVolumeReclaimPolicy'] ||= 'Retain';
    spec['volumeMode'] ??= 'Filesystem';
    volumeSourceDefaults(spec);
    const status = object['status'] as Fields | undefined;
    if (status !== undefined) status['phase'] ||= 'Pending';
  },
};
