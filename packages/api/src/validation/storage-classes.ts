import type { KubeObject } from '@k/apimachinery';
import { deepEqual, type FieldErrors, IMMUTABLE } from './field-errors.js';
import { internalForm, sortedMap } from './internal-form.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Subdomain, isQualifiedName } from './names.js';
import { type VolumeSpec, validateInlineVolume } from './persistent-volumes.js';
import { validateCsiDriverName } from './volume-sources.js';

const PARAMETERS_MAX = 512;
const PARAMETER_BYTES_MAX = 256 * 1024;
const RECLAIM: readonly string[] = ['Delete', 'Retain'];
const BINDING: readonly string[] = ['Immediate', 'WaitForFirstConsumer'];

type Parameters = Record<string, string>;

/** Settings that a driver understands: their number, their names, their size. */
function validateParameters(parameters: Parameters | undefined, allowEmpty: boolean, errors: FieldErrors): void {
  const entries = Object.entries(parameters ?? {});
  if (entries.length === 0) {
    if (!allowEmpty) errors.required('parameters', 'must contain at least one key/value pair');
    return;
  }
  if (entries.length > PARAMETERS_MAX) errors.tooLong('Provisioner Parameters Length', PARAMETERS_MAX);
  let sizeBytes = 0;
  for (const [key, value] of entries) {
    if (key === '') errors.invalid('parameters', key, 'field can not be empty.');
    sizeBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (sizeBytes > PARAMETER_BYTES_MAX) errors.tooLong('parameters', PARAMETER_BYTES_MAX);
}

interface TopologyTerm {
  matchLabelExpressions?: { key?: string; values?: string[] }[];
}

function validateTopologies(terms: TopologyTerm[] | undefined, errors: FieldErrors): void {
  terms?.forEach((term, i) => {
    const at = `allowedTopologies[${i}]`;
    if (terms.findIndex((other) => deepEqual(other, term)) < i) errors.duplicate(`${at}.matchLabelExpressions`, '');
    const keys = new Set<string>();
    term.matchLabelExpressions?.forEach(({ key = '', values = [] }, j) => {
      const path = `${at}.matchLabelExpressions[${j}]`;
      const seen = new Set<string>();
      if (values.length === 0) errors.required(`${path}.values`);
      values.forEach((value, k) => {
        if (seen.has(value)) errors.duplicate(`${path}.values[${k}]`, value);
        seen.add(value);
      });
      errors.invalidEach(`${path}.key`, key, isQualifiedName(key));
      if (keys.has(key)) errors.duplicate(`${path}.key`, key);
      keys.add(key);
    });
  });
}

function validateStorageClass(object: KubeObject, errors: FieldErrors): void {
  const {
    provisioner = '',
    parameters,
    reclaimPolicy = '',
    volumeBindingMode,
    allowedTopologies,
  } = object as KubeObject & {
    provisioner?: string;
    parameters?: Parameters;
    reclaimPolicy?: string;
    volumeBindingMode?: string;
    allowedTopologies?: TopologyTerm[];
  };
  if (provisioner === '') errors.required('provisioner', provisioner);
  else errors.invalidEach('provisioner', provisioner, isQualifiedName(provisioner.toLowerCase()));
  validateParameters(parameters, true, errors);
  if (reclaimPolicy !== '') errors.oneOf('reclaimPolicy', reclaimPolicy, RECLAIM);
  if (volumeBindingMode === undefined) errors.required('volumeBindingMode');
  else errors.oneOf('volumeBindingMode', volumeBindingMode, BINDING);
  validateTopologies(allowedTopologies, errors);
}

function immutableParameters(object: KubeObject, old: KubeObject, errors: FieldErrors): void {
  if (!deepEqual(object['parameters'], old['parameters'])) errors.immutable('parameters', sortedMap(object['parameters']), undefined);
}

/** Storage classes. */
export const storageClassValidation: KindValidation = {
  create: validateStorageClass,
  update: (object, old, errors) => {
    immutableParameters(object, old, errors);
    for (const field of ['provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const) errors.immutable(field, object[field], old[field]);
  },
};

/** Classes of volume attributes. */
export const attributesClassValidation: KindValidation = {
  create: (object, errors) => {
    const driver = String(object['driverName'] ?? '');
    if (driver === '') errors.required('driverName', driver);
    else errors.invalidEach('driverName', driver, isQualifiedName(driver.toLowerCase()));
    validateParameters(object['parameters'] as Parameters | undefined, false, errors);
  },
  update: (object, old, errors) => {
    errors.immutable('driverName', object['driverName'], old['driverName']);
    immutableParameters(object, old, errors);
  },
};

interface AttachmentSpec {
  attacher?: string;
  nodeName?: string;
  source?: { persistentVolumeName?: string; inlineVolumeSpec?: VolumeSpec };
}

const attachmentSpec = (object: KubeObject): AttachmentSpec => (object['spec'] ?? {}) as AttachmentSpec;

/** Attachments of volumes to nodes. */
export const volumeAttachmentValidation: KindValidation = {
  metadataOnUpdate: 'create',
  create: (object, errors) => {
    const { attacher = '', nodeName = '', source = {} } = attachmentSpec(object);
    if (attacher === '') errors.required('spec.attacher');
    const { inlineVolumeSpec, persistentVolumeName: volume } = source;
    if (inlineVolumeSpec === undefined && volume === undefined)
      errors.required('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName');
    else if (inlineVolumeSpec !== undefined && volume !== undefined) {
      errors.forbidden('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName');
    } else if (inlineVolumeSpec !== undefined) validateInlineVolume(inlineVolumeSpec, 'spec.source.inlineVolumeSpec', errors);
    else if (volume === '') errors.required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName');
    errors.invalidEach('spec.nodeName', nodeName, isDns1123Subdomain(nodeName));
    // Checks that came with v1, of new attachments only.
    validateCsiDriverName(attacher, 'spec.attacher', errors);
    if (volume !== undefined) errors.invalidEach('spec.source.persistentVolumeName', volume, isDns1123Subdomain(volume));
  },
  update: (object, old, errors) => {
    if (deepEqual(attachmentSpec(object), attachmentSpec(old))) return;
    errors.invalid('spec', internalForm('VolumeAttachmentSpec', attachmentSpec(object)), IMMUTABLE);
  },
};
