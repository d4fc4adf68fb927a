import { isPlainObject } from '../patch/own-property.js';
import type { Schema } from '../schema.js';
import { differenceDeep, type FieldSet, isEmptySet, putField } from './field-set.js';
import { entrySchema, itemPart, sameValue, structureOf } from './structure.js';

/** What distinguishes two objects. */
export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

type Change = keyof Comparison | null;

/** Compares two objects field by field as the schema divides them. `undefined` = there is none. */
export function compare(before: unknown, after: unknown, schema: Schema): Comparison {
  const out: Comparison = { added: {}, modified: {}, removed: {} };
  compareValue(before, after, schema, out);
  return out;
}

/** The comparison without some fields and all that is below them. */
export function withoutFields(comparison: Comparison, ignored: FieldSet): Comparison {
  if (isEmptySet(ignored)) return comparison;
  return {
    added: differenceDeep(comparison.added, ignored),
    modified: differenceDeep(comparison.modified, ignored),
    removed: differenceDeep(comparison.removed, ignored),
  };
}

/** Nothing changed at all. */
export function isSame({ added, modified, removed }: Comparison): boolean {
  return isEmptySet(added) && isEmptySet(modified) && isEmptySet(removed);
}

function leaf(before: unknown, after: unknown): Change {
  if (before === undefined) return after === undefined ? null : 'added';
  if (after === undefined) return 'removed';
  return sameValue(before, after) ? null : 'modified';
}

/** Compares what is below a path into `out`; returns what happened to the path itself. */
function compareValue(before: unknown, after: unknown, schema: Schema | undefined, out: Comparison): Change {
  if (before === after) return null;
  const structure = structureOf(schema, after ?? before);
  const other = structureOf(schema, before ?? after);
  if (structure !== other || structure === 'scalar' || structure === 'atomic') return leaf(before, after);
  if (structure === 'map') {
    const left = isPlainObject(before) ? before : {};
    const right = isPlainObject(after) ? after : {};
    const leftKeys = Object.keys(left);
    const rightKeys = Object.keys(right);
    if (leftKeys.length === 0 && rightKeys.length === 0) return leaf(before, after);
    for (const key of rightKeys) {
      compareChild(Object.hasOwn(left, key) ? left[key] : undefined, right[key], entrySchema(schema, key), `f:${key}`, out);
    }
    for (const key of leftKeys) {
      if (!Object.hasOwn(right, key)) compareChild(left[key], undefined, entrySchema(schema, key), `f:${key}`, out);
    }
  } else {
    const left = Array.isArray(before) ? before : [];
    const right = Array.isArray(after) ? after : [];
    if (left.length === 0 && right.length === 0) return leaf(before, after);
    compareItems(left, right, schema as Schema, out);
  }
  return before === undefined ? 'added' : after === undefined ? 'removed' : null;
}

function compareChild(before: unknown, after: unknown, schema: Schema | undefined, part: string, out: Comparison): void {
  if (before === after) return;
  const below: Comparison = { added: {}, modified: {}, removed: {} };
  const own = compareValue(before, after, schema, below);
  putField(out.added, part, own === 'added', below.added);
  putField(out.modified, part, own === 'modified', below.modified);
  putField(out.removed, part, own === 'removed', below.removed);
}

function byPart(items: readonly unknown[], schema: Schema): Map<string, unknown[]> {
  const out = new Map<string, unknown[]>();
  for (const item of items) {
    const part = itemPart(item, schema);
    if (part === null) continue;
    const known = out.get(part);
    if (known) known.push(item);
    else out.set(part, [item]);
  }
  return out;
}

function compareItems(before: readonly unknown[], after: readonly unknown[], schema: Schema, out: Comparison): void {
  const old = byPart(before, schema);
  const now = byPart(after, schema);
  const both = (left: unknown[] | undefined, right: unknown[] | undefined, part: string): void => {
    // Stored objects may hold an element twice; such elements count as one value.
    if ((left?.length ?? 0) > 1 || (right?.length ?? 0) > 1) {
      const change = leaf(left, right);
      if (change !== null) putField(out[change], part, true, {});
    } else compareChild(left?.[0], right?.[0], schema.items, part, out);
  };
  for (const [part, items] of now) both(old.get(part), items, part);
  for (const [part, items] of old) if (!now.has(part)) both(items, undefined, part);
}
