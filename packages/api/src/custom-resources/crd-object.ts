import type { KubeObject } from '@k/apimachinery';
import type { JsonSchemaProps } from './json-schema.js';

/** Names of a custom resource. */
export interface CrdNames {
  plural?: string;
  singular?: string;
  kind?: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}

/** A printer column of one version. */
export interface CrdColumn {
  name?: string;
  type?: string;
  format?: string;
  description?: string;
  priority?: number;
  jsonPath?: string;
}

/** The scale subresource of one version. */
export interface CrdScale {
  specReplicasPath?: string;
  statusReplicasPath?: string;
  labelSelectorPath?: string;
}

/** One version of a custom resource. */
export interface CrdVersion {
  name?: string;
  served?: boolean;
  storage?: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: JsonSchemaProps };
  subresources?: { status?: object; scale?: CrdScale };
  additionalPrinterColumns?: CrdColumn[];
  selectableFields?: { jsonPath?: string }[];
}

/** Where a conversion webhook is called. */
export interface CrdConversion {
  strategy?: string;
  webhook?: {
    clientConfig?: { url?: string; service?: { namespace?: string; name?: string; path?: string; port?: number }; caBundle?: string };
    conversionReviewVersions?: string[];
  };
}

/** `CustomResourceDefinitionSpec`. */
export interface CrdSpec {
  group?: string;
  scope?: string;
  names?: CrdNames;
  versions?: CrdVersion[];
  conversion?: CrdConversion;
  preserveUnknownFields?: boolean;
}

/** A condition of a definition. */
export interface CrdCondition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  lastTransitionTime?: string;
  reason?: string;
  message?: string;
}

/** `CustomResourceDefinitionStatus`. */
export interface CrdStatus {
  acceptedNames?: CrdNames;
  conditions?: CrdCondition[];
  storedVersions?: string[];
}

/** A CustomResourceDefinition. */
export interface CrdObject extends KubeObject {
  spec?: CrdSpec;
  status?: CrdStatus;
}

/** The status of a condition; undefined when there is none of that type. */
export function conditionStatus(crd: CrdObject, type: string): string | undefined {
  return crd.status?.conditions?.find((condition) => condition.type === type)?.status;
}
