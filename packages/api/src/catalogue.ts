import type { ResourceDefinition, ResourceVersion } from './definition.js';

/** A group with its versions in the order of discovery. */
export interface CatalogueGroup {
  name: string;
  versions: string[];
  preferredVersion: string;
}

/** A resource at one of its served versions. */
export interface ServedResource {
  definition: ResourceDefinition;
  version: ResourceVersion;
}

/** The resources that a server serves. Custom resources are added and removed while it runs. */
export interface Catalogue {
  /** In discovery order: the core group ('') first. */
  groups(): readonly CatalogueGroup[];
  /** Resources of a group version in discovery order. */
  resources(group: string, version: string): readonly ServedResource[];
  find(group: string, version: string, resource: string): ServedResource | undefined;
  findKind(group: string, version: string, kind: string): ServedResource | undefined;
  /** A resource by group and plural whatever the version. */
  findResource(group: string, resource: string): ResourceDefinition | undefined;
  definitions(): Iterable<ResourceDefinition>;
  /** Adds or replaces a custom resource. */
  set(definition: ResourceDefinition, groupPriority?: number): void;
  remove(group: string, resource: string): void;
  /** Raised by every {@link set} and {@link remove}; discovery and OpenAPI use it as their ETag's seed. */
  readonly generation: number;
  /** Calls back after each change; returns the unsubscribe function. */
  onChange(listener: () => void): () => void;
}
