/**
 * Sets of field paths, the content of `managedFields[].fieldsV1`.
 *
 * A set is a tree in the JSON form itself: `f:name` a field, `k:{…}` a list element by its keys, `v:…` a set element,
 * `.` the node itself. A child without content is in the set; one with content only if it has a `.`. Working on that
 * form means nothing has to be converted on the write path. Sets are never mutated once they were handed out.
 */
import type { JsonObject } from '../object.js';

/** A set of field paths. */
export type FieldSet = { [part: string]: FieldSet };

const SELF = '.';
const LEAF: FieldSet = Object.freeze({}) as FieldSet;

/** True for a set without fields. */
export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Whether the path that leads to this node is in the set. */
export function isMember(node: FieldSet): boolean {
  return Object.hasOwn(node, SELF) || isEmptySet(node);
}

function childrenOf(node: FieldSet): FieldSet {
  if (!Object.hasOwn(node, SELF)) return node;
  const { [SELF]: _self, ...children } = node;
  return children;
}

/** Puts a path and what is below it into a set under construction; nothing when there is nothing to put. */
export function putField(target: FieldSet, part: string, member: boolean, children: FieldSet): void {
  if (isEmptySet(children)) {
    if (member) target[part] = LEAF;
  } else target[part] = member ? { [SELF]: LEAF, ...children } : children;
}

/** Fields in either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  const out: FieldSet = { ...a };
  for (const part of Object.keys(b)) {
    const left = a[part];
    const right = b[part] as FieldSet;
    if (left === undefined) out[part] = right;
    else if (part !== SELF) putField(out, part, isMember(left) || isMember(right), union(childrenOf(left), childrenOf(right)));
  }
  return out;
}

/** Fields of `a` that are not in `b`; a path of `b` covers only itself, not what is below it. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  const out: FieldSet = {};
  for (const part of Object.keys(a)) {
    const left = a[part] as FieldSet;
    const right = b[part];
    if (right === undefined) out[part] = left;
    else if (part !== SELF) {
      putField(out, part, isMember(left) && !isMember(right), difference(childrenOf(left), childrenOf(right)));
    }
  }
  return out;
}

/** Fields of `a` that are neither in `b` nor below a field of `b`. */
export function differenceDeep(a: FieldSet, b: FieldSet): FieldSet {
  const out: FieldSet = {};
  for (const part of Object.keys(a)) {
    const left = a[part] as FieldSet;
    const right = b[part];
    if (right === undefined) out[part] = left;
    else if (!isMember(right)) putField(out, part, isMember(left), differenceDeep(childrenOf(left), right));
  }
  return out;
}

/** Fields in both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const out: FieldSet = {};
  for (const part of Object.keys(a)) {
    const left = a[part] as FieldSet;
    const right = b[part];
    if (right === undefined || part === SELF) continue;
    putField(out, part, isMember(left) && isMember(right), intersection(childrenOf(left), childrenOf(right)));
  }
  return out;
}

/** What a set holds of one child: whether the child itself is in it, and what is below. */
export function childOf(set: FieldSet, part: string): { member: boolean; below: FieldSet } {
  const node = set[part];
  return node === undefined ? { member: false, below: LEAF } : { member: isMember(node), below: childrenOf(node) };
}

/** A set of field paths from dotted names, e.g. `[['metadata', 'labels'], ['spec']]`. */
export function setOfPaths(paths: readonly (readonly string[])[]): FieldSet {
  let out: FieldSet = {};
  for (const path of paths) {
    let one: FieldSet = LEAF;
    for (let i = path.length - 1; i >= 0; i--) one = { [`f:${path[i]}`]: one };
    out = union(out, one);
  }
  return out;
}

/** Paths of a set for messages, in upstream's order: of each node first its own fields, then what is below them. */
export function printPaths(set: FieldSet, prefix = ''): string[] {
  const parts = sortedParts(Object.keys(set).filter((part) => part !== SELF));
  const out = parts.filter((part) => isMember(set[part] as FieldSet)).map((part) => prefix + printPart(part));
  for (const part of parts) out.push(...printPaths(childrenOf(set[part] as FieldSet), prefix + printPart(part)));
  return out;
}

/** `.name`, `[key="value"]`, `[="value"]` or `[0]`. */
export function printPart(part: string): string {
  const value = part.slice(2);
  if (part.startsWith('f:')) return `.${value}`;
  if (part.startsWith('v:')) return `[=${value}]`;
  if (part.startsWith('i:')) return `[${value}]`;
  const keys = JSON.parse(value) as Record<string, unknown>;
  return `[${Object.keys(keys)
    .map((key) => `${key}=${JSON.stringify(keys[key])}`)
    .join(',')}]`;
}

const PART_KINDS = 'fkvi';

/** Fields before keyed elements before set elements before indexes, each sorted; numbers by value. */
function comparePartValues(a: string, left: unknown, b: string, right: unknown): number {
  const kinds = PART_KINDS.indexOf(a[0] as string) - PART_KINDS.indexOf(b[0] as string);
  if (kinds !== 0) return kinds;
  if (a[0] === 'f') return a < b ? -1 : a > b ? 1 : 0;
  return compareValues(left, right);
}

function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null) {
    const left = Object.entries(a);
    const right = Object.entries(b);
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      const [leftKey, leftValue] = left[i] as [string, unknown];
      const [rightKey, rightValue] = right[i] as [string, unknown];
      if (leftKey !== rightKey) return leftKey < rightKey ? -1 : 1;
      const values = compareValues(leftValue, rightValue);
      if (values !== 0) return values;
    }
    return left.length - right.length;
  }
  const left = String(a);
  const right = String(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Parts in the order in which they are stored; sorts in place. */
export function sortedParts(parts: string[]): string[] {
  if (parts.length < 2) return parts;
  if (parts.every((part) => part.startsWith('f:'))) return parts.sort();
  // What keys hold is read once, not at each comparison.
  const read = parts.map((part) => ({ part, value: part.startsWith('f:') ? part : (JSON.parse(part.slice(2)) as unknown) }));
  read.sort((a, b) => comparePartValues(a.part, a.value, b.part, b.value));
  return read.map(({ part }) => part);
}

/** A set as it is stored: parts in order. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const out: JsonObject = {};
  if (Object.hasOwn(set, SELF)) out[SELF] = {};
  const parts = Object.keys(set).filter((part) => part !== SELF);
  for (const part of sortedParts(parts)) out[part] = toFieldsV1(set[part] as FieldSet);
  return out;
}

/**
 * Reads a set out of a managed fields entry.
 *
 * @returns `null` when it is malformed.
 */
export function fromFieldsV1(fields: JsonObject | undefined): FieldSet | null {
  return isFieldSet(fields ?? {}) ? ((fields ?? {}) as FieldSet) : null;
}

function isFieldSet(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const part of Object.keys(value)) {
    if (part !== SELF && !isPart(part)) return false;
    if (!isFieldSet((value as Record<string, unknown>)[part])) return false;
  }
  return true;
}

function isPart(part: string): boolean {
  if (part.startsWith('f:')) return true;
  if (part.startsWith('i:')) return /^-?\d+$/.test(part.slice(2));
  if (!part.startsWith('k:') && !part.startsWith('v:')) return false;
  try {
    const value: unknown = JSON.parse(part.slice(2));
    return part.startsWith('v:') || (typeof value === 'object' && value !== null && !Array.isArray(value));
  } catch {
    return false;
  }
}
