/** A CustomResourceDefinition as a resource that the server serves. */
import type { FieldError, KubeObject } from '@k/apimachinery';
import type { ResourceDefinition, ResourceStrategy, ResourceVersion, ScaleRules, SubresourceDefinition } from '../definition.js';
import { compareVersionPriority } from '../discovery/version-priority.js';
import { schemaOf } from '../schemas/notation.js';
import { deepEqual } from '../validation/field-errors.js';
import { coerceCustomObject, pruneConverted } from './coerce.js';
import type { ConverterFactory } from './converter.js';
import type { CrdObject, CrdScale, CrdVersion } from './crd-object.js';
import { customObjectRules } from './custom-object-rules.js';
import { findAll, parseJsonPath } from './json-path.js';
import { customTable } from './printer-columns.js';
import { hasRules, type RuleCompiler, type RuleValidator } from './rule-validator.js';
import { compileSchema, objectSchema, type SchemaNode } from './structural-schema.js';

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const VIEW_VERBS = ['get', 'patch', 'update'];

/** What one version is made of, beyond what every resource has. */
export interface CustomVersion {
  name: string;
  schema: SchemaNode;
  /** Runs the rules of the schema; absent when it has none. */
  rules: RuleValidator | undefined;
  hasStatus: boolean;
  scale: CrdScale | undefined;
}

/** Dotted without the leading dot, as the scale rules have it. */
const bare = (path: string): string => path.replace(/^\./, '');

function scaleRules({ specReplicasPath = '', statusReplicasPath = '', labelSelectorPath = '' }: CrdScale): ScaleRules {
  const selector = labelSelectorPath === '' ? null : parseJsonPath(labelSelectorPath);
  return {
    specReplicas: bare(specReplicasPath),
    statusReplicas: bare(statusReplicasPath),
    selector: (object) => {
      const [text] = selector === null ? [] : findAll(object, selector);
      return typeof text === 'string' ? text : '';
    },
  };
}

function deprecationOf(crd: CrdObject, version: CrdVersion): string | undefined {
  if (version.deprecated !== true) return undefined;
  if (version.deprecationWarning !== undefined) return version.deprecationWarning;
  const { group = '', names, versions = [] } = crd.spec ?? {};
  const kind = names?.kind ?? '';
  const [better] = versions
    .filter((other) => other.served === true && other.deprecated !== true)
    .map(({ name = '' }) => name)
    .filter((name) => compareVersionPriority(name, version.name ?? '') < 0)
    .sort(compareVersionPriority);
  const text = `${group}/${version.name} ${kind} is deprecated`;
  return better === undefined ? text : `${text}; use ${group}/${better} ${kind}`;
}

function subresourcesOf(crd: CrdObject, version: CrdVersion): SubresourceDefinition[] {
  const { group = '', names } = crd.status?.acceptedNames ? { group: crd.spec?.group, names: crd.status.acceptedNames } : {};
  const list: SubresourceDefinition[] = [];
  if (version.subresources?.status !== undefined && version.subresources.status !== null) {
    list.push({ name: 'status', verbs: VIEW_VERBS, kind: names?.kind ?? '', group, version: version.name ?? '' });
  }
  if (version.subresources?.scale) {
    list.push({
      name: 'scale',
      verbs: VIEW_VERBS,
      kind: 'Scale',
      group: 'autoscaling',
      version: 'v1',
      schema: schemaOf('autoscaling.v1/Scale'),
    });
  }
  return list;
}

function versionOf(crd: CrdObject, version: CrdVersion, root: SchemaNode): ResourceVersion {
  const warning = deprecationOf(crd, version);
  const scale = version.subresources?.scale;
  const schema = objectSchema(root);
  const subresources = subresourcesOf(crd, version).map((sub) => (sub.name === 'status' ? { ...sub, schema } : sub));
  return {
    version: version.name ?? '',
    verbs: VERBS,
    schema,
    subresources,
    table: customTable(version.additionalPrinterColumns),
    openApiSchema: version.schema?.openAPIV3Schema ?? {},
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath = '' }) => bare(jsonPath)),
    coerce: (object) => coerceCustomObject(object, root),
    ...(scale ? { scale: scaleRules(scale) } : {}),
    ...(warning === undefined ? {} : { deprecationWarning: warning }),
  };
}

/** Everything but metadata, and status where that is written apart. */
function ownContent({ metadata: _metadata, ...rest }: KubeObject, hasStatus: boolean): object {
  if (!hasStatus) return rest;
  const { status: _status, ...content } = rest;
  return content;
}

function replaceContent(object: KubeObject, content: KubeObject): void {
  for (const key of Object.keys(object)) delete object[key];
  Object.assign(object, content);
}

function strategyOf(crd: CrdObject, versions: readonly CustomVersion[]): ResourceStrategy {
  const versionFor = (object: KubeObject): CustomVersion => {
    const name = object.apiVersion?.slice(object.apiVersion.indexOf('/') + 1);
    return versions.find((version) => version.name === name) ?? (versions[0] as CustomVersion);
  };
  const rules = customObjectRules(crd.status?.acceptedNames?.kind ?? '');
  const paths = new Map<string, ReturnType<typeof parseJsonPath>>();
  for (const version of crd.spec?.versions ?? []) {
    for (const { jsonPath = '' } of version.selectableFields ?? []) paths.set(bare(jsonPath), parseJsonPath(jsonPath));
  }
  return {
    hasGeneration: true,
    allowUnconditionalUpdate: false,
    fieldSelectorErrors: 'label',
    ...(paths.size === 0
      ? {}
      : {
          selectFields: (object: KubeObject) =>
            Object.fromEntries(
              [...paths].map(([name, path]) => {
                const [value] = path === null ? [] : findAll(object, path);
                return [name, value === undefined || value === null ? '' : String(value)];
              }),
            ),
        }),
    prepareForCreate: (object) => {
      if (versionFor(object).hasStatus) delete object['status'];
      (object.metadata ??= {}).generation = 1;
    },
    prepareForUpdate: (object, old, subresource) => {
      const { hasStatus } = versionFor(object);
      if (subresource === 'status') {
        const { status } = object;
        const managedFields = object.metadata?.managedFields;
        replaceContent(object, structuredClone(old));
        const metadata = (object.metadata ??= {});
        delete metadata.resourceVersion;
        if (managedFields === undefined) delete metadata.managedFields;
        else metadata.managedFields = managedFields;
        if (status === undefined) delete object['status'];
        else object['status'] = status;
        return;
      }
      if (hasStatus) {
        if (old['status'] === undefined) delete object['status'];
        else object['status'] = old['status'];
      }
      if (deepEqual(ownContent(object, hasStatus), ownContent(old, hasStatus))) return;
      (object.metadata ??= {}).generation = (old.metadata?.generation ?? 0) + 1;
    },
    validate: (object): FieldError[] => rules.create(object, versionFor(object)),
    validateUpdate: (object, old, subresource): FieldError[] => rules.update(object, old, versionFor(object), subresource),
  };
}

function withRules(schema: SchemaNode, compileRules: RuleCompiler): Pick<CustomVersion, 'schema' | 'rules'> {
  return { schema, rules: hasRules(schema) ? compileRules(schema) : undefined };
}

/**
 * The resource that an established definition describes.
 *
 * @param compileRules - Makes what runs the rules (`x-kubernetes-validations`) of a schema.
 * @param converterFor - Makes what calls the conversion webhook of a definition that has one.
 * @throws when a schema cannot be compiled, which validation of definitions rules out.
 */
export function customResourceDefinition(crd: CrdObject, compileRules: RuleCompiler, converterFor: ConverterFactory): ResourceDefinition {
  const { group = '', scope, versions = [] } = crd.spec ?? {};
  const names = crd.status?.acceptedNames ?? {};
  const compiled = versions.map((version): CustomVersion & { given: CrdVersion } => ({
    given: version,
    name: version.name ?? '',
    ...withRules(compileSchema(version.schema?.openAPIV3Schema ?? {}), compileRules),
    hasStatus: version.subresources?.status !== undefined && version.subresources.status !== null,
    scale: version.subresources?.scale,
  }));
  const schemaIn = (version: string): SchemaNode | undefined => compiled.find(({ name }) => name === version)?.schema;
  const convert = (object: KubeObject, toVersion: string): KubeObject => {
    const copy = structuredClone(object);
    copy.apiVersion = `${group}/${toVersion}`;
    const schema = schemaIn(toVersion);
    if (schema !== undefined) coerceCustomObject(copy, schema);
    return copy;
  };
  const isRemote = crd.spec?.conversion?.strategy === 'Webhook';
  const ask = isRemote ? converterFor(crd) : undefined;
  const convertAll = async (objects: readonly KubeObject[], toVersion: string, signal?: AbortSignal): Promise<KubeObject[]> => {
    const schema = schemaIn(toVersion);
    const apiVersion = `${group}/${toVersion}`;
    const foreign = objects.filter((object) => object.apiVersion !== apiVersion);
    const converted = foreign.length === 0 ? [] : await (ask as NonNullable<typeof ask>)(foreign, apiVersion, signal);
    let next = 0;
    return objects.map((object) => {
      if (object.apiVersion === apiVersion) return convert(object, toVersion);
      const result = converted[next++] as KubeObject;
      if (schema !== undefined) pruneConverted(result, schema);
      return result;
    });
  };
  const plural = names.plural ?? '';
  return {
    group,
    resource: plural,
    singular: names.singular ?? '',
    kind: names.kind ?? '',
    listKind: names.listKind ?? `${names.kind ?? ''}List`,
    namespaced: scope !== 'Cluster',
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    versions: compiled
      .filter(({ given }) => given.served === true)
      .map(({ given, schema }) => versionOf(crd, given, schema))
      .sort((a, b) => compareVersionPriority(a.version, b.version)),
    storageVersion: versions.find(({ storage }) => storage === true)?.name ?? '',
    storagePath: `${group}/${plural}`,
    strategy: strategyOf(crd, compiled),
    convert,
    ...(isRemote ? { convertAll } : {}),
    custom: true,
    // Objects that were stored under an earlier schema are brought under the present one when they are read.
    coerceStored: (crd.metadata?.generation ?? 1) > 1,
  };
}
