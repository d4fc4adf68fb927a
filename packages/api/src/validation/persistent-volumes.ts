import { type KubeObject, Quantity } from '@k/apimachinery';
import { type ClaimSpec, VOLUME_MODES, validateAccessModes, validateClaimSpec } from './claims.js';
import { deepEqual, type FieldErrors, IMMUTABLE } from './field-errors.js';
import { internalForm, sortedMap } from './internal-form.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Subdomain, isQualifiedName } from './names.js';
import { quantityOf, type ResourceList, validatePositiveQuantity } from './resources.js';
import { validateNodeSelector } from './scheduling.js';
import type { NodeSelector } from './scheduling-types.js';
import { unifiedDiff } from './unified-diff.js';
import { PERSISTENT_SOURCES, type Source } from './volume-sources.js';

/** The spec of a persistent volume, whose sources are fields of their own. */
export interface VolumeSpec {
  capacity?: ResourceList;
  accessModes?: string[];
  persistentVolumeReclaimPolicy?: string;
  storageClassName?: string;
  volumeMode?: string;
  nodeAffinity?: { required?: NodeSelector };
  volumeAttributesClassName?: string;
  [source: string]: unknown;
}

const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain'];
/** Sources in the order in which upstream looks for them. */
const SOURCE_ORDER = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
];

function validateSources(spec: VolumeSpec, name: string, at: string, errors: FieldErrors): void {
  let count = 0;
  for (const kind of SOURCE_ORDER) {
    const source = spec[kind] as Source | undefined;
    if (source === undefined) continue;
    if (count++ > 0 && kind !== 'flexVolume') {
      errors.forbidden(`${at}.${kind === 'cephfs' ? 'cephFS' : kind}`, 'may not specify more than 1 volume type');
      continue;
    }
    PERSISTENT_SOURCES[kind]?.(source, `${at}.${kind === 'gcePersistentDisk' ? 'persistentDisk' : kind}`, errors, name);
    if (kind === 'local' && spec.nodeAffinity === undefined) errors.required(`${at}.nodeAffinity`, 'Local volume requires node affinity');
  }
  if (count === 0) errors.required(at, 'must specify a volume type');
}

function validateCapacity(capacity: ResourceList, at: string, errors: FieldErrors): void {
  const names = Object.keys(capacity);
  if (names.length === 0) errors.required(at);
  if (capacity['storage'] === undefined || names.length > 1) {
    errors.notSupported(at, names.length === 0 ? null : sortedMap(capacity), ['storage']);
  }
  for (const name of names) {
    const amount = Quantity.parse(capacity[name] as string);
    if (amount.sign() < 0) errors.invalid(`${at}[${name}]`, Number(amount.value()), 'must be a valid resource quantity');
    validatePositiveQuantity(capacity[name] as string, `${at}[${name}]`, errors);
  }
}

const NOT_INLINE = 'may not be specified in the context of inline volumes';

/** What may not stand in a volume that is described inside another object. */
function validateInline(spec: VolumeSpec, at: string, errors: FieldErrors): void {
  for (const field of ['claimRef', 'capacity', 'persistentVolumeReclaimPolicy', 'nodeAffinity', 'storageClassName'] as const) {
    const value = spec[field];
    if (value !== undefined && value !== '') errors.forbidden(`${at}.${field}`, NOT_INLINE);
  }
  if (spec['csi'] === undefined) errors.required(`${at}.csi`, 'has to be specified in the context of inline volumes');
  if ((spec.volumeMode ?? 'Filesystem') !== 'Filesystem') {
    errors.forbidden(`${at}.volumeMode`, 'may not specify volumeMode other than Filesystem in the context of inline volumes');
  }
}

/** A volume that an attachment describes rather than names. */
export function validateInlineVolume(spec: VolumeSpec, at: string, errors: FieldErrors): void {
  validateInline(spec, at, errors);
  const { accessModes = [] } = spec;
  if (accessModes.length === 0) errors.required(`${at}.accessModes`);
  validateAccessModes(accessModes, `${at}.accessModes`, errors);
  validateSources(spec, '', at, errors);
}

/** The spec of a persistent volume. */
export function validateVolumeSpec(spec: VolumeSpec, name: string, at: string, errors: FieldErrors): void {
  const { accessModes = [], capacity = {}, persistentVolumeReclaimPolicy: policy = '', nodeAffinity, volumeMode } = spec;
  if (accessModes.length === 0) errors.required(`${at}.accessModes`);
  validateAccessModes(accessModes, `${at}.accessModes`, errors);
  validateCapacity(capacity, `${at}.capacity`, errors);
  if (policy !== '') errors.oneOf(`${at}.persistentVolumeReclaimPolicy`, policy, RECLAIM_POLICIES);
  if (nodeAffinity !== undefined) {
    if (nodeAffinity.required === undefined) {
      errors.required(`${at}.nodeAffinity.required`, 'must specify required node constraints');
    } else validateNodeSelector(nodeAffinity.required, `${at}.nodeAffinity.required`, errors);
  }
  validateSources(spec, name, at, errors);
  const hostPath = (spec['hostPath'] as { path?: string } | undefined)?.path;
  if (hostPath !== undefined && /^\/+(\.?\/)*$/.test(hostPath) && policy === 'Recycle') {
    errors.forbidden(`${at}.persistentVolumeReclaimPolicy`, "may not be 'recycle' for a hostPath mount of '/'");
  }
  const { storageClassName = '', volumeAttributesClassName: attributesClass } = spec;
  if (storageClassName !== '') errors.invalidEach(`${at}.storageClassName`, storageClassName, isDns1123Subdomain(storageClassName));
  if (volumeMode !== undefined) errors.oneOf(`${at}.volumeMode`, volumeMode, VOLUME_MODES);
  if (attributesClass === undefined) return;
  const path = `${at}.volumeAttributesClassName`;
  if (attributesClass === '') errors.required(path, 'an empty string is disallowed');
  else errors.invalidEach(path, attributesClass, isDns1123Subdomain(attributesClass));
  if (spec['csi'] === undefined) errors.required(`${at}.csi`, 'has to be specified when using volumeAttributesClassName');
}

function specOf(object: KubeObject): VolumeSpec {
  return (object['spec'] as VolumeSpec | undefined) ?? {};
}

/** The sources alone, as they are compared. */
function sourcesOf(spec: VolumeSpec): Source {
  return Object.fromEntries(SOURCE_ORDER.filter((kind) => spec[kind] !== undefined).map((kind) => [kind, spec[kind]]));
}

/** Persistent volumes. */
export const persistentVolumeValidation: KindValidation = {
  metadataOnUpdate: 'create',
  create: (object, errors) => validateVolumeSpec(specOf(object), object.metadata?.name ?? '', 'spec', errors),
  update: (object, old, errors) => {
    const spec = specOf(object);
    const before = specOf(old);
    validateVolumeSpec(spec, object.metadata?.name ?? '', 'spec', errors);
    const sources = sourcesOf(spec);
    const oldSources = sourcesOf(before);
    const csi = sources['csi'] as Source | undefined;
    if (
      csi?.['controllerExpandSecretRef'] !== undefined &&
      (oldSources['csi'] as Source | undefined)?.['controllerExpandSecretRef'] === undefined
    ) {
      const { controllerExpandSecretRef: _added, ...rest } = csi;
      sources['csi'] = rest;
    }
    if (!deepEqual(sources, oldSources)) {
      const form = (value: Source): object => internalForm('PersistentVolumeSource', value);
      const difference = unifiedDiff(form(oldSources), form(sources));
      errors.forbidden('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n${difference}`);
    }
    errors.immutable('volumeMode', spec.volumeMode, before.volumeMode);
    if (before.nodeAffinity !== undefined && !deepEqual(spec.nodeAffinity, before.nodeAffinity)) {
      const shown = spec.nodeAffinity === undefined ? null : internalForm('VolumeNodeAffinity', spec.nodeAffinity);
      errors.invalid('nodeAffinity', shown, `${IMMUTABLE}, except for updating from beta label to GA`);
    }
    if (before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined) {
      errors.forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden');
    }
  },
};

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';
const RESIZE_STATES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];

interface ClaimStatus {
  phase?: string;
  capacity?: ResourceList;
  allocatedResources?: ResourceList;
  allocatedResourceStatuses?: Record<string, string>;
}

function claimSpec(object: KubeObject): ClaimSpec {
  return (object['spec'] as ClaimSpec | undefined) ?? {};
}

/** The claim's new spec with what may differ put back. */
function undoAllowedChanges(object: KubeObject, old: KubeObject): [now: ClaimSpec, before: ClaimSpec] {
  const spec = claimSpec(object);
  const before = { ...claimSpec(old) };
  const now = { ...spec };
  const bound = (object['status'] as ClaimStatus | undefined)?.phase === 'Bound';
  if ((before.volumeName ?? '') === '' && now.volumeName !== undefined) before.volumeName = now.volumeName;
  const annotation = old.metadata?.annotations?.[BETA_CLASS];
  const className = spec.storageClassName;
  if (className !== undefined && before.storageClassName === undefined && (annotation === undefined || annotation === className)) {
    delete now.storageClassName;
  }
  if (bound) {
    const storage = before.resources?.requests?.['storage'];
    if (now.resources?.requests !== undefined && storage !== undefined) {
      now.resources = { ...now.resources, requests: { ...now.resources.requests, storage } };
    }
    if (now.volumeAttributesClassName !== undefined) {
      if (before.volumeAttributesClassName === undefined) delete now.volumeAttributesClassName;
      else now.volumeAttributesClassName = before.volumeAttributesClassName;
    }
  }
  return [now, before];
}

function validateChangedClaim(object: KubeObject, old: KubeObject, errors: FieldErrors): void {
  const spec = claimSpec(object);
  const before = claimSpec(old);
  validateClaimSpec(spec, 'spec', errors);
  const annotation = object.metadata?.annotations?.[BETA_CLASS] ?? '';
  if (annotation !== (old.metadata?.annotations?.[BETA_CLASS] ?? '')) {
    errors.invalid(`metadata.annotations.${BETA_CLASS}`, annotation, IMMUTABLE);
  }
  const [now, fixed] = undoAllowedChanges(object, old);
  if (!deepEqual(now, fixed)) {
    const form = (value: ClaimSpec): object => internalForm('PersistentVolumeClaimSpec', value);
    const difference = unifiedDiff(form(fixed), form(now));
    const text = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    errors.forbidden('spec', `${text}\n${difference}`);
  }
  const size = quantityOf(spec.resources?.requests?.['storage']);
  if (size.compare(quantityOf(before.resources?.requests?.['storage'])) < 0) {
    const capacity = quantityOf((old['status'] as ClaimStatus | undefined)?.capacity?.['storage']);
    if (size.compare(capacity) <= 0) errors.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
  }
  errors.immutable('volumeMode', spec.volumeMode, before.volumeMode);
  if (before.volumeAttributesClassName === undefined) return;
  const at = 'spec.volumeAttributesClassName';
  if (spec.volumeAttributesClassName === undefined) errors.forbidden(at, 'update from non-nil value to nil is forbidden');
  else if (spec.volumeAttributesClassName === '' && before.volumeAttributesClassName !== '') {
    errors.forbidden(at, 'update from non-nil value to an empty string is forbidden');
  }
}

function validateResourceKey(name: string, at: string, errors: FieldErrors): void {
  const messages = isQualifiedName(name);
  errors.invalidEach(at, name, messages);
  if (messages.length > 0) return;
  const native = !name.includes('/') || name.includes('kubernetes.io/');
  if (native && name !== 'storage') errors.notSupported(at, name, ['storage']);
}

/** Persistent volume claims. */
export const claimValidation: KindValidation = {
  create: (object, errors) => validateClaimSpec(claimSpec(object), 'spec', errors),
  metadataOnUpdate: 'both',
  update: validateChangedClaim,
  subresources: {
    status: (object, _old, errors) => {
      const status = (object['status'] as ClaimStatus | undefined) ?? {};
      if ((claimSpec(object).accessModes ?? []).length === 0) errors.required('Spec.accessModes');
      const amounts = (list: ResourceList | undefined, at: string, checkName: boolean): void => {
        for (const name in list) {
          if (checkName) validateResourceKey(name, at, errors);
          const amount = Quantity.parse(list[name] as string);
          if (amount.sign() < 0) errors.invalid(`${at}[${name}]`, Number(amount.value()), 'must be a valid resource quantity');
        }
      };
      amounts(status.capacity, 'status.capacity', false);
      for (const name in status.allocatedResourceStatuses) {
        const at = 'status.allocatedResourceStatus';
        validateResourceKey(name, at, errors);
        const state = status.allocatedResourceStatuses[name] as string;
        if (!RESIZE_STATES.includes(state)) errors.notSupported(at, name, RESIZE_STATES);
      }
      amounts(status.allocatedResources, 'status.allocatedResources', true);
    },
  },
};
