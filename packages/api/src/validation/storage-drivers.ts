/** CSI drivers, what nodes know of them, and how much they can still store. */
import type { KubeObject } from '@k/apimachinery';
import { deepEqual, type FieldErrors, IMMUTABLE } from './field-errors.js';
import { internalForm } from './internal-form.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Subdomain, isQualifiedName } from './names.js';
import { quantityOf } from './resources.js';
import { type Selector, validateSelector } from './selectors.js';
import { validateCsiDriverName } from './volume-sources.js';

interface DriverSpec {
  attachRequired?: boolean;
  podInfoOnMount?: boolean;
  storageCapacity?: boolean;
  fsGroupPolicy?: string;
  volumeLifecycleModes?: string[];
  tokenRequests?: { audience?: string; expirationSeconds?: number }[];
  requiresRepublish?: boolean;
  seLinuxMount?: boolean;
  nodeAllocatableUpdatePeriodSeconds?: number;
  serviceAccountTokenInSecrets?: boolean;
}

const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;
const UPDATE_PERIOD_SECONDS_MIN = 10;
const NODE_ID_BYTES_MAX = 256;

const specOf = <T>(object: KubeObject): T => (object['spec'] ?? {}) as T;

function validateTokenRequests(requests: NonNullable<DriverSpec['tokenRequests']>, errors: FieldErrors): void {
  const audiences = new Set<string>();
  requests.forEach(({ audience = '', expirationSeconds: seconds }, i) => {
    const at = `spec.tokenRequests[${i}]`;
    if (audiences.has(audience)) errors.duplicate(`${at}.audience`, audience);
    audiences.add(audience);
    if (seconds === undefined) return;
    if (seconds < TOKEN_SECONDS_MIN) errors.invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes');
    if (seconds > TOKEN_SECONDS_MAX)
      errors.invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds');
  });
}

function validateDriver(object: KubeObject, errors: FieldErrors): void {
  const spec = specOf<DriverSpec>(object);
  validateCsiDriverName(object.metadata?.name ?? '', 'metadata.name', errors);
  for (const field of ['attachRequired', 'podInfoOnMount', 'storageCapacity'] as const) {
    if (spec[field] === undefined) errors.required(`spec.${field}`);
  }
  if (spec.fsGroupPolicy === undefined) errors.required('spec.fsGroupPolicy');
  else errors.oneOf('spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']);
  validateTokenRequests(spec.tokenRequests ?? [], errors);
  for (const mode of spec.volumeLifecycleModes ?? []) errors.oneOf('spec.volumeLifecycleModes', mode, ['Ephemeral', 'Persistent']);
  if (spec.seLinuxMount === undefined) errors.required('spec.seLinuxMount');
  const period = spec.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && period < UPDATE_PERIOD_SECONDS_MIN) {
    errors.invalid(
      'spec.nodeAllocatableUpdatePeriodSeconds',
      period,
      `must be greater than or equal to ${UPDATE_PERIOD_SECONDS_MIN} seconds`,
    );
  }
}

/** CSI drivers. How a driver attaches and lives cannot change. */
export const driverValidation: KindValidation = {
  create: validateDriver,
  metadataOnUpdate: 'update',
  update: (object, old, errors) => {
    const [now, before] = [specOf<DriverSpec>(object), specOf<DriverSpec>(old)];
    validateDriver(object, errors);
    errors.immutable('spec.attachedRequired', now.attachRequired, before.attachRequired);
    errors.immutable('spec.volumeLifecycleModes', now.volumeLifecycleModes, before.volumeLifecycleModes);
  },
};

interface NodeDriver {
  name?: string;
  nodeID?: string;
  topologyKeys?: string[];
  allocatable?: { count?: number };
}

const driversOf = (object: KubeObject): NodeDriver[] => specOf<{ drivers?: NodeDriver[] | null }>(object).drivers ?? [];

function validateNodeDriver(driver: NodeDriver, at: string, errors: FieldErrors): void {
  const { name = '', nodeID = '', topologyKeys = [], allocatable } = driver;
  validateCsiDriverName(name, `${at}.name`, errors);
  if (nodeID === '') errors.required(`${at}.nodeID`);
  if (Buffer.byteLength(nodeID) > NODE_ID_BYTES_MAX)
    errors.invalid(`${at}.nodeID`, nodeID, `must be ${NODE_ID_BYTES_MAX} characters or less`);
  if (allocatable?.count !== undefined) errors.nonNegative(`${at}.allocatable.count`, allocatable.count);
  const seen = new Set<string>();
  for (const key of topologyKeys) {
    if (seen.has(key)) errors.duplicate(`${at}.topologyKeys`, key);
    seen.add(key);
    errors.invalidEach(`${at}.topologyKeys`, key, isQualifiedName(key));
  }
}

function validateNodeDrivers(object: KubeObject, errors: FieldErrors): void {
  const names = new Set<string>();
  driversOf(object).forEach((driver, i) => {
    const at = `spec.drivers[${i}]`;
    validateNodeDriver(driver, at, errors);
    const { name = '' } = driver;
    if (names.has(name)) errors.duplicate(`${at}.name`, name);
    names.add(name);
  });
}

/** Which drivers a node has. A driver that is there stays as it is or goes; only how many volumes it takes may change. */
export const nodeDriversValidation: KindValidation = {
  create: validateNodeDrivers,
  metadataOnUpdate: 'create',
  update: (object, old, errors) => {
    validateNodeDrivers(object, errors);
    const now = driversOf(object);
    for (const known of driversOf(old)) {
      const driver = now.find(({ name }) => name === known.name);
      if (driver === undefined || deepEqual({ ...driver, allocatable: undefined }, { ...known, allocatable: undefined })) continue;
      errors.invalid('CSINodeDriver', internalForm('CSINodeDriver', driver), IMMUTABLE);
    }
  },
};

function validateCapacity(object: KubeObject, errors: FieldErrors): void {
  const {
    nodeTopology,
    storageClassName = '',
    capacity,
    maximumVolumeSize,
  } = object as KubeObject & {
    nodeTopology?: Selector;
    storageClassName?: string;
    capacity?: string;
    maximumVolumeSize?: string;
  };
  errors.invalidEach('metadata.name', object.metadata?.name, isDns1123Subdomain(object.metadata?.name ?? ''));
  errors.invalidEach('storageClassName', storageClassName, isDns1123Subdomain(storageClassName));
  if (nodeTopology !== undefined) validateSelector(nodeTopology, 'nodeTopology', errors);
  for (const [field, value] of Object.entries({ capacity, maximumVolumeSize })) {
    if (value !== undefined && quantityOf(value).sign() < 0) errors.invalid(field, value, 'must be greater than or equal to 0');
  }
}

/** What a driver can still store. The class and the place it speaks of cannot change. */
export const capacityValidation: KindValidation = {
  create: validateCapacity,
  update: (object, old, errors) => {
    validateCapacity(object, errors);
    errors.immutable('nodeTopology', object['nodeTopology'], old['nodeTopology']);
    errors.immutable('storageClassName', object['storageClassName'], old['storageClassName']);
  },
};
