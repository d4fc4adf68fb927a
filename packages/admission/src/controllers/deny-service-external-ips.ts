/** DenyServiceExternalIPs: services may not take more external addresses than they have. */
import type { KubeObject } from '@k/apimachinery';
import type { AdmissionController } from '../interface.js';
import { isFor, isWrite } from '../request-match.js';
import { deny } from '../response.js';

const addressesOf = (service: KubeObject | null): string[] =>
  (service?.['spec'] as { externalIPs?: string[] } | undefined)?.externalIPs ?? [];

/** The DenyServiceExternalIPs controller. */
export function denyServiceExternalIps(): AdmissionController {
  return {
    name: 'DenyServiceExternalIPs',
    supportsOperation: isWrite,
    validate(request) {
      if (!isFor(request, '', 'services') || request.object === null) return undefined;
      const old = new Set(addressesOf(request.oldObject));
      return addressesOf(request.object).every((address) => old.has(address))
        ? undefined
        : deny('Use of external IPs is denied by admission control');
    },
  };
}
