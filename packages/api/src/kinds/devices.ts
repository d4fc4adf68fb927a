import type { KubeObject } from '@k/apimachinery';
import { withGeneration } from './generation.js';
import type { KindRules } from './index.js';
import { now } from './now.js';
import { emptyStatus, withFixedMetadata } from './status.js';

interface ExactRequest {
  allocationMode?: string;
  count?: number;
}

interface Claim {
  devices?: { requests?: { exactly?: ExactRequest; firstAvailable?: ExactRequest[] }[] };
}

/** One device is asked for unless the request says otherwise. */
function claimDefaults(claim: Claim | undefined): void {
  for (const { exactly, firstAvailable = [] } of claim?.devices?.requests ?? []) {
    for (const request of exactly === undefined ? firstAvailable : [exactly, ...firstAvailable]) {
      request.allocationMode ||= 'ExactCount';
      if (request.allocationMode === 'ExactCount') request.count ||= 1;
    }
  }
}

/** A taint holds from when it was put there. */
function taintDefaults(object: KubeObject): void {
  const { devices = [] } = (object['spec'] ?? {}) as { devices?: { taints?: { timeAdded?: string }[] }[] };
  for (const { taints = [] } of devices) {
    for (const taint of taints) taint.timeAdded ??= now();
  }
}

/** Claims for devices. */
export const deviceClaimStrategy: KindRules = withFixedMetadata({
  ...emptyStatus,
  applyDefaults: (object: KubeObject) => claimDefaults(object['spec'] as Claim | undefined),
});

/** Templates for claims. */
export const deviceClaimTemplateStrategy: KindRules = {
  applyDefaults: (object) => claimDefaults((object['spec'] as { spec?: Claim } | undefined)?.spec),
};

/** Slices of a driver's devices. */
export const resourceSliceStrategy: KindRules = withGeneration({ applyDefaults: taintDefaults }, 'spec');
