/** An entry of an `APIResourceList`. */
export interface ListedResource {
  name: string;
  singularName?: string;
  namespaced?: boolean;
  group?: string;
  version?: string;
  kind?: string;
  verbs?: string[];
  shortNames?: string[];
  categories?: string[];
}

/** An `APIResourceDiscovery`. */
export interface DiscoveredResource {
  resource: string;
  responseKind?: object;
  scope: 'Namespaced' | 'Cluster';
  singularResource?: string;
  verbs?: string[];
  shortNames?: string[];
  categories?: string[];
  subresources?: object[];
}

/** The resources of an `APIResourceList` in the form of aggregated discovery: subresources below what they belong to. */
export function discoveryOfResourceList(listed: readonly ListedResource[]): DiscoveredResource[] {
  const resources = new Map<string, DiscoveredResource>();
  for (const entry of listed.filter(({ name }) => !name.includes('/'))) {
    const { shortNames = [], categories = [] } = entry;
    resources.set(entry.name, {
      resource: entry.name,
      ...kindOf(entry),
      scope: scopeOf(entry),
      singularResource: entry.singularName ?? '',
      verbs: entry.verbs ?? [],
      ...(shortNames.length > 0 ? { shortNames } : {}),
      ...(categories.length > 0 ? { categories } : {}),
    });
  }
  for (const entry of listed.filter(({ name }) => name.includes('/'))) {
    const slash = entry.name.indexOf('/');
    const parent = entry.name.slice(0, slash);
    const resource: DiscoveredResource = resources.get(parent) ?? { resource: parent, scope: scopeOf(entry), verbs: [] };
    resources.set(parent, resource);
    resource.subresources ??= [];
    resource.subresources.push({ subresource: entry.name.slice(slash + 1), ...kindOf(entry), verbs: entry.verbs ?? [] });
  }
  return [...resources.values()];
}

function kindOf({ group = '', version = '', kind = '' }: ListedResource): { responseKind?: object } {
  return kind === '' ? {} : { responseKind: { group, version, kind } };
}

function scopeOf({ namespaced }: ListedResource): 'Namespaced' | 'Cluster' {
  return namespaced === true ? 'Namespaced' : 'Cluster';
}
