import type { FieldError, KubeObject, Schema } from '@k/apimachinery';
import type { PruneResult } from './prune-and-default.js';

/**
 * What the server knows of one resource: a plain description that handlers ask, so that no handler ever
 * branches on a kind. Built-in resources come from the catalogue, custom ones are made from their CRD.
 */
export interface ResourceDefinition {
  readonly group: string;
  /** Plural, e.g. `deployments`. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  /** `DeploymentList`. */
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Served versions, preferred first. */
  readonly versions: readonly ResourceVersion[];
  /** The version in which objects lie in the store. */
  readonly storageVersion: string;
  /** Below the etcd prefix, e.g. `pods`, `deployments`, `services/specs`, `minions`, `acme.example.com/widgets`. '' = not stored (reviews). */
  readonly storagePath: string;
  /** Converts between served versions; absent when they have one shape and only `apiVersion` differs. Never mutates. */
  readonly convert?: (object: KubeObject, toVersion: string) => KubeObject;
  /**
   * Converts between versions by asking a webhook; then {@link convert} takes only objects that have the version already.
   * Keeps the order. Never mutates. An aborted signal breaks it off.
   */
  readonly convertAll?: (objects: readonly KubeObject[], toVersion: string, signal?: AbortSignal) => Promise<KubeObject[]>;
  readonly strategy: ResourceStrategy;
  /** Made from a CustomResourceDefinition. */
  readonly custom?: boolean;
  /** Stored objects may predate the present schema: they go through {@link convert} even in their own version. */
  readonly coerceStored?: boolean;
}

/** One served version of a resource. */
export interface ResourceVersion {
  readonly version: string;
  readonly verbs: readonly string[];
  readonly schema: Schema;
  readonly subresources: readonly SubresourceDefinition[];
  readonly table: TableDefinition;
  /** Prunes and defaults an object in place of the walk by `schema`. Mutates its argument. Custom resources only. */
  readonly coerce?: (object: KubeObject) => PruneResult;
  /** The OpenAPI v3 schema as the CustomResourceDefinition gives it, for published documents. Custom resources only. */
  readonly openApiSchema?: object;
  /** Field selectors this version supports besides `metadata.name` (and `metadata.namespace`). */
  readonly selectableFields: readonly string[];
  /** Where `scale` of this version reads and writes, when versions differ (custom resources). */
  readonly scale?: ScaleRules;
  /** A `Warning: 299` text for every request of this version, e.g. for `v1 Endpoints`. */
  readonly deprecationWarning?: string;
}

/** A subresource, e.g. `status`, `scale`, `eviction`. */
export interface SubresourceDefinition {
  readonly name: string;
  readonly verbs: readonly string[];
  /** The kind that is read or written, e.g. `Scale` in `autoscaling/v1`. */
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  /** Of `kind`; absent for connect subresources (`exec`, `log`, `proxy`). */
  readonly schema?: Schema;
}

/** Rules of a resource beyond its schema; the hub of "what is special about this kind". All are optional. */
export interface ResourceStrategy {
  /** Fills programmatic defaults after the schema's. Mutates `object`, which the caller owns. */
  readonly applyDefaults?: (object: KubeObject, version: string) => void;
  /** Clears what a client may not set on create (status), sets generation, notes who asks where the kind does. Mutates `object`. */
  readonly prepareForCreate?: (object: KubeObject, requester?: Requester) => void;
  /** Resets what this update may not change (status by spec updates and the reverse), raises generation. Mutates `object`. `subresource` is '' for the resource itself. */
  readonly prepareForUpdate?: (object: KubeObject, old: KubeObject, subresource: string) => void;
  /** Errors of a new object, without those of metadata (which {@link validateObjectMeta} gives). */
  readonly validate?: (object: KubeObject) => FieldError[];
  /** Errors of a change, including immutable fields. */
  readonly validateUpdate?: (object: KubeObject, old: KubeObject, subresource: string) => FieldError[];
  /** Texts for `Warning` headers. */
  readonly warnings?: (object: KubeObject, old: KubeObject | null) => string[];
  /** How names are checked: messages, empty when fine. Default: DNS-1123 subdomain. */
  readonly nameRule?: (name: string, prefix: boolean) => readonly string[];
  /**
   * Which rules of metadata the kind applies to changes, besides those that every kind goes through first: upstream's
   * kinds repeat some of them, and the repetitions show as causes. Default `update`.
   */
  readonly metadataOnUpdate?: 'none' | 'update' | 'create' | 'both';
  /** Values for field selectors besides metadata.name and metadata.namespace (storage version). */
  readonly selectFields?: (object: KubeObject) => Record<string, string>;
  /** How unsupported field selectors are refused: most kinds name the supported ones, older ones say `field label not supported: x`. */
  readonly fieldSelectorErrors?: 'known' | 'label';
  /** PUT of a missing object creates it. Default false. */
  readonly allowCreateOnUpdate?: boolean;
  /** PUT without resourceVersion overwrites. Default true. */
  readonly allowUnconditionalUpdate?: boolean;
  /** Graceful deletion: seconds to wait for this object, 0 = at once. Pods only, among the built-in kinds. */
  readonly gracePeriodSeconds?: (object: KubeObject, requested: number | undefined) => number;
  /** What DELETE without a propagation policy does with dependents. Default `background`. */
  readonly defaultPropagation?: 'background' | 'orphan';
  /** What the first DELETE changes on the object besides marking it: finalizers that the server itself sets. Mutates `object`. `now` is RFC 3339. */
  readonly beginDeletion?: (object: KubeObject, now: string) => void;
  /** DELETE answers with the object rather than a Status. */
  readonly deleteReturnsObject?: boolean;
  /** The object is a request that is answered and not stored (TokenReview, SubjectAccessReview, Binding). */
  readonly virtual?: boolean;
  /** `metadata.generation` is managed for this kind. */
  readonly hasGeneration?: boolean;
  /** Fields that server-side apply must not own per subresource ('' = the resource): paths like `['status']`. */
  readonly resetFields?: Readonly<Record<string, readonly (readonly string[])[]>>;
  /** Where `scale` reads and writes, as dotted paths. */
  readonly scale?: ScaleRules;
}

/** Who sent a request. */
export interface Requester {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Where `scale` reads and writes: dotted paths, and the selector in its text form. */
export interface ScaleRules {
  specReplicas: string;
  statusReplicas: string;
  selector: (object: KubeObject) => string;
}

/** One column of `meta.k8s.io/v1 Table`. */
export interface TableColumn {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  format: string;
  description: string;
  /** 0 is always shown, others with `-o wide`. */
  priority: number;
}

/** How a resource is printed by `kubectl get`. */
export interface TableDefinition {
  readonly columns: readonly TableColumn[];
  /** The cells of one object, in the order of `columns`. `now` in milliseconds, for ages. */
  readonly cells: (object: KubeObject, now: number) => unknown[];
  /** What a row says about its object, e.g. that a pod has run to its end. */
  readonly conditions?: (object: KubeObject) => readonly TableRowCondition[];
  /** The order of rows in a list. Default: that of the list. */
  readonly compare?: (a: KubeObject, b: KubeObject) => number;
}

/** A condition of a table's row. */
export interface TableRowCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}
