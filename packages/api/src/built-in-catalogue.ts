import type { Schema } from '@k/apimachinery';
import type { Catalogue, CatalogueGroup, ServedResource } from './catalogue.js';
import type { ResourceDefinition, ResourceStrategy, ResourceVersion, SubresourceDefinition } from './definition.js';
import { DISCOVERY_GROUPS, DISCOVERY_ROWS, type DiscoveryRow } from './discovery/rows.js';
import { SELECTABLE_FIELDS, STORAGE_PATHS, STORAGE_VERSIONS, STRATEGIES } from './kinds/index.js';
import { schemaOf } from './schemas/notation.js';
import { tableFor } from './tables.js';
import { validationOf } from './validation/index.js';

/** What clients of a deprecated resource are told. */
const DEPRECATION_WARNINGS: Readonly<Record<string, string>> = {
  componentstatuses: 'v1 ComponentStatus is deprecated in v1.19+',
  endpoints: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
};
const ORDINARY_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** The catalogue of release 1.36. Each call makes its own, since custom resources are added to it. */
export function createBuiltInCatalogue(): Catalogue {
  const byResource = new Map<
    string,
    { row: DiscoveryRow; group: string; versions: { version: string; row: DiscoveryRow; subs: SubresourceDefinition[] }[] }
  >();
  const groupVersions = ['v1', ...DISCOVERY_GROUPS.flatMap(({ name, versions }) => versions.map((version) => `${name}/${version}`))];
  for (const gv of groupVersions) {
    const slash = gv.indexOf('/');
    const group = slash < 0 ? '' : gv.slice(0, slash);
    const version = gv.slice(slash + 1);
    for (const row of DISCOVERY_ROWS[gv] ?? []) {
      const [name = '', sub] = splitName(row.name);
      const key = `${name}.${group}`;
      if (sub === undefined) {
        const entry = byResource.get(key) ?? { row, group, versions: [] };
        entry.versions.push({ version, row, subs: [] });
        byResource.set(key, entry);
      } else
        byResource
          .get(key)
          ?.versions.find((entry) => entry.version === version)
          ?.subs.push(subresourceOf(row, sub, group, version));
    }
  }
  const definitions = [...byResource.values()].map(({ row, group, versions }) => definitionOf(row, group, versions));
  return new MemoryCatalogue(definitions);
}

function splitName(name: string): [string, string | undefined] {
  const slash = name.indexOf('/');
  return slash < 0 ? [name, undefined] : [name.slice(0, slash), name.slice(slash + 1)];
}

/** Gives an object a property that is computed when first read. */
function lazy<T extends object, K extends string, V>(target: T, key: K, compute: () => V): T & Record<K, V> {
  let value: V | undefined;
  return Object.defineProperty(target, key, {
    enumerable: true,
    get: () => {
      value ??= compute();
      return value;
    },
  }) as T & Record<K, V>;
}

function subresourceOf(row: DiscoveryRow, name: string, group: string, version: string): SubresourceDefinition {
  const base = { name, verbs: row.verbs ?? ORDINARY_VERBS, kind: row.kind, group: row.gv?.[0] ?? group, version: row.gv?.[1] ?? version };
  const { schema } = row;
  return schema === undefined ? base : lazy(base, 'schema', (): Schema => schemaOf(schema));
}

/** What validation adds to a strategy. */
const RULES = ['validate', 'validateUpdate', 'nameRule', 'metadataOnUpdate', 'warnings'] as const;

/** A strategy with the validation of its kind, which nobody needs before the first write. */
function withValidation(key: string, own: ResourceStrategy): ResourceStrategy {
  const strategy = { ...own };
  let rules: ReturnType<typeof validationOf> | undefined;
  for (const name of RULES) {
    if (name in own) continue;
    Object.defineProperty(strategy, name, {
      enumerable: true,
      get: () => {
        rules ??= validationOf(key);
        return rules[name];
      },
    });
  }
  return strategy;
}

function definitionOf(
  row: DiscoveryRow,
  group: string,
  versions: { version: string; row: DiscoveryRow; subs: SubresourceDefinition[] }[],
): ResourceDefinition {
  const key = group === '' ? row.name : `${row.name}.${group}`;
  const strategy = STRATEGIES[key] ?? {};
  const served = versions.map(({ version, row: own, subs }): ResourceVersion => {
    const base = {
      version,
      verbs: own.verbs ?? ORDINARY_VERBS,
      subresources: subs,
      table: tableFor(key, version),
      selectableFields: SELECTABLE_FIELDS[key] ?? [],
      ...(DEPRECATION_WARNINGS[key] === undefined ? {} : { deprecationWarning: DEPRECATION_WARNINGS[key] }),
    };
    return lazy(
      base,
      'schema',
      (): Schema => (own.schema === undefined ? { type: 'object', preserveUnknownFields: true } : schemaOf(own.schema)),
    );
  });
  const path = STORAGE_PATHS[key];
  const { convert, coerceStored, ...own } = strategy;
  const rules = withValidation(key, path === '' ? { virtual: true, ...own } : own);
  return {
    group,
    resource: row.name,
    singular: row.singular,
    kind: row.kind,
    listKind: `${row.kind}List`,
    namespaced: row.namespaced,
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    versions: served,
    storageVersion: STORAGE_VERSIONS[key] ?? (versions[0]?.version as string),
    storagePath: path ?? row.name,
    strategy: rules,
    ...(convert === undefined ? {} : { convert }),
    ...(coerceStored === undefined ? {} : { coerceStored }),
  };
}

/** A catalogue in memory. */
class MemoryCatalogue implements Catalogue {
  readonly #groups = new Map<string, CatalogueGroup>();
  readonly #rows = new Map<string, ServedResource[]>();
  readonly #definitions = new Map<string, ResourceDefinition>();
  readonly #listeners = new Set<() => void>();
  generation = 0;

  constructor(definitions: readonly ResourceDefinition[]) {
    this.#groups.set('', { name: '', versions: ['v1'], preferredVersion: 'v1' });
    for (const { name, versions } of DISCOVERY_GROUPS) {
      this.#groups.set(name, { name, versions: [...versions], preferredVersion: versions[0] as string });
    }
    for (const definition of definitions) this.#add(definition);
  }

  groups(): readonly CatalogueGroup[] {
    return [...this.#groups.values()];
  }
  resources(group: string, version: string): readonly ServedResource[] {
    return this.#rows.get(`${group}/${version}`) ?? [];
  }
  find(group: string, version: string, resource: string): ServedResource | undefined {
    const definition = this.#definitions.get(`${resource}.${group}`);
    const served = definition?.versions.find((entry) => entry.version === version);
    return definition && served ? { definition, version: served } : undefined;
  }
  findKind(group: string, version: string, kind: string): ServedResource | undefined {
    return this.resources(group, version).find(({ definition }) => definition.kind === kind);
  }
  findResource(group: string, resource: string): ResourceDefinition | undefined {
    return this.#definitions.get(`${resource}.${group}`);
  }
  definitions(): Iterable<ResourceDefinition> {
    return this.#definitions.values();
  }
  set(definition: ResourceDefinition): void {
    this.#drop(definition.group, definition.resource);
    this.#add(definition);
    this.#changed();
  }
  remove(group: string, resource: string): void {
    this.#drop(group, resource);
    this.#changed();
  }
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    this.generation++;
    for (const listener of this.#listeners) listener();
  }

  #add(definition: ResourceDefinition): void {
    this.#definitions.set(`${definition.resource}.${definition.group}`, definition);
    for (const version of definition.versions) {
      const key = `${definition.group}/${version.version}`;
      this.#rows.set(key, [...(this.#rows.get(key) ?? []), { definition, version }]);
      const group = this.#groups.get(definition.group);
      if (group === undefined) {
        this.#groups.set(definition.group, { name: definition.group, versions: [version.version], preferredVersion: version.version });
      } else if (!group.versions.includes(version.version)) group.versions.push(version.version);
    }
  }

  #drop(group: string, resource: string): void {
    const definition = this.#definitions.get(`${resource}.${group}`);
    if (definition === undefined) return;
    this.#definitions.delete(`${resource}.${group}`);
    for (const { version } of definition.versions) {
      const key = `${group}/${version}`;
      const left = (this.#rows.get(key) ?? []).filter((row) => row.definition !== definition);
      if (left.length > 0) this.#rows.set(key, left);
      else {
        this.#rows.delete(key);
        const entry = this.#groups.get(group);
        if (entry === undefined) continue;
        entry.versions = entry.versions.filter((name) => name !== version);
        if (entry.versions.length === 0) this.#groups.delete(group);
        else entry.preferredVersion = entry.versions[0] as string;
      }
    }
  }
}
