/** The way from client-side apply to server-side apply, for the field manager `kubectl` only. */
import type { KubeObject } from '../object.js';
import { isPlainObject } from '../patch/own-property.js';
import type { Schema } from '../schema.js';
import { compare } from './compare.js';
import { difference, type FieldSet } from './field-set.js';
import { fieldsOf } from './value-fields.js';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Bytes of all annotations of an object. */
const ANNOTATIONS_BYTES_MAX = 256 * 1024;

/** The manager whose applies take over what client-side apply has set. */
export const CLIENT_SIDE_MANAGER = 'kubectl';

/**
 * Fields that the last client-side apply set and nobody changed since: they may be taken without force.
 *
 * @returns `null` when there was none.
 */
export function fieldsOfLastApplied(live: KubeObject, schema: Schema, apiVersion: string): FieldSet | null {
  const text = live.metadata?.annotations?.[LAST_APPLIED];
  if (text === undefined || text === '') return null;
  let last: unknown;
  try {
    last = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isPlainObject(last) || last['apiVersion'] !== apiVersion) return null;
  const { added, modified, removed } = compare(last, live, schema);
  return difference(difference(difference(fieldsOf(last, schema), modified), added), removed);
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortedKeys(value[key])]),
  );
}

/** Keeps the annotation of client-side apply in step, where the object has one. Mutates `object`. */
export function syncLastApplied(object: KubeObject, applied: KubeObject): void {
  const annotations = object.metadata?.annotations;
  if (annotations?.[LAST_APPLIED] === undefined) return;
  const { metadata, ...rest } = applied;
  const { [LAST_APPLIED]: _last, ...others } = metadata?.annotations ?? {};
  const shown = { ...rest, metadata: metadata?.annotations === undefined ? metadata : { ...metadata, annotations: others } };
  const next = { ...annotations, [LAST_APPLIED]: `${JSON.stringify(sortedKeys(shown))}\n` };
  const sizeBytes = Object.entries(next).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (sizeBytes > ANNOTATIONS_BYTES_MAX) delete (next as Record<string, string>)[LAST_APPLIED];
  object.metadata = { ...object.metadata, annotations: next };
}
