/** Group versions of other servers, as discovery and OpenAPI see them. */
import { compareVersionPriority } from '@k/api';
import { apiServicePriority } from '../bootstrap/api-service-priorities.js';

/** One group version of another server. */
export interface RemoteGroupVersion {
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  /** An `APIVersionDiscovery`; without resources and `Stale` while the server cannot be asked. */
  readonly document: object;
}

/** What discovery and OpenAPI ask about other servers. */
export interface RemoteGroups {
  /** Grows with every change of what the methods return. */
  readonly generation: number;
  groupVersions(): readonly RemoteGroupVersion[];
  /** Entries of `/openapi/v3` by key, e.g. `apis/metrics.k8s.io/v1beta1`. */
  openApiV3(): Readonly<Record<string, object>>;
  /** Documents of `/openapi/v2`, one for each server, with what they are asked for. Asked for when they are wanted. */
  openApiV2(): Promise<readonly RemoteDocument[]>;
}

/** A document of `/openapi/v2` and the paths that are taken from it. */
export interface RemoteDocument {
  readonly document: object;
  /** `/apis/GROUP/VERSION` */
  readonly prefixes: readonly string[];
}

/** A group with its versions in the order of discovery. */
export interface OrderedGroup {
  readonly name: string;
  readonly versions: readonly string[];
}

interface PlacedGroup extends OrderedGroup {
  readonly priority: number;
}

/**
 * Puts the groups of other servers between our own, by the priorities of their APIServices.
 *
 * @param local - Our own groups in their order, and whether they are of custom resources.
 */
export function withRemoteGroups(
  local: readonly { name: string; versions: readonly string[]; isCustom: boolean }[],
  remote: readonly RemoteGroupVersion[],
): OrderedGroup[] {
  if (remote.length === 0) return [...local];
  const names = new Set(remote.map(({ group }) => group));
  const placed: PlacedGroup[] = local
    .filter(({ name }) => !names.has(name))
    .map((group) => ({ ...group, priority: priorityOf(group.name, group.isCustom) }));
  const merged = [...names].map((name) => {
    const own = local.find((group) => group.name === name);
    return mergedGroup(
      name,
      own,
      remote.filter(({ group }) => group === name),
    );
  });
  for (const group of merged.sort(byPlace)) {
    const place = placed.findIndex((other) => byPlace(group, other) < 0);
    placed.splice(place < 0 ? placed.length : place, 0, group);
  }
  return placed;
}

/** The group of APIServices has none itself: it stands above all. */
function priorityOf(group: string, isCustom: boolean): number {
  return group === 'apiregistration.k8s.io' ? Number.POSITIVE_INFINITY : apiServicePriority(group, '', isCustom).group;
}

const byPlace = (a: PlacedGroup, b: PlacedGroup): number => b.priority - a.priority || (a.name < b.name ? -1 : 1);

function mergedGroup(
  name: string,
  own: { versions: readonly string[]; isCustom: boolean } | undefined,
  remote: readonly RemoteGroupVersion[],
): PlacedGroup {
  const versions = new Map(
    (own?.versions ?? []).map((version) => [version, apiServicePriority(name, version, own?.isCustom === true).version]),
  );
  for (const { version, versionPriority } of remote) versions.set(version, versionPriority);
  const ordered = [...versions].sort(([a, x], [b, y]) => y - x || compareVersionPriority(a, b)).map(([version]) => version);
  const ownPriority = own === undefined ? 0 : priorityOf(name, own.isCustom);
  return { name, versions: ordered, priority: Math.max(ownPriority, ...remote.map(({ groupPriority }) => groupPriority)) };
}
