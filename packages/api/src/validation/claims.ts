import type { FieldErrors } from './field-errors.js';
import { isDns1123Label, isDns1123Subdomain } from './names.js';
import { type ResourceList, validatePositiveQuantity } from './resources.js';
import { type Selector, validateSelector } from './selectors.js';

/** What a claim's data comes from. */
export interface DataSource {
  apiGroup?: string;
  kind?: string;
  name?: string;
  namespace?: string;
}

/** The spec of a persistent volume claim or of a template for one. */
export interface ClaimSpec {
  accessModes?: string[];
  selector?: Selector;
  resources?: { requests?: ResourceList; limits?: ResourceList };
  volumeName?: string;
  storageClassName?: string;
  volumeMode?: string;
  dataSource?: DataSource;
  dataSourceRef?: DataSource;
  volumeAttributesClassName?: string;
}

export const ACCESS_MODES: readonly string[] = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const VOLUME_MODES: readonly string[] = ['Block', 'Filesystem'];

/** Access modes: known ones, and `ReadWriteOncePod` alone. */
export function validateAccessModes(modes: readonly string[], at: string, errors: FieldErrors): void {
  for (const mode of modes) errors.oneOf(at, mode, ACCESS_MODES);
  const others = modes.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode));
  if (others && modes.includes('ReadWriteOncePod')) errors.forbidden(at, 'may not use ReadWriteOncePod with other access modes');
}

function validateDataSource(source: DataSource, at: string, errors: FieldErrors): void {
  const { apiGroup = '', kind = '', name = '', namespace = '' } = source;
  if (name === '') errors.required(`${at}.name`);
  if (kind === '') errors.required(`${at}.kind`);
  if (apiGroup === '') {
    if (kind !== 'PersistentVolumeClaim') {
      errors.invalid(at, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
    }
  } else errors.invalidEach(`${at}.apiGroup`, apiGroup, isDns1123Subdomain(apiGroup));
  if (namespace !== '') errors.invalidEach(`${at}.namespace`, namespace, isDns1123Label(namespace));
}

/** The spec of a claim. */
export function validateClaimSpec(spec: ClaimSpec, at: string, errors: FieldErrors): void {
  const { accessModes = [], dataSource, dataSourceRef, volumeMode } = spec;
  if (accessModes.length === 0) errors.required(`${at}.accessModes`, 'at least 1 access mode is required');
  validateSelector(spec.selector, `${at}.selector`, errors);
  validateAccessModes(accessModes, `${at}.accessModes`, errors);
  const storage = spec.resources?.requests?.['storage'];
  if (storage === undefined) errors.required(`${at}.resources[storage]`);
  else validatePositiveQuantity(storage, `${at}.resources[storage]`, errors);
  const className = spec.storageClassName ?? '';
  if (className !== '') errors.invalidEach(`${at}.storageClassName`, className, isDns1123Subdomain(className));
  if (volumeMode !== undefined) errors.oneOf(`${at}.volumeMode`, volumeMode, VOLUME_MODES);
  if (dataSource !== undefined) validateDataSource(dataSource, `${at}.dataSource`, errors);
  if (dataSourceRef !== undefined) validateDataSource(dataSourceRef, `${at}.dataSourceRef`, errors);
  if (dataSource !== undefined && dataSourceRef !== undefined) {
    // The "value" is a path object, which Go prints as an empty struct.
    if ((dataSourceRef.namespace ?? '') !== '') {
      errors.invalid(at, {}, 'may not be specified when dataSourceRef.namespace is specified');
    } else {
      const same = dataSource.apiGroup === dataSourceRef.apiGroup && dataSource.kind === dataSourceRef.kind;
      if (!same || dataSource.name !== dataSourceRef.name) errors.invalid(at, {}, 'must match dataSourceRef');
    }
  }
  const attributesClass = spec.volumeAttributesClassName ?? '';
  if (attributesClass !== '') {
    errors.invalidEach(`${at}.volumeAttributesClassName`, attributesClass, isDns1123Subdomain(attributesClass));
  }
}
