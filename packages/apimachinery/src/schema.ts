/** JSON types of a field. `int-or-string` and `any` stand for Kubernetes' own extensions. */
export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'int-or-string' | 'any';

/**
 * The structural schema that pruning, defaulting, strict decoding, strategic merge and apply walk.
 *
 * Built-in kinds and custom resources have the same shape. References are resolved lazily by a getter, so a
 * schema may be recursive; never walk one without an object beside it.
 */
export interface Schema {
  readonly type: SchemaType;
  /** `int32`, `int64`, `double`, `byte`, `date-time`, `quantity`, `micro-time`, … */
  readonly format?: string;
  /** Fields of an object with known fields. */
  readonly properties?: Readonly<Record<string, Schema>>;
  /** The values of a map (`additionalProperties`). */
  readonly values?: Schema;
  /** The elements of an array. */
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly enum?: readonly string[];
  /** `x-kubernetes-list-type`. Default `atomic`. */
  readonly listType?: 'atomic' | 'set' | 'map';
  /** `x-kubernetes-list-map-keys`. */
  readonly listMapKeys?: readonly string[];
  /** `x-kubernetes-map-type`; default `granular`. */
  readonly mapType?: 'atomic' | 'granular';
  /** `x-kubernetes-patch-strategy`, e.g. `merge`, `merge,retainKeys`, `replace`. */
  readonly patchStrategy?: string;
  /** `x-kubernetes-patch-merge-key`. */
  readonly patchMergeKey?: string;
  /** `x-kubernetes-preserve-unknown-fields`. */
  readonly preserveUnknownFields?: boolean;
  /** `x-kubernetes-embedded-resource`. */
  readonly embeddedResource?: boolean;
  readonly nullable?: boolean;
  /** The definition's name, e.g. `io.k8s.api.core.v1.Container`, where it has one. */
  readonly definition?: string;
}
