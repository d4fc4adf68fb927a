import type { EncryptionTransformer } from '../../encryption-transformer.js';
import type { Progress } from '../progress.js';
import { pathOfResource, resourceOfPath } from '../resource-paths.js';
import type { KeyValueSource } from '../sources/key-value-source.js';

/** What every command over a store works with. */
export interface CommandContext {
  source: KeyValueSource;
  /** Above all resources, without a slash at the end. Default `/registry`. */
  prefix?: string;
  /** Only these resources. Default: what the command is about. */
  resources?: readonly string[];
  progress?: Progress;
  /** The resource of a key below the prefix; `null` = none. Default: the built-in resources and the rule of custom ones. */
  resourceOf?: (path: string) => string | null;
  /** Where a resource lies below the prefix. Default: as `resourceOf`. */
  pathOf?: (resource: string) => string;
}

/** Same, with the transformers of a configuration. */
export interface EncryptionContext extends CommandContext {
  encryption: EncryptionTransformer;
}

/** Prefix of everything, or of the resources that were asked for, in the order of keys. */
export function prefixesOf(context: CommandContext, resources: readonly string[] | undefined = context.resources): string[] {
  const { prefix = '/registry', pathOf = pathOfResource } = context;
  if (resources === undefined || resources.some((resource) => resource.startsWith('*'))) return [`${prefix}/`];
  return [...new Set(resources.map((resource) => `${prefix}/${pathOf(resource)}/`))].sort();
}

/** The resource of a full key; `null` for what is none, or not one that was asked for. */
export function resourceOfKey(context: CommandContext, key: string): string | null {
  const { prefix = '/registry', resourceOf = resourceOfPath, resources } = context;
  const resource = resourceOf(key.slice(prefix.length + 1));
  if (resource === null || resources === undefined || resources.length === 0) return resource;
  return resources.some((each) => each === resource || each === '*.*' || each === `*.${groupOf(resource)}`) ? resource : null;
}

const groupOf = (resource: string): string => (resource.includes('.') ? resource.slice(resource.indexOf('.') + 1) : '');

/** The number of entries under several prefixes. */
export async function countAll(source: KeyValueSource, prefixes: readonly string[]): Promise<number> {
  let count = 0;
  for (const prefix of prefixes) count += await source.count(prefix);
  return count;
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
