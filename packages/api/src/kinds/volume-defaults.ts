import type { Volume } from '../validation/pod-types.js';
import { defaultPullPolicy } from './image-reference.js';

type Fields = Record<string, unknown>;

const FILE_MODE = 0o644;
const TOKEN_SECONDS = 3600;

/** Defaults of volume sources that are plain values, by the name of the source. */
const SOURCE_DEFAULTS: Readonly<Record<string, Readonly<Fields>>> = {
  secret: { defaultMode: FILE_MODE },
  configMap: { defaultMode: FILE_MODE },
  downwardAPI: { defaultMode: FILE_MODE },
  projected: { defaultMode: FILE_MODE },
  hostPath: { type: '' },
  iscsi: { iscsiInterface: 'default' },
  rbd: { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' },
  azureDisk: { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false },
  scaleIO: { storageMode: 'ThinProvisioned', fsType: 'xfs' },
};

/** Fills the sources of a pod's or a persistent volume in place. */
export function volumeSourceDefaults(holder: Fields): void {
  for (const name in holder) {
    const defaults = SOURCE_DEFAULTS[name];
    const source = holder[name] as Fields | undefined;
    if (defaults === undefined || typeof source !== 'object') continue;
    for (const field in defaults) source[field] ??= defaults[field];
  }
}

/** Fills a pod's volume in place. One without a source is an empty directory. */
export function volumeDefaults(volume: Volume): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume['emptyDir'] = {};
  volumeSourceDefaults(volume);
  const image = volume['image'] as Fields | undefined;
  if (image !== undefined) image['pullPolicy'] ||= defaultPullPolicy((image['reference'] as string | undefined) ?? '');
  const claim = (volume['ephemeral'] as { volumeClaimTemplate?: { spec?: Fields } } | undefined)?.volumeClaimTemplate?.spec;
  if (claim !== undefined) claim['volumeMode'] ??= 'Filesystem';
  downwardDefaults(volume['downwardAPI'] as DownwardSource | undefined);
  for (const source of (volume['projected'] as { sources?: ProjectedSource[] } | undefined)?.sources ?? []) {
    if (source.serviceAccountToken !== undefined) source.serviceAccountToken.expirationSeconds ??= TOKEN_SECONDS;
    downwardDefaults(source.downwardAPI);
  }
}

interface ProjectedSource {
  serviceAccountToken?: { expirationSeconds?: number };
  downwardAPI?: DownwardSource;
}

interface DownwardSource {
  items?: { fieldRef?: { apiVersion?: string }; resourceFieldRef?: { divisor?: string } }[];
}

function downwardDefaults(source: DownwardSource | undefined): void {
  for (const { fieldRef, resourceFieldRef } of source?.items ?? []) {
    if (fieldRef !== undefined) fieldRef.apiVersion ||= 'v1';
    if (resourceFieldRef !== undefined) resourceFieldRef.divisor ??= '0';
  }
}
