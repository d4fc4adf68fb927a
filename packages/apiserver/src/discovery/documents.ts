/** Discovery documents from the catalogue: plain per group version, and aggregated. */
import { createHash } from 'node:crypto';
import {
  type Catalogue,
  type CatalogueGroup,
  compareVersionPriority,
  type ResourceDefinition,
  type ServedResource,
  type SubresourceDefinition,
} from '@k/api';
import { type OrderedGroup, type RemoteGroups, withRemoteGroups } from './remote-groups.js';

const groupVersion = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`);

/** A group that serves built-in resources. */
export function isBuiltInGroup(catalogue: Catalogue, group: CatalogueGroup): boolean {
  return group.versions.some((version) => catalogue.resources(group.name, version).some(({ definition }) => !definition.custom));
}

/** Groups in the order of discovery: the built-in ones in their own, then those of custom resources by name, those of other servers between. */
function orderedGroups(catalogue: Catalogue, remote: RemoteGroups): OrderedGroup[] {
  const served = catalogue
    .groups()
    .filter(({ name, versions }) => versions.some((version) => catalogue.resources(name, version).length > 0));
  const builtIn = served.filter((group) => isBuiltInGroup(catalogue, group));
  const custom = served
    .filter((group) => !builtIn.includes(group))
    .map((group) => ({ ...group, versions: servedVersions(catalogue, group) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const isCustom = (value: boolean) => (group: CatalogueGroup) => ({ ...group, isCustom: value });
  return withRemoteGroups([...builtIn.map(isCustom(false)), ...custom.map(isCustom(true))], remote.groupVersions());
}

function servedVersions(catalogue: Catalogue, { name, versions }: CatalogueGroup): string[] {
  return versions.filter((version) => catalogue.resources(name, version).length > 0).sort(compareVersionPriority);
}

/** `GET /api`. */
export function coreVersions(serverAddress: string): object {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] };
}

/** One `APIGroup`; null for a group that is not served. */
export function apiGroup(catalogue: Catalogue, remote: RemoteGroups, name: string): object | null {
  const group = orderedGroups(catalogue, remote).find((entry) => entry.name === name);
  return group === undefined || name === '' ? null : groupDocument(group);
}

function groupDocument({ name, versions }: OrderedGroup): object {
  const entries = versions.map((version) => ({ groupVersion: groupVersion(name, version), version }));
  return { name, versions: entries, preferredVersion: entries[0] };
}

/** `GET /apis`. */
export function apiGroupList(catalogue: Catalogue, remote: RemoteGroups): object {
  const groups = orderedGroups(catalogue, remote)
    .filter((group) => group.name !== '')
    .map(groupDocument);
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

/** Tells storage migration in which form objects lie in the store: the same for all resources that share their keys. */
function storageVersionHash(catalogue: Catalogue, definition: ResourceDefinition): string | undefined {
  if (definition.strategy.virtual || definition.storagePath === '') return undefined;
  let stored = definition;
  for (const other of catalogue.definitions()) {
    if (other.storagePath === definition.storagePath) {
      stored = other;
      break;
    }
  }
  const text = `${stored.group}/${stored.storageVersion}/${stored.kind}`;
  return createHash('sha256').update(text).digest().subarray(0, 8).toString('base64');
}

function resourceRow(catalogue: Catalogue, { definition, version }: ServedResource): object {
  const hash = storageVersionHash(catalogue, definition);
  return {
    name: definition.resource,
    singularName: definition.singular,
    namespaced: definition.namespaced,
    kind: definition.kind,
    verbs: version.verbs,
    ...(definition.shortNames.length > 0 ? { shortNames: definition.shortNames } : {}),
    ...(definition.categories.length > 0 ? { categories: definition.categories } : {}),
    ...(hash === undefined ? {} : { storageVersionHash: hash }),
  };
}

/** True when a subresource is read and written as a kind of another group version. */
function isForeign({ definition, version }: ServedResource, sub: SubresourceDefinition): boolean {
  return sub.group !== definition.group || sub.version !== version.version;
}

function subresourceRow(served: ServedResource, sub: SubresourceDefinition): object {
  return {
    name: `${served.definition.resource}/${sub.name}`,
    singularName: '',
    namespaced: served.definition.namespaced,
    ...(isForeign(served, sub) ? { group: sub.group, version: sub.version } : {}),
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
    resources: rows.flatMap((served) => [
      resourceRow(catalogue, served),
      ...served.version.subresources.map((sub) => subresourceRow(served, sub)),
    ]),
  };
}

/** `APIGroupDiscoveryList` (apidiscovery.k8s.io/v2) of the core group or of all others. */
export function aggregatedDiscovery(catalogue: Catalogue, remote: RemoteGroups, core: boolean): object {
  const groups = orderedGroups(catalogue, remote).filter((group) => (group.name === '') === core);
  const remoteVersions = remote.groupVersions();
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === '' ? {} : { name: group.name },
      versions: group.versions.map((version) => {
        const other = remoteVersions.find((each) => each.group === group.name && each.version === version);
        if (other !== undefined) return other.document;
        return { version, resources: catalogue.resources(group.name, version).map(aggregatedResource), freshness: 'Current' };
      }),
    })),
  };
}

function aggregatedResource(served: ServedResource): object {
  const { definition, version } = served;
  // Built-in kinds of their own group version leave group and version empty; custom ones fill them in.
  const full = definition.custom === true;
  const own = full ? { group: definition.group, version: version.version } : { group: '', version: '' };
  return {
    resource: definition.resource,
    responseKind: { ...own, kind: definition.kind },
    scope: definition.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: definition.singular,
    verbs: version.verbs,
    ...(definition.shortNames.length > 0 ? { shortNames: definition.shortNames } : {}),
    ...(definition.categories.length > 0 ? { categories: definition.categories } : {}),
    ...(version.subresources.length > 0
      ? {
          subresources: version.subresources.map((sub) => ({
            subresource: sub.name,
            responseKind:
              full || isForeign(served, sub) ? { group: sub.group, version: sub.version, kind: sub.kind } : { ...own, kind: sub.kind },
            verbs: sub.verbs,
          })),
        }
      : {}),
  };
}
