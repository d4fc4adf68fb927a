/** `applyConfiguration`: the result of an expression is merged into the object as server-side apply would merge it. */
import type { KubeObject, Schema } from '@k/apimachinery';
import { appliedFaults, mergeApplied, structureOf } from '@k/apimachinery/apply';
import { CelMessage } from '../cel/functions/translated.js';
import { toJsonValue } from './json-value.js';
import { MutationError } from './mutation-error.js';

/**
 * The object with the configuration in it; neither is changed.
 *
 * @throws {@link MutationError} when types do not fit the fields they stand at, or something atomic would be changed.
 */
export function applyConfiguration(object: KubeObject, value: unknown, schema: Schema): KubeObject {
  if (!(value instanceof CelMessage)) {
    throw new MutationError(`unsupported return type from ApplyConfiguration expression: ${typeof value}`);
  }
  const faults = nameFaults(value, 'Object');
  if (faults.length > 0) throw new MutationError(`type mismatch: ${faults.join('\n')}`);
  const applied = toJsonValue(value) as Record<string, unknown>;
  applied['apiVersion'] = object.apiVersion;
  applied['kind'] = object.kind;
  const misfits = appliedFaults(applied, schema);
  if (misfits.length > 0) {
    const text = misfits.length === 1 ? (misfits[0] as string) : ['errors:', ...misfits.map((fault) => `  ${fault}`)].join('\n');
    throw new MutationError(`error applying patch: failed to convert patch object to typed object: ${text}`);
  }
  const atomics = atomicsIn(applied, schema, '');
  if (atomics.length > 0) {
    const text = `may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`;
    throw new MutationError(`error applying patch: invalid ApplyConfiguration: ${text}`);
  }
  return mergeApplied(object, applied, schema) as KubeObject;
}

/** A message below `Object.spec` at field `x` is called `Object.spec.x`; lists and maps in between have no name. */
function nameFaults(value: unknown, expected: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => nameFaults(item, expected));
  if (value instanceof CelMessage) {
    const own =
      value.typeName === expected
        ? []
        : [`unexpected type name "${value.typeName}", expected "${expected}", which matches field name path from root Object type`];
    return [...own, ...Object.entries(value.fields).flatMap(([field, item]) => nameFaults(item, `${expected}.${field}`))];
  }
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.values(value).flatMap((item) => nameFaults(item, expected));
  }
  return [];
}

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Paths of maps and lists that can only be changed as a whole. Entries of lists are not looked at. */
function atomicsIn(value: unknown, schema: Schema | undefined, path: string): string[] {
  if (schema === undefined) return [];
  if (isFields(value)) {
    const own = structureOf(schema, value) === 'atomic' && schema.type === 'object' ? [path] : [];
    return [...own, ...Object.entries(value).flatMap(([key, item]) => atomicsIn(item, schema.properties?.[key], `${path}.${key}`))];
  }
  return Array.isArray(value) && structureOf(schema, value) === 'atomic' ? [path] : [];
}
