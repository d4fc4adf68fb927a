/** Kinds that answers have and OpenAPI does not: metadata of objects, and the discovery of all groups at once. */
import type { Schema } from '@k/apimachinery';
import { schemaOf } from '../schemas/notation.js';

const META_V1 = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const META_V1BETA1 = 'io.k8s.apimachinery.pkg.apis.meta.v1beta1';
const DISCOVERY = 'io.k8s.api.apidiscovery.v2';

/** Labels of packages that have field numbers and no schemas, by the prefix of their definitions. */
export const WIRE_ONLY_PREFIXES: Readonly<Record<string, string>> = { [META_V1BETA1]: 'meta.v1beta1', [DISCOVERY]: 'apidiscovery.v2' };

const TEXT: Schema = { type: 'string' };
const listOf = (items: Schema): Schema => ({ type: 'array', items });
const message = (definition: string, properties: Record<string, Schema>): Schema => ({ definition, type: 'object', properties });

const make: Readonly<Record<string, () => Schema>> = {
  'meta.k8s.io/v1 PartialObjectMetadata': partialMetadata,
  'meta.k8s.io/v1beta1 PartialObjectMetadata': partialMetadata,
  'meta.k8s.io/v1 PartialObjectMetadataList': () => partialList(META_V1),
  'meta.k8s.io/v1beta1 PartialObjectMetadataList': () => partialList(META_V1BETA1),
  'apidiscovery.k8s.io/v2 APIGroupDiscoveryList': discoveryList,
};
const made = new Map<string, Schema>();

/** The shape of such a kind; undefined for every other. */
export function wireOnlySchema(apiVersion: string, kind: string): Schema | undefined {
  const name = `${apiVersion} ${kind}`;
  let schema = made.get(name);
  if (schema === undefined && Object.hasOwn(make, name)) {
    schema = (make[name] as () => Schema)();
    made.set(name, schema);
  }
  return schema;
}

function partialMetadata(): Schema {
  return message(`${META_V1}.PartialObjectMetadata`, { metadata: schemaOf('meta.v1/ObjectMeta') });
}

function partialList(prefix: string): Schema {
  return message(`${prefix}.PartialObjectMetadataList`, {
    metadata: schemaOf('meta.v1/ListMeta'),
    items: listOf(partialMetadata()),
  });
}

function discoveryList(): Schema {
  const kind = message(`${META_V1}.GroupVersionKind`, { group: TEXT, version: TEXT, kind: TEXT });
  const subresource = message(`${DISCOVERY}.APISubresourceDiscovery`, {
    subresource: TEXT,
    responseKind: kind,
    acceptedTypes: listOf(kind),
    verbs: listOf(TEXT),
  });
  const resource = message(`${DISCOVERY}.APIResourceDiscovery`, {
    resource: TEXT,
    responseKind: kind,
    scope: TEXT,
    singularResource: TEXT,
    verbs: listOf(TEXT),
    shortNames: listOf(TEXT),
    categories: listOf(TEXT),
    subresources: listOf(subresource),
  });
  const version = message(`${DISCOVERY}.APIVersionDiscovery`, { version: TEXT, resources: listOf(resource), freshness: TEXT });
  const group = message(`${DISCOVERY}.APIGroupDiscovery`, { metadata: schemaOf('meta.v1/ObjectMeta'), versions: listOf(version) });
  return message(`${DISCOVERY}.APIGroupDiscoveryList`, { metadata: schemaOf('meta.v1/ListMeta'), items: listOf(group) });
}
