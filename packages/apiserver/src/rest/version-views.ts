/** The versions in which managers of an object may have written, for managed fields and server-side apply. */
import { formatGroupVersion, type KubeObject, stringifyExactJson } from '@k/apimachinery';
import type { Versions } from '@k/apimachinery/apply';
import { inVersion, toVersion } from '../registry.js';
import type { ResourceScope } from '../server-context.js';
import { resetFieldsOf } from './reset-fields.js';

type Convert = (object: KubeObject, version: string) => KubeObject;

/** Thrown where a conversion is needed that a webhook has yet to make. */
class Wanted {
  readonly key: string;
  readonly object: KubeObject;
  readonly version: string;

  constructor(key: string, object: KubeObject, version: string) {
    this.key = key;
    this.object = object;
    this.version = version;
  }
}

/**
 * Runs a computation that looks at an object in several versions.
 *
 * It is synchronous and without effects, so that where a webhook converts it can be started again with each conversion
 * that it turned out to need.
 */
export function withVersions<T>(scope: ResourceScope, run: (versions: Versions) => T): T | Promise<T> {
  const { definition } = scope.served;
  if (definition.convertAll !== undefined) return repeated(scope, run);
  return run(versionsOf(scope, (object, version) => toVersion(definition, object, version)));
}

async function repeated<T>(scope: ResourceScope, run: (versions: Versions) => T): Promise<T> {
  const { definition } = scope.served;
  const done = new Map<string, KubeObject>();
  const versions = versionsOf(scope, (object, version) => {
    const key = `${version}:${stringifyExactJson(object)}`;
    const known = done.get(key);
    if (known === undefined) throw new Wanted(key, object, version);
    return known;
  });
  for (;;) {
    try {
      return run(versions);
    } catch (error) {
      if (!(error instanceof Wanted)) throw error;
      const [converted] = await inVersion(definition, [error.object], error.version, scope.context);
      done.set(error.key, converted as KubeObject);
    }
  }
}

function versionsOf(scope: ResourceScope, convert: Convert): Versions {
  const { definition, version } = scope.served;
  const versions: Versions = {
    apiVersion: formatGroupVersion({ group: definition.group, version: version.version }),
    schema: version.schema,
    resetFields: resetFieldsOf(scope),
  };
  if (definition.versions.length === 1 && definition.convert === undefined) return versions;
  return {
    ...versions,
    other: (apiVersion) => {
      const other = definition.versions.find(
        (entry) => formatGroupVersion({ group: definition.group, version: entry.version }) === apiVersion,
      );
      return other && { schema: other.schema, convert: (object) => convert(object, other.version) };
    },
  };
}
