/** Discovery documents from the catalogue: plain per group version, and aggregated. */
import type { Catalogue, ServedResource, SubresourceDefinition } from '@k/api';

const groupVersion = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`);

/** `GET /api`. */
export function coreVersions(serverAddress: string): object {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] };
}

/** One `APIGroup`; null for a group that is not served. */
export function apiGroup(catalogue: Catalogue, name: string): object | null {
  const group = catalogue.groups().find((entry) => entry.name === name);
  if (group === undefined || name === '') return null;
  const versions = group.versions.map((version) => ({ groupVersion: groupVersion(name, version), version }));
  return { name, versions, preferredVersion: versions[0] };
}

/** `GET /apis`. */
export function apiGroupList(catalogue: Catalogue): object {
  const groups = catalogue
    .groups()
    .filter((group) => group.name !== '')
    .map((group) => apiGroup(catalogue, group.name));
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

function resourceRow(served: ServedResource): object {
  const { definition, version } = served;
  return {
    name: definition.resource,
    singularName: definition.singular,
    namespaced: definition.namespaced,
    kind: definition.kind,
    verbs: version.verbs,
    ...(definition.shortNames.length > 0 ? { shortNames: definition.shortNames } : {}),
    ...(definition.categories.length > 0 ? { categories: definition.categories } : {}),
  };
}

function subresourceRow(served: ServedResource, sub: SubresourceDefinition): object {
  const { definition, version } = served;
  const foreign = sub.group !== definition.group || sub.version !== version.version;
  return {
    name: `${definition.resource}/${sub.name}`,
    singularName: '',
    namespaced: definition.namespaced,
    ...(foreign ? { group: sub.group, version: sub.version } : {}),
    kind: sub.kind,
    verbs: sub.verbs,
  };
}

/** `APIResourceList` of a group version; null when it is not served. */
export function apiResourceList(catalogue: Catalogue, group: string, version: string): object | null {
  const rows = catalogue.resources(group, version);
  if (rows.length === 0) return null;
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: groupVersion(group, version),
    resources: rows.flatMap((served) => [resourceRow(served), ...served.version.subresources.map((sub) => subresourceRow(served, sub))]),
  };
}

/** `APIGroupDiscoveryList` (apidiscovery.k8s.io/v2) of the core group or of all others. */
export function aggregatedDiscovery(catalogue: Catalogue, core: boolean): object {
  const groups = catalogue.groups().filter((group) => (group.name === '') === core);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === '' ? { creationTimestamp: null } : { name: group.name, creationTimestamp: null },
      versions: group.versions.map((version) => ({
        version,
        resources: catalogue.resources(group.name, version).map(aggregatedResource),
        freshness: 'Current',
      })),
    })),
  };
}

function aggregatedResource(served: ServedResource): object {
  const { definition, version } = served;
  return {
    resource: definition.resource,
    responseKind: { group: definition.group, version: version.version, kind: definition.kind },
    scope: definition.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: definition.singular,
    verbs: version.verbs,
    ...(definition.shortNames.length > 0 ? { shortNames: definition.shortNames } : {}),
    ...(definition.categories.length > 0 ? { categories: definition.categories } : {}),
    ...(version.subresources.length > 0
      ? {
          subresources: version.subresources.map((sub) => ({
            subresource: sub.name,
            responseKind: { group: sub.group, version: sub.version, kind: sub.kind },
            verbs: sub.verbs,
          })),
        }
      : {}),
  };
}
