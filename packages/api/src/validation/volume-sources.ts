import type { FieldErrors } from './field-errors.js';
import { validateLocalPath, validateNoBacksteps } from './file-paths.js';
import { isDns1123Label, isDns1123Subdomain, rangeText } from './names.js';

/** A volume source as it came: a flat object whose fields each rule names. */
export type Source = Record<string, unknown>;

/** How a source is checked. `at` is the source's own path. */
export type SourceRule = (source: Source, at: string, errors: FieldErrors, volumeName: string) => void;

const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];

/** A string field; '' when absent. */
export function text(source: Source, field: string): string {
  return (source[field] as string | undefined) ?? '';
}

function number(source: Source, field: string): number {
  return (source[field] as number | undefined) ?? 0;
}

/** Requires that every field is there and not empty. */
function need(source: Source, at: string, errors: FieldErrors, ...fields: string[]): void {
  for (const field of fields) {
    const value = source[field];
    if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) errors.required(`${at}.${field}`);
  }
}

function needFields(...fields: string[]): SourceRule {
  return (source, at, errors) => need(source, at, errors, ...fields);
}

/** A reference to a secret in which every named field is needed. */
function secretReference(source: Source, at: string, errors: FieldErrors, ...fields: string[]): void {
  const reference = source['secretRef'] as Source | undefined;
  if (reference !== undefined) need(reference, `${at}.secretRef`, errors, ...fields);
}

const hostPath: SourceRule = (source, at, errors) => {
  const path = text(source, 'path');
  if (path === '') return errors.required(`${at}.path`);
  validateNoBacksteps(path, `${at}.path`, errors);
  const type = source['type'] as string | undefined;
  if (type !== undefined) errors.oneOf(`${at}.type`, type, HOST_PATH_TYPES);
};

const gitRepo: SourceRule = (source, at, errors) => {
  need(source, at, errors, 'repository');
  validateLocalPath(text(source, 'directory'), `${at}.directory`, errors);
};

function disk(name: string): SourceRule {
  return (source, at, errors) => {
    need(source, at, errors, name);
    const partition = number(source, 'partition');
    if (partition < 0 || partition > 255) errors.invalid(`${at}.partition`, partition, rangeText(1, 255));
  };
}

const nfs: SourceRule = (source, at, errors) => {
  need(source, at, errors, 'server', 'path');
  const path = text(source, 'path');
  if (!path.startsWith('/')) errors.invalid(`${at}.path`, path, 'must be an absolute path');
};

const IQN = /iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)$/;
const EUI = /^eui.[A-Za-z0-9]{16}$/;
const NAA = /^naa.[A-Za-z0-9]{32}$/;

function isIscsiName(name: string): boolean {
  if (name.startsWith('iqn')) return IQN.test(name);
  if (name.startsWith('eui')) return EUI.test(name);
  return NAA.test(name);
}

function iscsi(persistent: boolean): SourceRule {
  return (source, at, errors, volumeName) => {
    need(source, at, errors, 'targetPortal', 'iqn');
    const portal = text(source, 'targetPortal');
    const names: [string, string | undefined][] = [
      ['iqn', text(source, 'iqn') || undefined],
      ['initiatorname', source['initiatorName'] as string | undefined],
    ];
    const check = ([field, name]: [string, string | undefined]): void => {
      if (name === undefined) return;
      const known = ['iqn', 'eui', 'naa'].some((prefix) => name.startsWith(prefix));
      if (!known)
        errors.invalid(`${at}.${field}`, name, persistent ? 'must be valid format' : 'must be valid format starting with iqn, eui, or naa');
      else if (!isIscsiName(name)) errors.invalid(`${at}.${field}`, name, 'must be valid format');
    };
    check(names[0] as [string, string | undefined]);
    const lun = number(source, 'lun');
    if (lun < 0 || lun > 255) errors.invalid(`${at}.lun`, lun, rangeText(0, 255));
    if ((source['chapAuthDiscovery'] || source['chapAuthSession']) && source['secretRef'] === undefined) {
      errors.required(`${at}.secretRef`);
    }
    if (persistent) secretReference(source, at, errors, 'name');
    check(names[1] as [string, string | undefined]);
    if (source['initiatorName'] !== undefined && `${volumeName}:${portal}`.length > 64) {
      const detail = 'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
      const parent = at.slice(0, at.lastIndexOf('.'));
      if (persistent) errors.invalid(`${at}.targetportal`, portal, detail);
      else errors.invalid(`${parent}.name`, volumeName, detail);
    }
  };
}

const fc: SourceRule = (source, at, errors) => {
  const names = (source['targetWWNs'] as string[] | undefined) ?? [];
  const ids = (source['wwids'] as string[] | undefined) ?? [];
  if (names.length === 0 && ids.length === 0) {
    errors.required(`${at}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both');
  }
  if (names.length > 0 && ids.length > 0) {
    errors.invalid(`${at}.targetWWNs`, names, 'targetWWNs and wwids can not be specified simultaneously');
  }
  if (names.length === 0) return;
  const lun = source['lun'] as number | undefined;
  if (lun === undefined) errors.required(`${at}.lun`, 'lun is required if targetWWNs is specified');
  else if (lun < 0 || lun > 255) errors.invalid(`${at}.lun`, lun, rangeText(0, 255));
};

const quobyte: SourceRule = (source, at, errors) => {
  const registry = text(source, 'registry');
  const wanted = 'must be a host:port pair or multiple pairs separated by commas';
  if (registry === '') errors.required(`${at}.registry`, wanted);
  else if (text(source, 'tenant').length >= 65) {
    errors.required(`${at}.tenant`, 'must be a UUID and may not exceed a length of 64 characters');
  } else {
    for (const pair of registry.split(',')) {
      if (!/^(\[[^\]]*\]|[^:[\]]*):[^:]*$/.test(pair)) errors.invalid(`${at}.registry`, registry, wanted);
    }
  }
  need(source, at, errors, 'volume');
};

function glusterfs(persistent: boolean): SourceRule {
  return (source, at, errors) => {
    need(source, at, errors, 'endpoints', 'path');
    const namespace = source['endpointsNamespace'] as string | undefined;
    if (!persistent || namespace === undefined) return;
    const path = `${at}.endpointsNamespace`;
    if (namespace === '') errors.invalid(path, namespace, 'if the endpointnamespace is set, it must be a valid namespace name');
    else errors.invalidEach(path, namespace, isDns1123Label(namespace));
  };
}

const flocker: SourceRule = (source, at, errors) => {
  const name = text(source, 'datasetName');
  const uuid = text(source, 'datasetUUID');
  if (name === '' && uuid === '') errors.required(at, 'one of datasetName and datasetUUID is required');
  if (name !== '' && uuid !== '') errors.invalid(at, 'resource', 'datasetName and datasetUUID can not be specified simultaneously');
  if (name.includes('/')) errors.invalid(`${at}.datasetName`, name, "must not contain '/'");
};

const flexVolume: SourceRule = (source, at, errors) => {
  need(source, at, errors, 'driver');
  for (const key of Object.keys((source['options'] as Source | undefined) ?? {})) {
    const domain = `.${(key.split('/', 1)[0] as string).toLowerCase()}`;
    if (domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io')) {
      errors.invalid(`${at}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved');
    }
  }
};

const azureDisk: SourceRule = (source, at, errors) => {
  need(source, at, errors, 'diskName', 'diskURI');
  const caching = source['cachingMode'] as string | undefined;
  const kind = source['kind'] as string | undefined;
  const uri = text(source, 'diskURI');
  if (caching !== undefined) errors.oneOf(`${at}.cachingMode`, caching, ['None', 'ReadOnly', 'ReadWrite']);
  if (kind === undefined) return;
  errors.oneOf(`${at}.kind`, kind, ['Dedicated', 'Managed', 'Shared']);
  if (kind === 'Managed' && !uri.startsWith('/subscriptions/')) {
    errors.notSupported(`${at}.diskURI`, uri, [
      '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
    ]);
  }
  if (kind !== 'Managed' && !uri.startsWith('https://')) {
    errors.notSupported(`${at}.diskURI`, uri, ['https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd']);
  }
};

function storageos(persistent: boolean): SourceRule {
  return (source, at, errors) => {
    const name = text(source, 'volumeName');
    const namespace = text(source, 'volumeNamespace');
    if (name === '') errors.required(`${at}.volumeName`);
    else errors.invalidEach(`${at}.volumeName`, name, isDns1123Label(name));
    if (namespace !== '') errors.invalidEach(`${at}.volumeNamespace`, namespace, isDns1123Label(namespace));
    secretReference(source, at, errors, ...(persistent ? ['name', 'namespace'] : ['name']));
  };
}

function cinder(persistent: boolean): SourceRule {
  return (source, at, errors) => {
    need(source, at, errors, 'volumeID');
    secretReference(source, at, errors, ...(persistent ? ['name', 'namespace'] : ['name']));
  };
}

const azureFilePersistent: SourceRule = (source, at, errors) => {
  need(source, at, errors, 'secretName', 'shareName');
  if (source['secretNamespace'] === '') errors.required(`${at}.secretNamespace`);
};

/** The name of a CSI driver. */
export function validateCsiDriverName(name: string, at: string, errors: FieldErrors): void {
  if (name === '') errors.required(at);
  if (name.length > 63) errors.tooLong(at, 63);
  errors.invalidEach(at, name, isDns1123Subdomain(name.toLowerCase()));
}

const csi: SourceRule = (source, at, errors) => {
  validateCsiDriverName(text(source, 'driver'), `${at}.driver`, errors);
  const reference = source['nodePublishSecretRef'] as Source | undefined;
  if (reference === undefined) return;
  const name = text(reference, 'name');
  if (name === '') errors.required(`${at}.nodePublishSecretRef.name`);
  else errors.invalidEach(`${at}.name`, name, isDns1123Subdomain(name));
};

const csiPersistent: SourceRule = (source, at, errors) => {
  validateCsiDriverName(text(source, 'driver'), `${at}.driver`, errors);
  need(source, at, errors, 'volumeHandle');
  for (const field of ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef']) {
    const reference = source[field] as Source | undefined;
    if (reference === undefined) continue;
    const path = `${at}.${field}`;
    const name = text(reference, 'name');
    const namespace = text(reference, 'namespace');
    if (name === '') errors.required(`${path}.name`);
    else errors.invalidEach(`${path}.name`, name, isDns1123Subdomain(name));
    if (namespace === '') errors.required(`${path}.namespace`);
    else errors.invalidEach(`${path}.namespace`, namespace, isDns1123Label(namespace));
  }
};

const local: SourceRule = (source, at, errors) => {
  const path = text(source, 'path');
  if (path === '') errors.required(`${at}.path`);
  else validateNoBacksteps(path, `${at}.path`, errors);
};

/** Sources that pods and persistent volumes share, by field name. */
const SHARED: Readonly<Record<string, SourceRule>> = {
  hostPath,
  gcePersistentDisk: disk('pdName'),
  awsElasticBlockStore: disk('volumeID'),
  nfs,
  flocker,
  rbd: needFields('monitors', 'image'),
  quobyte,
  cephfs: needFields('monitors'),
  fc,
  flexVolume,
  vsphereVolume: needFields('volumePath'),
  photonPersistentDisk: needFields('pdID'),
  portworxVolume: needFields('volumeID'),
  azureDisk,
  scaleIO: needFields('gateway', 'system', 'volumeName'),
};

/** Sources of pods' volumes that other files do not check. */
export const POD_SOURCES: Readonly<Record<string, SourceRule>> = {
  ...SHARED,
  gitRepo,
  iscsi: iscsi(false),
  glusterfs: glusterfs(false),
  persistentVolumeClaim: needFields('claimName'),
  cinder: cinder(false),
  azureFile: needFields('secretName', 'shareName'),
  storageos: storageos(false),
  csi,
};

/** Sources of persistent volumes. */
export const PERSISTENT_SOURCES: Readonly<Record<string, SourceRule>> = {
  ...SHARED,
  iscsi: iscsi(true),
  glusterfs: glusterfs(true),
  cinder: cinder(true),
  azureFile: azureFilePersistent,
  storageos: storageos(true),
  csi: csiPersistent,
  local,
};
