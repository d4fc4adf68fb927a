/** Tables of volumes and of storage.k8s.io. */
import type { KubeObject } from '@k/apimachinery';
import type { TableDefinition } from '../definition.js';
import { AGE, ageOf, column, NAME, named, wide } from './columns.js';
import { at, isDeleting, list, nameOf, quantity, size, text, textOr } from './fields.js';

const ACCESS_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** Short names of access modes, each once, in their own order. */
function accessModes(object: KubeObject, path: string): string {
  const modes = list<string>(object, path);
  return Object.entries(ACCESS_MODES)
    .filter(([mode]) => modes.includes(mode))
    .map(([, short]) => short)
    .join(',');
}

/** The class of a volume or claim: the annotation of old counts before the field. */
function storageClass(object: KubeObject): string {
  return object.metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? text(object, 'spec.storageClassName');
}

const phase = (object: KubeObject): string => (isDeleting(object) ? 'Terminating' : text(object, 'status.phase'));
const orUnset = (object: KubeObject, path: string): string => String(at(object, path) ?? '<unset>');

/** The name, marked when an annotation makes the class the default. */
function classNameOf(object: KubeObject, annotations: readonly string[]): string {
  const isDefault = annotations.some((key) => object.metadata?.annotations?.[key] === 'true');
  return isDefault ? `${nameOf(object)} (default)` : nameOf(object);
}

const flag = (object: KubeObject, path: string, fallback = false): boolean => (at(object, path) ?? fallback) === true;

function claimOf(volume: KubeObject): string {
  return at(volume, 'spec.claimRef') === undefined
    ? ''
    : `${text(volume, 'spec.claimRef.namespace')}/${text(volume, 'spec.claimRef.name')}`;
}

/** Tables by `resource.group`. */
export const storageTables: Readonly<Record<string, TableDefinition>> = {
  persistentvolumes: {
    columns: [
      NAME,
      ...['Capacity', 'Access Modes', 'Reclaim Policy', 'Status', 'Claim', 'StorageClass', 'VolumeAttributesClass', 'Reason'].map((name) =>
        column(name),
      ),
      AGE,
      wide('VolumeMode'),
    ],
    cells: (object, now) => [
      nameOf(object),
      quantity(object, 'spec.capacity.storage'),
      accessModes(object, 'spec.accessModes'),
      text(object, 'spec.persistentVolumeReclaimPolicy'),
      phase(object),
      claimOf(object),
      storageClass(object),
      orUnset(object, 'spec.volumeAttributesClassName'),
      text(object, 'status.reason'),
      ageOf(object, now),
      orUnset(object, 'spec.volumeMode'),
    ],
  },
  persistentvolumeclaims: {
    columns: [
      NAME,
      ...['Status', 'Volume', 'Capacity', 'Access Modes', 'StorageClass', 'VolumeAttributesClass'].map((name) => column(name)),
      AGE,
      wide('VolumeMode'),
    ],
    cells: (object, now) => {
      const volume = text(object, 'spec.volumeName');
      return [
        nameOf(object),
        phase(object),
        volume,
        volume === '' ? '' : quantity(object, 'status.capacity.storage'),
        volume === '' ? '' : accessModes(object, 'status.accessModes'),
        storageClass(object),
        orUnset(object, 'spec.volumeAttributesClassName'),
        ageOf(object, now),
        orUnset(object, 'spec.volumeMode'),
      ];
    },
  },
  'storageclasses.storage.k8s.io': {
    columns: [NAME, ...['Provisioner', 'ReclaimPolicy', 'VolumeBindingMode', 'AllowVolumeExpansion'].map((name) => column(name)), AGE],
    cells: (object, now) => [
      classNameOf(object, ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']),
      text(object, 'provisioner'),
      textOr(object, 'reclaimPolicy', 'Delete'),
      textOr(object, 'volumeBindingMode', 'Immediate'),
      flag(object, 'allowVolumeExpansion'),
      ageOf(object, now),
    ],
  },
  'volumeattributesclasses.storage.k8s.io': {
    columns: [NAME, column('DriverName'), AGE],
    cells: (object, now) => [
      classNameOf(object, ['storage.alpha.kubernetes.io/is-default-class']),
      text(object, 'driverName'),
      ageOf(object, now),
    ],
  },
  'volumeattachments.storage.k8s.io': named(
    [column('Attacher', 'string', 'name'), column('PV'), column('Node'), column('Attached', 'boolean')],
    (object) => [
      text(object, 'spec.attacher'),
      text(object, 'spec.source.persistentVolumeName'),
      text(object, 'spec.nodeName'),
      flag(object, 'status.attached'),
    ],
  ),
  'csinodes.storage.k8s.io': named([column('Drivers', 'integer')], (object) => [size(object, 'spec.drivers')]),
  'csidrivers.storage.k8s.io': named(
    [
      column('AttachRequired', 'boolean'),
      column('PodInfoOnMount', 'boolean'),
      column('StorageCapacity', 'boolean'),
      column('TokenRequests'),
      column('RequiresRepublish', 'boolean'),
      column('Modes'),
    ],
    (object) => [
      flag(object, 'spec.attachRequired', true),
      flag(object, 'spec.podInfoOnMount'),
      flag(object, 'spec.storageCapacity'),
      at(object, 'spec.tokenRequests') === undefined
        ? '<unset>'
        : list(object, 'spec.tokenRequests')
            .map((request) => text(request, 'audience'))
            .join(','),
      flag(object, 'spec.requiresRepublish'),
      list<string>(object, 'spec.volumeLifecycleModes').join(',') || '<none>',
    ],
  ),
  'csistoragecapacities.storage.k8s.io': {
    columns: [NAME, column('StorageClassName'), column('Capacity')],
    cells: (object) => [
      nameOf(object),
      text(object, 'storageClassName'),
      at(object, 'capacity') === undefined ? '<unset>' : quantity(object, 'capacity'),
    ],
  },
};
