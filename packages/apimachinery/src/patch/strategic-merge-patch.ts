/**
 * Strategic merge patch: a merge patch that knows by schema which lists merge and by which key, with the directives
 * `$patch` (replace, delete, merge), `$retainKeys`, `$setElementOrder/x` and `$deleteFromPrimitiveList/x`.
 */
import type { Schema } from '../schema.js';
import { newInternalError } from '../status.js';
import { isPlainObject, setOwn } from './own-property.js';

const ORDER = '$setElementOrder/';
const DELETE_PRIMITIVE = '$deleteFromPrimitiveList/';

/** Applies a strategic merge patch. Never mutates its inputs. */
export function applyStrategicMergePatch<T>(original: T, patch: unknown, schema: Schema): T {
  return mergeObject(isPlainObject(original) ? original : {}, patch as Record<string, unknown>, schema) as T;
}

function mergeObject(
  original: Record<string, unknown>,
  patch: Record<string, unknown>,
  schema: Schema | undefined,
): Record<string, unknown> {
  const directive = patch['$patch'];
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') throw newInternalError(`Unknown patch type found: ${String(directive)}`);
  const out: Record<string, unknown> = { ...original };
  const retain = patch['$retainKeys'];
  if (Array.isArray(retain)) for (const key of Object.keys(out)) if (!retain.includes(key)) delete out[key];
  for (const key of Object.keys(patch)) {
    if (key === '$patch' || key === '$retainKeys' || key.startsWith(ORDER)) continue;
    if (key.startsWith(DELETE_PRIMITIVE)) {
      const name = key.slice(DELETE_PRIMITIVE.length);
      const list = out[name];
      const gone = patch[key];
      if (Array.isArray(list) && Array.isArray(gone)) out[name] = list.filter((item) => !gone.includes(item));
      continue;
    }
    const value = patch[key];
    if (value === null) {
      delete out[key];
      continue;
    }
    const field = schema?.properties?.[key] ?? schema?.values;
    const before = Object.hasOwn(out, key) ? out[key] : undefined;
    if (isPlainObject(value)) {
      // A map with the `replace` strategy, or an atomic one, is still merged by key unless its schema says replace.
      const replaces = field?.patchStrategy?.split(',').includes('replace') === true;
      setOwn(out, key, replaces ? value : mergeObject(isPlainObject(before) ? before : {}, value, field));
    } else if (Array.isArray(value)) {
      setOwn(out, key, mergeList(Array.isArray(before) ? before : [], value, field, key));
    } else setOwn(out, key, value);
  }
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(ORDER)) continue;
    const name = key.slice(ORDER.length);
    const list = out[name];
    const order = patch[key];
    if (Array.isArray(list) && Array.isArray(order)) out[name] = reorder(list, order, schema?.properties?.[name], patch[name]);
  }
  return out;
}

/** Removes directives from a value that replaces what was there. */
function withoutDirectives(value: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) if (!key.startsWith('$')) setOwn(out, key, value[key]);
  return out;
}

function mergeList(original: unknown[], patch: unknown[], schema: Schema | undefined, name: string): unknown[] {
  const replace = patch.find((item) => isPlainObject(item) && item['$patch'] === 'replace');
  if (replace !== undefined) return patch.filter((item) => item !== replace);
  const merges = schema?.patchStrategy?.split(',').includes('merge') === true;
  if (!merges) return patch;
  const mergeKey = schema?.patchMergeKey;
  if (mergeKey === undefined) {
    const out = [...original];
    for (const item of patch) if (!out.includes(item)) out.push(item);
    return out;
  }
  const out = [...original];
  const added: unknown[] = [];
  for (const item of patch) {
    if (!isPlainObject(item)) throw newInternalError(`the elements of ${name} must be objects`);
    const value = item[mergeKey];
    if (value === undefined) throw newInternalError(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
    const matches = (other: unknown): boolean => isPlainObject(other) && other[mergeKey] === value;
    const at = out.findIndex(matches);
    if (item['$patch'] === 'delete') {
      for (let i = out.length - 1; i >= 0; i--) if (matches(out[i])) out.splice(i, 1);
    } else if (at >= 0) out[at] = mergeObject(out[at] as Record<string, unknown>, item, schema?.items);
    else {
      const clean = mergeObject({}, item, schema?.items);
      const again = added.findIndex(matches);
      if (again >= 0) added[again] = clean;
      else added.push(clean);
    }
  }
  // New elements stand first, as upstream's merge leaves them.
  return [...added, ...out];
}

/** Orders a merged list as `$setElementOrder` says; elements it does not name keep their place relative to the others. */
function reorder(list: unknown[], order: unknown[], schema: Schema | undefined, patched: unknown): unknown[] {
  const mergeKey = schema?.patchMergeKey;
  const keyOf = (item: unknown): unknown => (mergeKey !== undefined && isPlainObject(item) ? item[mergeKey] : item);
  const wanted = order.map(keyOf);
  const position = (item: unknown): number => wanted.indexOf(keyOf(item));
  const named = list.filter((item) => position(item) >= 0).sort((a, b) => position(a) - position(b));
  const others = list.filter((item) => position(item) < 0);
  void patched;
  const out: unknown[] = [];
  let next = 0;
  // Merge both sequences by where they stood before.
  for (const item of others) {
    const place = list.indexOf(item);
    while (next < named.length && list.indexOf(named[next]) < place) out.push(named[next++]);
    out.push(item);
  }
  return [...out, ...named.slice(next)];
}
