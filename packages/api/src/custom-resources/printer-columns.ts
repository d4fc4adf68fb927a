import type { KubeObject } from '@k/apimachinery';
import type { TableColumn, TableDefinition } from '../definition.js';
import { age } from '../tables/age.js';
import { NAME } from '../tables/columns.js';
import type { CrdColumn } from './crd-object.js';
import { findAll, parseJsonPath } from './json-path.js';

const AGE_COLUMN: CrdColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** A value as text: what is no text is shown as JSON. */
function printed(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A cell; a value that is not of the column's type leaves it empty. */
function cell(type: string, value: unknown, now: number): unknown {
  if (type === 'string') return printed(value);
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : typeof value === 'bigint' ? value : null;
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      if (typeof value !== 'string') return null;
      return RFC3339.test(value) && !Number.isNaN(Date.parse(value)) ? age(value, now) : '<invalid>';
    default:
      return null;
  }
}

/** How custom resources are printed: their name and the columns of their definition, by default their age. */
export function customTable(columns: readonly CrdColumn[] | undefined): TableDefinition {
  const given = columns === undefined || columns.length === 0 ? [AGE_COLUMN] : columns;
  const paths = given.map(({ jsonPath = '' }) => parseJsonPath(jsonPath));
  return {
    columns: [
      NAME,
      ...given.map(
        ({ name = '', type = '', format = '', description = '', priority = 0, jsonPath = '' }): TableColumn => ({
          name,
          type: type as TableColumn['type'],
          format,
          description: description === '' ? `Custom resource definition column (in JSONPath format): ${jsonPath}` : description,
          priority,
        }),
      ),
    ],
    cells: (object: KubeObject, now) => [
      object.metadata?.name ?? '',
      ...given.map(({ type = '' }, i) => {
        const path = paths[i];
        const found = path === null || path === undefined ? [] : findAll(object, path);
        return found.length === 0 ? null : cell(type, found[0], now);
      }),
    ],
  };
}
