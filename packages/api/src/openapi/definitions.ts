/** The schema tables as OpenAPI definitions: v3 components with defaults, v2 definitions without. */
import type { Schema } from '@k/apimachinery';
import { definitionName, schemaOf } from '../schemas/notation.js';
import { schemaPackages } from '../schemas/packages.js';
import type { Descriptions } from './descriptions.js';

/** A JSON object of an OpenAPI document. */
export type Json = Record<string, unknown>;

/** Which OpenAPI a definition is written for. */
export type OpenApiVersion = 'v2' | 'v3';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Scalars that have a definition of their own, by format or type. */
const SCALAR_DEFINITIONS: Readonly<Record<string, string>> = {
  'date-time': `${META}.Time`,
  'micro-time': `${META}.MicroTime`,
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  'int-or-string': 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
};

const INT_OR_STRING = 'An integer, or a string such as a percentage or the name of a port.';

/** Definitions that no table holds. */
const SCALAR_SHAPES: Readonly<Record<string, Readonly<Record<OpenApiVersion, Json>>>> = {
  [`${META}.Time`]: { v2: { type: 'string', format: 'date-time' }, v3: { type: 'string', format: 'date-time' } },
  [`${META}.MicroTime`]: { v2: { type: 'string', format: 'date-time' }, v3: { type: 'string', format: 'date-time' } },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': {
    v2: { type: 'string' },
    v3: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': {
    v2: { description: INT_OR_STRING, type: 'string', format: 'int-or-string' },
    v3: { description: INT_OR_STRING, format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  },
  [`${META}.Patch`]: { v2: { type: 'object' }, v3: { type: 'object' } },
  'io.k8s.apimachinery.pkg.version.Info': { v2: versionInfo(), v3: versionInfo() },
};

function versionInfo(): Json {
  const names = ['buildDate', 'compiler', 'gitCommit', 'gitTreeState', 'gitVersion', 'goVersion', 'major', 'minor', 'platform'];
  const optional = ['emulationMajor', 'emulationMinor', 'minCompatibilityMajor', 'minCompatibilityMinor'];
  const properties: Json = {};
  for (const name of [...names, ...optional].sort()) properties[name] = { type: 'string' };
  return {
    description: 'The version of the server and what it was built with.',
    type: 'object',
    properties,
    required: ['major', 'minor', 'gitVersion', 'gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'compiler', 'platform'],
  };
}

/** `io.k8s.api.core.v1.Pod` → `core.v1/Pod`; undefined for a name that no table holds. */
export function tableName(definition: string): string | undefined {
  const dot = definition.lastIndexOf('.');
  const prefix = definition.slice(0, dot);
  const name = definition.slice(dot + 1);
  for (const [label, { definitionPrefix, table }] of Object.entries(schemaPackages)) {
    if (definitionPrefix === prefix && Object.hasOwn(table, name)) return `${label}/${name}`;
  }
  return undefined;
}

/** Names of every definition: those of the tables and the scalars. */
export function definitionNames(): string[] {
  const names = Object.keys(SCALAR_SHAPES);
  for (const [label, { table }] of Object.entries(schemaPackages)) {
    for (const name of Object.keys(table)) names.push(definitionName(`${label}/${name}`));
  }
  return [...new Set(names)].sort();
}

/** Writes definitions in one OpenAPI version. */
export class DefinitionWriter {
  readonly #version: OpenApiVersion;
  readonly #descriptions: Descriptions;
  /** The path before a definition's name in a `$ref`. */
  readonly refPrefix: string;

  constructor(version: OpenApiVersion, descriptions: Descriptions) {
    this.#version = version;
    this.#descriptions = descriptions;
    this.refPrefix = version === 'v3' ? '#/components/schemas/' : '#/definitions/';
  }

  /**
   * One definition without its group-version-kinds.
   *
   * @throws RangeError for a name that does not exist.
   */
  write(definition: string): Json {
    const described = this.#described(this.#descriptions.of(definition));
    const scalar = SCALAR_SHAPES[definition]?.[this.#version];
    if (scalar !== undefined) return { ...scalar, ...described };
    const name = tableName(definition);
    if (name === undefined) throw new RangeError(`"${definition}" is not a known definition`);
    const slash = name.indexOf('/');
    const notation = schemaPackages[name.slice(0, slash)]?.table[name.slice(slash + 1)] ?? {};
    const schema = schemaOf(name);
    const out: Json = { ...described };
    if (schema.type !== 'any') out['type'] = 'object';
    const bare = notation['@bare']?.split(',') ?? [];
    if (schema.properties !== undefined && Object.keys(schema.properties).length > 0) {
      const properties: Json = {};
      for (const [field, child] of Object.entries(schema.properties)) {
        properties[field] = this.#field(definition, field, child, bare.includes(field));
      }
      out['properties'] = properties;
    }
    if (schema.required !== undefined) out['required'] = schema.required;
    if (schema.mapType !== undefined) out['x-kubernetes-map-type'] = schema.mapType;
    if (notation['@union'] !== undefined) out['x-kubernetes-unions'] = [unionOf(notation['@union'])];
    return out;
  }

  /** The text of a definition's field. */
  describe(definition: string, field: string): string | undefined {
    return this.#descriptions.of(definition, field);
  }

  /** A field: a reference with siblings takes the form that its OpenAPI version allows. */
  #field(definition: string, field: string, schema: Schema, bare: boolean): Json {
    const target = referenceOf(schema);
    const text = this.#descriptions.of(definition, field) ?? (target === undefined ? undefined : this.#descriptions.of(target));
    const out: Json = this.#described(bare ? undefined : text);
    if (target !== undefined) {
      const $ref = `${this.refPrefix}${target}`;
      if (this.#version === 'v3' && !bare) out['allOf'] = [{ $ref }];
      else out['$ref'] = $ref;
    } else Object.assign(out, this.#shape(schema));
    if (this.#version === 'v3' && schema.default !== undefined) out['default'] = schema.default;
    if (schema.listType !== undefined) out['x-kubernetes-list-type'] = schema.listType;
    if (schema.listMapKeys !== undefined) out['x-kubernetes-list-map-keys'] = schema.listMapKeys;
    if (schema.patchStrategy !== undefined) out['x-kubernetes-patch-strategy'] = schema.patchStrategy;
    if (schema.patchMergeKey !== undefined) out['x-kubernetes-patch-merge-key'] = schema.patchMergeKey;
    const own = target === undefined ? undefined : definitionMapType(target);
    if (schema.mapType !== undefined && schema.mapType !== own) out['x-kubernetes-map-type'] = schema.mapType;
    return out;
  }

  /** What is not a reference: scalars, arrays, maps. */
  #shape(schema: Schema): Json {
    if (schema.type === 'array') {
      const items = this.#element(schema.items ?? { type: 'any' });
      return { type: 'array', items: schema.enum === undefined ? items : { ...items, enum: schema.enum } };
    }
    if (schema.values !== undefined) {
      const values = this.#element(schema.values);
      return { type: 'object', additionalProperties: schema.enum === undefined ? values : { ...values, enum: schema.enum } };
    }
    if (schema.type === 'any') return {};
    const out: Json = { type: schema.type };
    if (schema.format !== undefined) out['format'] = schema.format;
    if (schema.enum !== undefined) out['enum'] = schema.enum;
    return out;
  }

  #element(schema: Schema): Json {
    const target = referenceOf(schema);
    return target === undefined ? this.#shape(schema) : { $ref: `${this.refPrefix}${target}` };
  }

  #described(text: string | undefined): Json {
    return text === undefined ? {} : { description: text };
  }
}

function referenceOf(schema: Schema): string | undefined {
  if (schema.definition !== undefined) return schema.definition;
  return SCALAR_DEFINITIONS[schema.type === 'string' ? (schema.format ?? '') : schema.type];
}

function definitionMapType(definition: string): string | undefined {
  const name = tableName(definition);
  return name === undefined ? undefined : schemaOf(name).mapType;
}

/** `type(a,b)` → the union extension. */
function unionOf(text: string): Json {
  const open = text.indexOf('(');
  const discriminator = text.slice(0, open);
  const members = text.slice(open + 1, -1).split(',');
  const fields = Object.fromEntries(members.map((field) => [field, `${field[0]?.toUpperCase() ?? ''}${field.slice(1)}`]));
  return { ...(discriminator === '' ? {} : { discriminator }), 'fields-to-discriminateBy': fields };
}
