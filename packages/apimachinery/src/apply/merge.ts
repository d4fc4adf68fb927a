import { isPlainObject, setOwn } from '../patch/own-property.js';
import type { Schema } from '../schema.js';
import { childOf, type FieldSet, isEmptySet } from './field-set.js';
import { entrySchema, itemPart, structureOf } from './structure.js';

/** Merges an applied value into a live one: maps by key, lists by element, the rest as a whole. Never mutates. */
export function merge(live: unknown, applied: unknown, schema: Schema | undefined): unknown {
  if (applied === undefined) return live;
  if (live === undefined) return applied;
  const structure = structureOf(schema, applied ?? live);
  if (structure === 'map') {
    const left = isPlainObject(live) ? live : {};
    const right = isPlainObject(applied) ? applied : {};
    const keys = Object.keys(right);
    if (keys.length === 0) return Object.keys(left).length === 0 ? applied : live;
    const out: Record<string, unknown> = { ...left };
    for (const key of keys) {
      setOwn(out, key, merge(Object.hasOwn(left, key) ? left[key] : undefined, right[key], entrySchema(schema, key)));
    }
    return out;
  }
  if (structure === 'list') {
    const left = Array.isArray(live) ? live : [];
    const right = Array.isArray(applied) ? applied : [];
    if (left.length === 0 && right.length === 0) return applied;
    return mergeItems(left, right, schema as Schema);
  }
  return applied;
}

/**
 * Merges the elements of two lists. Elements that both have follow the applied order; live ones keep their place
 * relative to the shared elements around them, new ones stand where they were applied.
 */
function mergeItems(live: readonly unknown[], applied: readonly unknown[], schema: Schema): unknown[] {
  const partsOf = (items: readonly unknown[]): string[] => items.map((item, i) => itemPart(item, schema) ?? `?${i}`);
  const liveParts = partsOf(live);
  const appliedParts = partsOf(applied);
  const liveByPart = new Map<string, unknown>();
  for (let i = live.length - 1; i >= 0; i--) liveByPart.set(liveParts[i] as string, live[i]);
  const isApplied = new Set(appliedParts);
  const shared = appliedParts.filter((part) => liveByPart.has(part));
  const done = new Set<string>();
  const out: unknown[] = [];
  let nextShared = 0;
  const takeApplied = (at: number): void => {
    const part = appliedParts[at] as string;
    out.push(merge(liveByPart.get(part), applied[at], schema.items));
    done.add(part);
    if (shared[nextShared] === part) nextShared++;
  };
  let l = 0;
  let a = 0;
  while (l < live.length || a < applied.length) {
    const livePart = liveParts[l];
    if (livePart !== undefined && a < applied.length) {
      if (livePart === appliedParts[a]) {
        takeApplied(a++);
        l++;
        continue;
      }
      // A shared element whose turn has not come: it is taken where the applied list has it.
      if (isApplied.has(livePart) && nextShared < shared.length && shared[nextShared] !== livePart) {
        l++;
        continue;
      }
    }
    if (livePart !== undefined) {
      if (!isApplied.has(livePart)) {
        out.push(live[l++]);
        continue;
      }
      if (done.has(livePart)) l++;
    }
    if (a < applied.length) takeApplied(a++);
  }
  return out;
}

/** The value without the fields of a set. What becomes empty on the way is `null`: there, but without content. */
export function removeFields(value: unknown, set: FieldSet, schema: Schema | undefined): unknown {
  if (isEmptySet(set)) return value;
  const structure = structureOf(schema, value);
  if (structure === 'map' && isPlainObject(value)) {
    const out: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      const { member, below } = childOf(set, `f:${key}`);
      if (!member) setOwn(out, key, removeFields(value[key], below, entrySchema(schema, key)));
    }
    return Object.keys(out).length === 0 ? null : out;
  }
  if (structure === 'list' && Array.isArray(value)) {
    const left: unknown[] = [];
    for (const item of value) {
      const { member, below } = childOf(set, itemPart(item, schema as Schema) ?? '?');
      if (!member) left.push(removeFields(item, below, schema?.items));
    }
    return left.length === 0 ? null : left;
  }
  return value;
}
