/** What a conversion webhook may change of an object: its content, labels and annotations; nothing else of its metadata. */
import { validateLabelsOrAnnotations } from '@k/api';
import { aggregateFieldErrors, type KubeObject, type ObjectMeta } from '@k/apimachinery';
import { isRecord } from './review.js';

/** The type of a value in Go's words. */
function goType(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/**
 * Takes an answer's object for the original's conversion: checks that it is the same object in the wanted version.
 *
 * The messages are those about a single object, which is all that upstream ever sends.
 *
 * @returns The object with the original's metadata but for labels and annotations; the caller owns it.
 * @throws {Error} saying what is wrong, with the words that go before it.
 */
export function acceptConverted(original: KubeObject, given: unknown, apiVersion: string): KubeObject {
  const fail = (reason: string): Error => new Error(`returned invalid object: ${reason}`);
  const failKind = (reason: string): Error => new Error(`returned invalid object at index 0: ${reason}`);
  if (!isRecord(given)) throw fail(`json: cannot unmarshal ${goType(given)} into Go value of type map[string]interface {}`);
  if (text(given['kind']) === '') throw fail(`Object 'Kind' is missing in '${JSON.stringify(given)}'`);
  if (given['apiVersion'] !== apiVersion) {
    throw failKind(`invalid groupVersion (expected ${apiVersion}, received ${text(given['apiVersion'])})`);
  }
  if (given['kind'] !== original.kind) throw failKind(`invalid kind (expected ${original.kind}, received ${text(given['kind'])})`);
  const metadata = isRecord(given['metadata']) ? given['metadata'] : {};
  const before = original.metadata ?? {};
  for (const [field, title] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    const [wanted, got] = [before[field] ?? '', text(metadata[field])];
    if (wanted !== got) throw fail(`must have the same ${title}: ${wanted} != ${got}`);
  }
  try {
    return { ...given, metadata: restored(before, given) };
  } catch (error) {
    throw new Error(`returned invalid metadata: ${(error as Error).message}`);
  }
}

function restored(before: ObjectMeta, given: Record<string, unknown>): ObjectMeta {
  if (!Object.hasOwn(given, 'metadata')) throw new Error('missing metadata in converted object');
  const { metadata: after } = given;
  if (!isRecord(after)) throw new Error(`invalid metadata of type ${goType(after)} in converted object`);
  const metadata = structuredClone(before);
  for (const field of ['labels', 'annotations'] as const) {
    const values = after[field];
    if (values === undefined || values === null) {
      delete metadata[field];
      continue;
    }
    if (!isRecord(values)) throw new Error(`invalid metadata.${field} of type ${goType(values)} in converted object`);
    for (const [key, value] of Object.entries(values)) {
      if (typeof value === 'string') continue;
      throw new Error(`metadata.${field}[${key}] must be a string, but is ${goType(value)} in converted object`);
    }
    const strings = values as Record<string, string>;
    const old = before[field] ?? {};
    const keys = Object.keys(strings);
    const isSame = keys.length === Object.keys(old).length && keys.every((key) => old[key] === strings[key]);
    const errors = isSame ? [] : validateLabelsOrAnnotations(field, strings);
    if (errors.length > 0) throw new Error(aggregateFieldErrors(errors));
    metadata[field] = strings;
  }
  return metadata;
}
