import type { KubeObject } from '@k/apimachinery';
import type { KindRules } from './index.js';

type Fields = Record<string, unknown>;

const DRIVER_DEFAULTS: Readonly<Fields> = {
  attachRequired: true,
  podInfoOnMount: false,
  storageCapacity: false,
  fsGroupPolicy: 'ReadWriteOnceWithFSType',
  requiresRepublish: false,
  seLinuxMount: false,
};

function driverDefaults(object: KubeObject): void {
  const spec = (object['spec'] ??= {}) as Fields;
  for (const [field, value] of Object.entries(DRIVER_DEFAULTS)) spec[field] ??= value;
  if (!(spec['volumeLifecycleModes'] as string[] | undefined)?.length) spec['volumeLifecycleModes'] = ['Persistent'];
}

/** CSI drivers. */
export const driverStrategy: KindRules = { deleteReturnsObject: true, allowUnconditionalUpdate: false, applyDefaults: driverDefaults };

/** The drivers of a node; an empty list is null after a round trip through the store. */
export const nodeDriversStrategy: KindRules = {
  deleteReturnsObject: true,
  allowUnconditionalUpdate: false,
  applyDefaults: (object) => {
    const spec = (object['spec'] ??= {}) as { drivers?: unknown[] | null };
    if (!spec.drivers?.length) spec.drivers = null;
  },
};
