/** Rules of CustomResourceDefinitions themselves: defaults, stored versions, generation. */
import type { KubeObject } from '@k/apimachinery';
import type { ResourceStrategy } from '../definition.js';
import { deepEqual } from '../validation/field-errors.js';
import type { CrdObject } from './crd-object.js';
import { isKnownFormat } from './formats.js';
import type { JsonSchemaProps } from './json-schema.js';

function applyDefaults(object: KubeObject): void {
  const { spec } = object as CrdObject;
  if (spec === undefined) return;
  const names = (spec.names ??= {});
  if ((names.singular ?? '') === '' && (names.kind ?? '') !== '') names.singular = (names.kind as string).toLowerCase();
  if ((names.listKind ?? '') === '' && (names.kind ?? '') !== '') names.listKind = `${names.kind}List`;
  spec.conversion ??= { strategy: 'None' };
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service !== undefined) service.port ??= 443;
}

/** Notes the version in which objects are stored from now on. */
function noteStorageVersion(crd: CrdObject): void {
  const name = crd.spec?.versions?.find(({ storage }) => storage === true)?.name;
  const status = (crd.status ??= {});
  const stored = status.storedVersions ?? [];
  if (name !== undefined && !stored.includes(name)) status.storedVersions = [...stored, name];
}

/** Formats of a schema that values are not checked against, in order. */
function unknownFormats(schema: JsonSchemaProps | undefined, found: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return;
  if (schema.format !== undefined && schema.format !== '' && !isKnownFormat(schema.format)) found.add(schema.format);
  for (const child of Object.values(schema.properties ?? {})) unknownFormats(child, found);
  if (typeof schema.additionalProperties === 'object') unknownFormats(schema.additionalProperties, found);
  if (!Array.isArray(schema.items)) unknownFormats(schema.items, found);
}

/** Holds a definition until all its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** Preparation and warnings of definitions. */
export const definitionStrategy: ResourceStrategy = {
  hasGeneration: true,
  applyDefaults,
  prepareForCreate: (object) => {
    const crd = object as CrdObject;
    crd.status = { acceptedNames: { plural: '', kind: '' }, conditions: [], storedVersions: [] };
    noteStorageVersion(crd);
    if (crd.status.storedVersions?.length === 0) delete crd.status.storedVersions;
    (crd.metadata ??= {}).generation = 1;
  },
  prepareForUpdate: (object, old, subresource) => {
    const crd = object as CrdObject;
    if (subresource === 'status') {
      const managedFields = crd.metadata?.managedFields;
      if (old['spec'] !== undefined) object['spec'] = old['spec'];
      crd.metadata = { ...old.metadata };
      delete crd.metadata.resourceVersion;
      if (managedFields !== undefined) crd.metadata.managedFields = managedFields;
      return;
    }
    crd.status = structuredClone((old as CrdObject).status ?? {});
    noteStorageVersion(crd);
    if (!deepEqual(crd.spec, old['spec'])) (crd.metadata ??= {}).generation = (old.metadata?.generation ?? 0) + 1;
  },
  beginDeletion: (object, now) => {
    const crd = object as CrdObject;
    const metadata = (crd.metadata ??= {});
    metadata.deletionTimestamp = now;
    if (metadata.finalizers?.includes(CLEANUP_FINALIZER) !== true) {
      metadata.finalizers = [...(metadata.finalizers ?? []), CLEANUP_FINALIZER];
    }
    const others = (crd.status?.conditions ?? []).filter(({ type }) => type !== 'Terminating');
    const condition = {
      lastTransitionTime: now,
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
      reason: 'InstanceDeletionPending',
      status: 'True' as const,
      type: 'Terminating',
    };
    crd.status = { ...crd.status, conditions: [...others, condition] };
  },
  warnings: (object) => {
    const found = new Set<string>();
    for (const version of (object as CrdObject).spec?.versions ?? []) unknownFormats(version.schema?.openAPIV3Schema, found);
    return [...found].map((format) => `unrecognized format ${JSON.stringify(format)}`);
  },
};
