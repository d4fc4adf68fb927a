import { newStatusError } from '../status.js';
import { difference, type FieldSet, isEmptySet, printPaths, union } from './field-set.js';
import type { ManagedSet } from './managed-state.js';

/** Fields that other managers own and an apply would change. */
export interface ApplyConflict {
  /** The manager's key, for the order of messages. */
  key: string;
  owner: ManagedSet;
  fields: FieldSet;
}

/** All fields in conflict. */
export function fieldsInConflict(conflicts: readonly ApplyConflict[]): FieldSet {
  return conflicts.reduce<FieldSet>((all, { fields }) => union(all, fields), {});
}

/** The conflicts that are left when some fields may be taken. */
export function withoutAllowed(conflicts: readonly ApplyConflict[], allowed: FieldSet): ApplyConflict[] {
  return conflicts
    .map((conflict) => ({ ...conflict, fields: difference(conflict.fields, allowed) }))
    .filter(({ fields }) => !isEmptySet(fields));
}

/** 409 `Apply failed with N conflicts: …` with one cause per field. */
export function conflictError(conflicts: readonly ApplyConflict[]): Error {
  const sorted = [...conflicts].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const rows = sorted.map(({ owner, fields }) => ({ owner: describe(owner), paths: printPaths(fields) }));
  const causes = rows.flatMap(({ owner, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${owner}`, field })),
  );
  const text =
    causes.length === 1
      ? `${causes[0]?.message}: ${causes[0]?.field}`
      : rows.map(({ owner, paths }) => [`conflicts with ${owner}:`, ...paths.map((path) => `- ${path}`)].join('\n')).join('\n');
  const count = `${causes.length} conflict${causes.length === 1 ? '' : 's'}`;
  return newStatusError(409, 'Conflict', `Apply failed with ${count}: ${text}`, { causes });
}

function describe({ manager, operation, apiVersion, subresource }: ManagedSet): string {
  const name = JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
