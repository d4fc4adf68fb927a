import type { FieldErrors } from './field-errors.js';
import { validateLocalPath } from './file-paths.js';
import type { Container, Volume, VolumeMount } from './pod-types.js';

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];

function validateRecursiveReadOnly(mount: VolumeMount, at: string, errors: FieldErrors): void {
  const mode = mount.recursiveReadOnly;
  if (mode === undefined || mode === 'Disabled') return;
  if (mode !== 'Enabled' && mode !== 'IfPossible') {
    errors.notSupported(at, mode, ['Disabled', 'Enabled', 'IfPossible']);
    return;
  }
  if (!mount.readOnly) errors.forbidden(at, 'may only be specified when readOnly is true');
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None') {
    errors.forbidden(at, 'may only be specified when mountPropagation is None or not specified');
  }
}

/** Where a container mounts the pod's volumes. */
export function validateVolumeMounts(container: Container, volumes: ReadonlyMap<string, Volume>, at: string, errors: FieldErrors): void {
  const mounts = container.volumeMounts;
  if (mounts === undefined) return;
  const devices = container.volumeDevices ?? [];
  const taken = new Set<string>();
  mounts.forEach((mount, i) => {
    const path = `${at}[${i}]`;
    const { name = '', mountPath = '', subPath = '', subPathExpr = '' } = mount;
    if (name === '') errors.required(`${path}.name`);
    const volume = volumes.get(name);
    if (volume === undefined) errors.notFound(`${path}.name`, name);
    if (mountPath === '') errors.required(`${path}.mountPath`);
    if (taken.has(mountPath)) errors.invalid(`${path}.mountPath`, mountPath, 'must be unique');
    taken.add(mountPath);
    if (devices.some((device) => (device.name ?? '') === name)) {
      errors.invalid(`${path}.name`, name, 'must not already exist in volumeDevices');
    }
    if (devices.some((device) => (device.devicePath ?? '') === mountPath)) {
      errors.invalid(`${path}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices');
    }
    // These rules say `volumeMounts.subPath` without the mount's index.
    if (subPath !== '') validateLocalPath(subPath, `${at}.subPath`, errors);
    if (subPathExpr !== '') {
      if (subPath !== '') errors.invalid(`${path}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive');
      validateLocalPath(subPathExpr, `${at}.subPathExpr`, errors);
    }
    if (mount.mountPropagation !== undefined) {
      errors.oneOf(`${at}.mountPropagation`, mount.mountPropagation, PROPAGATIONS);
      if (mount.mountPropagation === 'Bidirectional' && !container.securityContext?.privileged) {
        errors.forbidden(`${at}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers');
      }
    }
    validateRecursiveReadOnly(mount, `${at}.recursiveReadOnly`, errors);
  });
}

/** Which of the pod's volumes a container sees as block devices. */
export function validateVolumeDevices(container: Container, volumes: ReadonlyMap<string, Volume>, at: string, errors: FieldErrors): void {
  const devices = container.volumeDevices;
  if (devices === undefined) return;
  const mounts = container.volumeMounts ?? [];
  const names = new Set<string>();
  const paths = new Set<string>();
  devices.forEach(({ name = '', devicePath = '' }, i) => {
    const path = `${at}[${i}]`;
    const volume = volumes.get(name);
    if (name === '') errors.required(`${path}.name`);
    if (names.has(name)) errors.invalid(`${path}.name`, name, 'must be unique');
    if (volume === undefined) errors.notFound(`${path}.name`, name);
    else if (volume['persistentVolumeClaim'] === undefined && volume['ephemeral'] === undefined) {
      errors.invalid(`${path}.name`, name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode');
    }
    if (devicePath === '') errors.required(`${path}.devicePath`);
    if (paths.has(devicePath)) errors.invalid(`${path}.devicePath`, devicePath, 'must be unique');
    if (devicePath.split('/').includes('..')) errors.invalid(`${path}.devicePath`, devicePath, "can not contain backsteps ('..')");
    else paths.add(devicePath);
    if (mounts.some((mount) => (mount.name ?? '') === name)) {
      errors.invalid(`${path}.name`, name, 'must not already exist in volumeMounts');
    }
    if (mounts.some((mount) => (mount.mountPath ?? '') === devicePath)) {
      errors.invalid(`${path}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts');
    }
    if (name !== '') names.add(name);
  });
}
