/**
 * Strategic merge patch: a merge patch that knows by schema which lists merge and by which key, with the directives
 * `$patch` (replace, delete), `$retainKeys`, `$setElementOrder/x` and `$deleteFromPrimitiveList/x`.
 */
import type { Schema } from '../schema.js';
import { newBadRequest } from '../status.js';
import { printGoValue } from './go-values.js';
import { orderMerged, partition } from './list-order.js';
import { isPlainObject, setOwn } from './own-property.js';

type Fields = Record<string, unknown>;

const DIRECTIVE = '$patch';
const RETAIN = '$retainKeys';
const ORDER = '$setElementOrder/';
const DELETE_PRIMITIVE = '$deleteFromPrimitiveList/';

const isDirective = (key: string): boolean =>
  key === DIRECTIVE || key === RETAIN || key.startsWith(ORDER) || key.startsWith(DELETE_PRIMITIVE);

/**
 * Applies a strategic merge patch. Never mutates its inputs.
 *
 * @throws StatusError 400 for directives that make no sense, with kube-apiserver's texts.
 */
export function applyStrategicMergePatch<T>(original: T, patch: unknown, schema: Schema): T {
  return mergeObject(isPlainObject(original) ? original : {}, isPlainObject(patch) ? patch : {}, schema) as T;
}

function unknownDirective(patch: Fields): Error {
  return newBadRequest(`unknown patch type: ${printGoValue(patch[DIRECTIVE])} in map: ${printGoValue(patch)}`);
}

function noMergeKey(item: unknown, mergeKey: string): Error {
  return newBadRequest(`map: ${printGoValue(item)} does not contain declared merge key: ${mergeKey}`);
}

const strategiesOf = (schema: Schema | undefined): readonly string[] => schema?.patchStrategy?.split(',') ?? [];

function fieldOf(schema: Schema | undefined, key: string): Schema | undefined {
  const { properties } = schema ?? {};
  return properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : schema?.values;
}

function mergeObject(original: Fields, patch: Fields, schema: Schema | undefined): Fields {
  if (Object.hasOwn(patch, DIRECTIVE)) {
    if (patch[DIRECTIVE] === 'replace') {
      const { [DIRECTIVE]: _directive, ...content } = patch;
      return content;
    }
    if (patch[DIRECTIVE] === 'delete') return {};
    throw unknownDirective(patch);
  }
  const out: Fields = { ...original };
  retainKeys(out, patch);
  const done = new Set<string>();
  for (const key of Object.keys(patch)) if (key.startsWith(ORDER)) mergeOrdered(out, patch, key, schema, done);
  for (const key of Object.keys(patch)) {
    if (key === RETAIN || key.startsWith(ORDER) || done.has(key)) continue;
    if (key.startsWith(DELETE_PRIMITIVE)) deletePrimitives(out, key.slice(DELETE_PRIMITIVE.length), patch[key]);
    else mergeField(out, key, patch[key], fieldOf(schema, key));
  }
  return out;
}

function mergeField(out: Fields, key: string, value: unknown, schema: Schema | undefined): void {
  if (value === null) {
    delete out[key];
    return;
  }
  const before = Object.hasOwn(out, key) ? out[key] : undefined;
  if (isPlainObject(value) && isPlainObject(before)) {
    setOwn(out, key, strategiesOf(schema).includes('replace') ? value : mergeObject(before, value, schema));
  } else if (Array.isArray(value) && Array.isArray(before)) setOwn(out, key, mergeList(before, value, schema));
  else {
    const content = withoutDirectives(value);
    if (content === undefined) delete out[key];
    else setOwn(out, key, content);
  }
}

/** A value that is taken as it is: without directives, without what they delete, and without nulls. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isPlainObject(value)) return value;
  if (value[DIRECTIVE] === 'delete') return undefined;
  if (Object.hasOwn(value, DIRECTIVE) && value[DIRECTIVE] !== 'replace') throw unknownDirective(value);
  const out: Fields = {};
  for (const key of Object.keys(value)) {
    if (isDirective(key) || value[key] === null) continue;
    const content = withoutDirectives(value[key]);
    if (content !== undefined) setOwn(out, key, content);
  }
  return out;
}

/** `$retainKeys`: every other key goes; the patch itself may set no other. */
function retainKeys(out: Fields, patch: Fields): void {
  if (!Object.hasOwn(patch, RETAIN)) return;
  const retained = patch[RETAIN];
  if (!Array.isArray(retained)) throw newBadRequest('invalid patch format of retainKeys');
  for (const key of Object.keys(patch)) {
    if (patch[key] !== null && !isDirective(key) && !retained.includes(key)) throw newBadRequest('invalid patch format of retainKeys');
  }
  for (const key of Object.keys(out)) if (!retained.includes(key)) delete out[key];
}

function deletePrimitives(out: Fields, name: string, gone: unknown): void {
  if (!Array.isArray(gone)) throw newBadRequest('invalid patch format of primitive list');
  const list = Object.hasOwn(out, name) ? out[name] : undefined;
  if (Array.isArray(list)) out[name] = list.filter((item) => !gone.includes(item));
}

function mergeList(original: readonly unknown[], patch: readonly unknown[], schema: Schema | undefined): unknown[] {
  if (!strategiesOf(schema).includes('merge')) return [...patch];
  if (original.length === 0 && patch.length === 0) return [];
  if ([...original, ...patch].some(Array.isArray)) {
    throw newBadRequest('lists of lists are not supported');
  }
  const hasMaps = isPlainObject(original[0] ?? patch[0]);
  if ([...original, ...patch].some((item) => isPlainObject(item) !== hasMaps)) {
    throw newBadRequest('list element types are not identical');
  }
  const mergeKey = schema?.patchMergeKey ?? '';
  if (!hasMaps) {
    const merged = [...new Set([...original, ...patch])];
    return orderMerged(merged, patch, original, '');
  }
  const special = withoutSpecialElements(original as Fields[], patch as Fields[], mergeKey);
  const merged = [...special.original];
  for (const item of special.patch) {
    if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey);
    const at = merged.findIndex((other) => other[mergeKey] === item[mergeKey]);
    if (at >= 0) merged[at] = mergeObject(merged[at] as Fields, item, schema?.items);
    else merged.push(withoutDirectives(item) as Fields);
  }
  return orderMerged(merged, special.patch, special.original, mergeKey);
}

/** Carries out the `$patch` elements of a list. */
function withoutSpecialElements(original: Fields[], patch: Fields[], mergeKey: string): { original: Fields[]; patch: Fields[] } {
  let left = original;
  let replaces = false;
  const rest: Fields[] = [];
  for (const item of patch) {
    if (!Object.hasOwn(item, DIRECTIVE)) rest.push(item);
    else if (item[DIRECTIVE] === 'delete') {
      if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey);
      left = left.filter((other) => other[mergeKey] !== item[mergeKey]);
    } else if (item[DIRECTIVE] === 'replace') replaces = true;
    else if (item[DIRECTIVE] === 'merge') throw newBadRequest('merging lists cannot yet be specified in the patch');
    else throw unknownDirective(item);
  }
  return replaces ? { original: rest, patch: [] } : { original: left, patch: rest };
}

/** `$setElementOrder/x` together with the patch of `x`. */
function mergeOrdered(out: Fields, patch: Fields, directive: string, schema: Schema | undefined, done: Set<string>): void {
  const key = directive.slice(ORDER.length);
  const order = patch[directive];
  if (!Array.isArray(order)) throw newBadRequest('invalid patch format of setElementOrder list');
  const field = fieldOf(schema, key);
  const mergeKey = field?.patchMergeKey ?? '';
  const before = Object.hasOwn(out, key) ? out[key] : undefined;
  const change = Object.hasOwn(patch, key) ? patch[key] : undefined;
  for (const list of [before, change]) {
    if (list !== undefined && list !== null && !Array.isArray(list)) {
      throw newBadRequest(`expected a list of ${key}, but received ${printGoValue(list)}`);
    }
  }
  const original = (before ?? undefined) as unknown[] | undefined;
  const patched = (change ?? undefined) as unknown[] | undefined;
  if (patched !== undefined) checkOrder(patched, order, mergeKey);
  if (original === undefined && patched === undefined) return;
  const merged = patched === undefined ? (original as unknown[]) : mergeList(original ?? [], patched, field);
  const missing =
    mergeKey === '' ? undefined : [...order, ...merged].find((item) => !isPlainObject(item) || !Object.hasOwn(item, mergeKey));
  if (missing !== undefined) throw noMergeKey(missing, mergeKey);
  setOwn(out, key, orderMerged(merged, order, original ?? [], mergeKey));
  done.add(key);
}

/** The elements of a patch must stand in the order that goes with it. */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (patch.length === 0 || order.length === 0) return;
  const kept = patch.filter((item) => !isPlainObject(item) || item[DIRECTIVE] !== 'delete');
  const { isSame } = partition(mergeKey);
  let at = 0;
  for (const item of order) if (at < kept.length && isSame(kept[at], item)) at++;
  if (at >= kept.length) return;
  throw newBadRequest(`The order in patch list:\n${printGoValue(patch)}\n doesn't match $setElementOrder list:\n${printGoValue(order)}\n`);
}
