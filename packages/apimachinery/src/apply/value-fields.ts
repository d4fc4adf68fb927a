import { isPlainObject } from '../patch/own-property.js';
import type { Schema } from '../schema.js';
import { type FieldSet, isMember, putField } from './field-set.js';
import { entrySchema, isNamedField, itemPart, partSchema, structureOf } from './structure.js';

/** All fields that a value sets. */
export function fieldsOf(value: unknown, schema: Schema | undefined): FieldSet {
  const out: FieldSet = {};
  if (isPlainObject(value)) addEntries(out, value, schema);
  else if (Array.isArray(value) && schema !== undefined) addItems(out, value, schema);
  return out;
}

function addEntries(out: FieldSet, value: Record<string, unknown>, schema: Schema | undefined): void {
  for (const key of Object.keys(value)) {
    const child = value[key];
    const field = entrySchema(schema, key);
    const { member, below } = fieldsBelow(child, field);
    // Entries of maps are always fields themselves; named fields only when nothing below them stands for them.
    const isEntry = !isNamedField(schema, key);
    const isBare = child === null || (isPlainObject(child) && Object.keys(child).length === 0);
    putField(out, `f:${key}`, member || isEntry || isBare, below);
  }
}

function addItems(out: FieldSet, items: readonly unknown[], schema: Schema): void {
  for (const item of items) {
    const part = itemPart(item, schema);
    if (part !== null) putField(out, part, true, fieldsBelow(item, schema.items).below);
  }
}

function fieldsBelow(value: unknown, schema: Schema | undefined): { member: boolean; below: FieldSet } {
  const structure = structureOf(schema, value);
  if (structure === 'scalar' || structure === 'atomic') return { member: true, below: {} };
  if (structure === 'map') {
    const isEmpty = !isPlainObject(value) || Object.keys(value).length === 0;
    return { member: isEmpty, below: isEmpty ? {} : fieldsOf(value, schema) };
  }
  return { member: false, below: fieldsOf(value, schema) };
}

/** The set with every named field on the way to another field added, so that removing can tell what stays. */
export function withNamedFields(set: FieldSet, schema: Schema | undefined): FieldSet {
  const out: FieldSet = {};
  for (const part of Object.keys(set)) {
    if (part === '.') continue;
    const node = set[part] as FieldSet;
    const named = part.startsWith('f:') && isNamedField(schema, part.slice(2));
    putField(out, part, named || isMember(node), withNamedFields(node, partSchema(schema, part)));
  }
  return out;
}
