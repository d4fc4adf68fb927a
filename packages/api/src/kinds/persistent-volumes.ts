import type { KubeObject } from '@k/apimachinery';
import type { KindRules } from './index.js';
import { now } from './now.js';
import { freshStatus } from './status.js';
import { volumeSourceDefaults } from './volume-defaults.js';

type Fields = Record<string, unknown>;

function specOf(object: KubeObject): Fields {
  return (object['spec'] ??= {}) as Fields;
}

interface DataSource {
  apiGroup?: string;
  kind?: string;
  namespace?: string;
}

interface SourceFields {
  dataSource?: DataSource;
  dataSourceRef?: DataSource;
}

/** What the old field for sources can hold; other sources in it are dropped, as they always were. */
function isClassicSource({ apiGroup = '', kind }: DataSource): boolean {
  return (kind === 'PersistentVolumeClaim' && apiGroup === '') || (kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io');
}

/** One source is written in two fields; they show the same as long as both can express it. */
function alignSources(spec: Fields): void {
  const { dataSource, dataSourceRef } = spec as SourceFields;
  if (dataSource !== undefined && dataSourceRef === undefined) spec['dataSourceRef'] = { ...dataSource };
  else if (dataSource === undefined && dataSourceRef !== undefined && (dataSourceRef.namespace ?? '') === '') {
    spec['dataSource'] = { ...dataSourceRef };
  }
}

function prepareSources(spec: Fields, before: SourceFields): void {
  // Sources in other namespaces are an alpha feature that is off.
  if (before.dataSourceRef === undefined && ((spec as SourceFields).dataSourceRef?.namespace ?? '') !== '') delete spec['dataSourceRef'];
  const { dataSource, dataSourceRef } = spec as SourceFields;
  const isNew = before.dataSource === undefined && before.dataSourceRef === undefined;
  if (isNew && dataSourceRef === undefined && dataSource !== undefined && !isClassicSource(dataSource)) delete spec['dataSource'];
  alignSources(spec);
}

const claimStatus = freshStatus(() => ({ phase: 'Pending' }));

/** Claims for storage. */
export const claimStrategy: KindRules = {
  deleteReturnsObject: true,
  applyDefaults: (object) => {
    const spec = specOf(object);
    spec['volumeMode'] ??= 'Filesystem';
    const status = object['status'] as Fields | undefined;
    if (status !== undefined) status['phase'] ||= 'Pending';
  },
  prepareForCreate: (object) => {
    claimStatus.prepareForCreate?.(object);
    prepareSources(specOf(object), {});
  },
  prepareForUpdate: (object, old, subresource) => {
    claimStatus.prepareForUpdate?.(object, old, subresource);
    if (subresource === '') prepareSources(specOf(object), (old['spec'] ?? {}) as SourceFields);
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
