/** Where each group and version stands in discovery: `groupPriorityMinimum` and `versionPriority` of its APIService. */
export interface ApiServicePriority {
  group: number;
  version: number;
}

const GROUPS: Readonly<Record<string, number>> = {
  '': 18000,
  apps: 17800,
  'events.k8s.io': 17750,
  'authentication.k8s.io': 17700,
  'authorization.k8s.io': 17600,
  autoscaling: 17500,
  batch: 17400,
  'certificates.k8s.io': 17300,
  'networking.k8s.io': 17200,
  policy: 17200,
  'rbac.authorization.k8s.io': 17000,
  'storage.k8s.io': 16800,
  'apiextensions.k8s.io': 16700,
  'admissionregistration.k8s.io': 16700,
  'scheduling.k8s.io': 16600,
  'coordination.k8s.io': 16500,
  'node.k8s.io': 16300,
  'discovery.k8s.io': 16200,
  'resource.k8s.io': 16200,
  'flowcontrol.apiserver.k8s.io': 16100,
};

/** Versions that do not have the usual 15. */
const VERSIONS: Readonly<Record<string, number>> = {
  '/v1': 1,
  'autoscaling/v2': 30,
  'flowcontrol.apiserver.k8s.io/v1': 21,
};

/** Of a built-in group version; custom resources have 1000 and 100. */
export function apiServicePriority(group: string, version: string, isCustom: boolean): ApiServicePriority {
  if (isCustom) return { group: 1000, version: 100 };
  return { group: GROUPS[group] ?? 15_000, version: VERSIONS[`${group}/${version}`] ?? 15 };
}
