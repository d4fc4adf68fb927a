/** OpenAPI documents of a catalogue, written from its schemas and verbs. */
import type { Catalogue, ServedResource } from '../catalogue.js';
import { customDefinition, customList } from './custom-schemas.js';
import { DefinitionWriter, type Json, type OpenApiVersion } from './definitions.js';
import type { Descriptions } from './descriptions.js';
import { groupOperation, groupVersionOperation, SERVER_OPERATIONS } from './discovery-operations.js';
import { KindIndex } from './kinds.js';
import { definitionOf, type Operation, operationsOf } from './operations.js';
import { pathItemsV2, sharedParametersV2 } from './paths-v2.js';
import { pathItemsV3 } from './paths-v3.js';

/** What all documents need. */
export interface DocumentSource {
  readonly catalogue: Catalogue;
  readonly descriptions: Descriptions;
  /** `v1.36.2`; the version in the v2 document. */
  readonly gitVersion: string;
}

/** A served group version, or null for what belongs to none. */
type GroupVersion = { group: string; version: string } | null;

/** `apis/apps/v1` → its group version; null for other keys of the index. */
function groupVersionOf(key: string): GroupVersion {
  const [prefix, first, second, ...rest] = key.split('/');
  if (prefix === 'api' && first !== undefined && second === undefined) return { group: '', version: first };
  if (prefix === 'apis' && first !== undefined && second !== undefined && rest.length === 0) return { group: first, version: second };
  return null;
}

/** True when the group holds custom resources only. */
function isCustom(resources: readonly ServedResource[]): boolean {
  return resources.length > 0 && resources.every(({ definition }) => definition.custom === true);
}

/** Keys of the v3 index: `api/v1`, `apis/apps`, `apis/apps/v1`, `version`, …, sorted. */
export function documentKeys(catalogue: Catalogue): string[] {
  const keys = Object.keys(SERVER_OPERATIONS);
  for (const { name, versions } of catalogue.groups()) {
    let builtIn = false;
    for (const version of versions) {
      const resources = catalogue.resources(name, version);
      if (resources.length === 0) continue;
      builtIn ||= !isCustom(resources);
      keys.push(name === '' ? `api/${version}` : `apis/${name}/${version}`);
    }
    if (name !== '' && builtIn) keys.push(`apis/${name}`);
  }
  return keys.sort();
}

/** The operations of one document; null when there is no such document. */
function operationsFor(catalogue: Catalogue, key: string): Operation[] | null {
  const server = Object.hasOwn(SERVER_OPERATIONS, key) ? SERVER_OPERATIONS[key] : undefined;
  if (server !== undefined) return [...server];
  const own = groupVersionOf(key);
  if (own !== null) {
    const resources = catalogue.resources(own.group, own.version);
    if (resources.length === 0) return null;
    const operations = resources.flatMap(operationsOf);
    return isCustom(resources) ? operations : [groupVersionOperation(own.group, own.version), ...operations];
  }
  const [prefix, group, ...rest] = key.split('/');
  if (prefix !== 'apis' || group === undefined || rest.length > 0) return null;
  return documentKeys(catalogue).includes(key) ? [groupOperation(group)] : null;
}

/** One document of OpenAPI v3; null when the key is not in the index. */
export function openApiV3(source: DocumentSource, key: string): Json | null {
  const { catalogue } = source;
  const operations = operationsFor(catalogue, key);
  if (operations === null) return null;
  const own = groupVersionOf(key);
  const custom = own !== null && isCustom(catalogue.resources(own.group, own.version));
  const definitions = new DefinitionSet(source, 'v3', custom ? null : own);
  for (const operation of operations) definitions.addOf(operation);
  const schemas = definitions.toJson();
  return {
    openapi: '3.0.0',
    info: custom ? { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' } : { title: 'Kubernetes', version: 'unversioned' },
    paths: pathItemsV3(operations),
    components: {
      ...(Object.keys(schemas).length === 0 ? {} : { schemas }),
      ...(custom
        ? {}
        : {
            securitySchemes: {
              BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' },
            },
          }),
    },
  };
}

/** The one document of OpenAPI v2. */
export function openApiV2(source: DocumentSource): Json {
  const { catalogue } = source;
  const operations = documentKeys(catalogue).flatMap((key) => operationsFor(catalogue, key) ?? []);
  const definitions = new DefinitionSet(source, 'v2', null);
  for (const operation of operations) definitions.addOf(operation);
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: source.gitVersion },
    paths: pathItemsV2(operations),
    definitions: definitions.toJson(),
    parameters: sharedParametersV2(),
    securityDefinitions: {
      BearerToken: { description: 'Bearer Token authentication', type: 'apiKey', name: 'authorization', in: 'header' },
    },
    security: [{ BearerToken: [] }],
  };
}

/** Definitions that operations name, with everything they refer to. */
class DefinitionSet {
  readonly #version: OpenApiVersion;
  readonly #own: GroupVersion;
  readonly #writer: DefinitionWriter;
  readonly #kinds: KindIndex;
  readonly #custom = new Map<string, ServedResource>();
  readonly #written = new Map<string, Json>();

  constructor(source: DocumentSource, version: OpenApiVersion, own: GroupVersion) {
    this.#version = version;
    this.#own = own;
    this.#writer = new DefinitionWriter(version, source.descriptions);
    this.#kinds = new KindIndex(source.catalogue);
    for (const definition of source.catalogue.definitions()) {
      if (!definition.custom) continue;
      for (const served of definition.versions)
        this.#custom.set(definitionOf({ definition, version: served }), { definition, version: served });
    }
  }

  addOf({ body, answers }: Operation): void {
    if (body !== undefined) this.#add(body.definition);
    for (const answer of Object.values(answers)) if (answer !== 'string') this.#add(answer);
  }

  /** In the order of their names. */
  toJson(): Json {
    return Object.fromEntries([...this.#written].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #add(name: string): void {
    const pending = [name];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (this.#written.has(next)) continue;
      const schema = this.#write(next);
      const kinds = this.#kinds.of(next, this.#own);
      if (kinds.length > 0) schema['x-kubernetes-group-version-kind'] = kinds;
      this.#written.set(next, schema);
      collectReferences(schema, this.#writer.refPrefix, pending);
    }
  }

  #write(name: string): Json {
    const custom = this.#custom.get(name);
    if (custom !== undefined) return customDefinition(custom, this.#version, this.#writer);
    if (name.endsWith('List') && this.#custom.has(name.slice(0, -4))) return customList(name.slice(0, -4), this.#version, this.#writer);
    return this.#writer.write(name);
  }
}

/** Pushes the definitions that a schema refers to. */
function collectReferences(node: unknown, refPrefix: string, into: string[]): void {
  if (Array.isArray(node)) for (const child of node) collectReferences(child, refPrefix, into);
  else if (typeof node === 'object' && node !== null) {
    for (const [key, child] of Object.entries(node)) {
      if (key === '$ref' && typeof child === 'string' && child.startsWith(refPrefix)) into.push(child.slice(refPrefix.length));
      else collectReferences(child, refPrefix, into);
    }
  }
}
