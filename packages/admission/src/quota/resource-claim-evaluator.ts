/** Resource claims: their number, and the devices they ask for per device class. */
import { Quantity } from '@k/apimachinery';
import { isFor, isWrite } from '../request-match.js';
import { addInto, maxInto, type ResourceList } from '../resource-list.js';
import type { QuotaEvaluator } from './evaluator.js';

interface DeviceRequest {
  deviceClassName?: string;
  allocationMode?: string;
  count?: number;
}

interface ClaimSpec {
  devices?: { requests?: { exactly?: DeviceRequest; firstAvailable?: DeviceRequest[] }[] };
}

const GROUP = 'resource.k8s.io';
const RESOURCE = 'resourceclaims';
const COUNT = `count/${RESOURCE}.${GROUP}`;
const OF_CLASS = '.deviceclass.resource.k8s.io/devices';
/** "All" devices are charged as the most that one claim can be given. */
const ALL_DEVICES = 32n;

function devices({ deviceClassName = '', allocationMode, count = 1 }: DeviceRequest): ResourceList {
  return new Map([[`${deviceClassName}${OF_CLASS}`, Quantity.of(allocationMode === 'All' ? ALL_DEVICES : BigInt(count))]]);
}

export function resourceClaimEvaluator(): QuotaEvaluator {
  return {
    group: GROUP,
    resource: RESOURCE,
    hasScopes: false,
    handles: (request) => isFor(request, GROUP, RESOURCE) && isWrite(request.operation),
    matchingNames: (names) => [...names].filter((name) => name === COUNT || name.endsWith(OF_CLASS)),
    usage(claim) {
      const usage: ResourceList = new Map([[COUNT, Quantity.of(1n)]]);
      for (const { exactly, firstAvailable } of (claim['spec'] as ClaimSpec | undefined)?.devices?.requests ?? []) {
        if (exactly !== undefined) addInto(usage, devices(exactly));
        // Only one of the alternatives is allocated: per class the largest counts.
        const largest: ResourceList = new Map();
        for (const alternative of firstAvailable ?? []) maxInto(largest, devices(alternative));
        addInto(usage, largest);
      }
      return usage;
    },
    matchesScope: () => false,
    missing: () => null,
  };
}
