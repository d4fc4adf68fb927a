import type { FieldErrors } from './field-errors.js';
import { isHeadless, type ServiceSpec } from './service-spec.js';

const FIXED = 'may not change once set';

/** Addresses stay; only a second one may come or go. */
export function validateClusterIpChange(now: ServiceSpec, before: ServiceSpec, errors: FieldErrors): void {
  if (now.type === 'ExternalName' || before.type === 'ExternalName') return;
  if (isHeadless(now) && isHeadless(before)) return;
  const { clusterIPs = [] } = now;
  const { clusterIPs: old = [] } = before;
  const at = 'spec.clusterIPs';
  if (old.length === clusterIPs.length) {
    old.forEach((address, i) => {
      if (address !== clusterIPs[i]) errors.invalid(`${at}[${i}]`, clusterIPs, FIXED);
    });
    return;
  }
  if (clusterIPs.length === 0) errors.invalid(`${at}[0]`, clusterIPs, 'primary clusterIP can not be unset');
  else if (old.length > 0 && clusterIPs[0] !== old[0]) errors.invalid(`${at}[0]`, clusterIPs, FIXED);
  if (old.length > clusterIPs.length && clusterIPs.length === 1 && now.ipFamilyPolicy !== 'SingleStack') {
    const detail = "must be set to 'SingleStack' when releasing the secondary clusterIP";
    errors.invalid('spec.ipFamilyPolicy', now.ipFamilyPolicy ?? null, detail);
  }
}

/** Families stay; only a second one may come or go. */
export function validateFamilyChange(now: ServiceSpec, before: ServiceSpec, errors: FieldErrors): void {
  if (now.type === 'ExternalName' || before.type === 'ExternalName') return;
  if (isHeadless(now) || isHeadless(before)) return;
  const { ipFamilies = [], clusterIPs = [] } = now;
  const { ipFamilies: old = [] } = before;
  const at = 'spec.ipFamilies[0]';
  if (old.length === ipFamilies.length) {
    old.forEach((family, i) => {
      if (family !== ipFamilies[i]) errors.invalid(at, ipFamilies, FIXED);
    });
    return;
  }
  if (old.length > ipFamilies.length && clusterIPs.length === 0) errors.invalid(at, ipFamilies, 'primary ipFamily can not be unset');
  if (old.length > 0 && ipFamilies.length > 0 && ipFamilies[0] !== old[0]) errors.invalid(at, clusterIPs, FIXED);
  if (old.length > ipFamilies.length && ipFamilies.length === 1 && now.ipFamilyPolicy !== 'SingleStack') {
    const detail = "must be set to 'SingleStack' when releasing the secondary ipFamily";
    errors.invalid('spec.ipFamilyPolicy', now.ipFamilyPolicy ?? null, detail);
  }
}
