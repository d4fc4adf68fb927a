/** Which resource a key belongs to, and where a resource lies: built-in resources by a table, custom ones by rule. */

/** Groups of the built-in resources that are not of the core group, as the store has them. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'admissionregistration.k8s.io': [
    'mutatingadmissionpolicies',
    'mutatingadmissionpolicybindings',
    'mutatingwebhookconfigurations',
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
    'validatingwebhookconfigurations',
  ],
  apps: ['controllerrevisions', 'daemonsets', 'deployments', 'replicasets', 'statefulsets'],
  autoscaling: ['horizontalpodautoscalers'],
  batch: ['cronjobs', 'jobs'],
  'certificates.k8s.io': ['certificatesigningrequests', 'clustertrustbundles', 'podcertificaterequests'],
  'coordination.k8s.io': ['leasecandidates', 'leases'],
  'discovery.k8s.io': ['endpointslices'],
  'flowcontrol.apiserver.k8s.io': ['flowschemas', 'prioritylevelconfigurations'],
  'internal.apiserver.k8s.io': ['storageversions'],
  'networking.k8s.io': ['ingressclasses', 'ipaddresses', 'networkpolicies', 'servicecidrs'],
  'node.k8s.io': ['runtimeclasses'],
  policy: ['poddisruptionbudgets'],
  'rbac.authorization.k8s.io': ['clusterrolebindings', 'clusterroles', 'rolebindings', 'roles'],
  'resource.k8s.io': ['deviceclasses', 'devicetaintrules', 'resourceclaims', 'resourceclaimtemplates', 'resourceslices'],
  'scheduling.k8s.io': ['priorityclasses'],
  'storage.k8s.io': ['csidrivers', 'csinodes', 'csistoragecapacities', 'storageclasses', 'volumeattachments', 'volumeattributesclasses'],
  'storagemigration.k8s.io': ['storageversionmigrations'],
};

/** Places that are not the resource's name. */
const PLACES: Readonly<Record<string, string>> = {
  controllers: 'replicationcontrollers',
  ingress: 'ingresses.networking.k8s.io',
  minions: 'nodes',
  'services/endpoints': 'endpoints',
  'services/specs': 'services',
};
/** What has no API and is never encrypted. */
const WITHOUT_API = new Set(['masterleases', 'peerserverleases', 'ranges']);

/**
 * The resource of a key below the prefix.
 *
 * @param path - E.g. `secrets/default/a` or `example.com/widgets/default/w`.
 * @returns `secrets`, `deployments.apps`, `widgets.example.com`; `null` for what is no resource.
 */
export function resourceOfPath(path: string): string | null {
  const [first = '', second = ''] = path.split('/');
  if (first === '' || second === '' || WITHOUT_API.has(first)) return null;
  const place = PLACES[`${first}/${second}`] ?? PLACES[first];
  if (place !== undefined) return place;
  // Custom resources, and two built-in ones, lie under their group.
  if (first.includes('.')) return `${second}.${first}`;
  for (const [group, names] of Object.entries(GROUPS)) if (names.includes(first)) return `${first}.${group}`;
  return first;
}

/** Where a resource lies below the prefix, without a slash at the end. */
export function pathOfResource(resource: string): string {
  for (const [place, name] of Object.entries(PLACES)) if (name === resource) return place;
  const dot = resource.indexOf('.');
  if (dot < 0) return resource;
  const [name, group] = [resource.slice(0, dot), resource.slice(dot + 1)];
  return GROUPS[group]?.includes(name) === true ? name : `${group}/${name}`;
}
