import type { KubeObject } from '@k/apimachinery';
import type { TableColumn, TableDefinition } from '../definition.js';
import { age } from './age.js';
import { nameOf } from './fields.js';

/** A text column, shown always. */
export const column = (name: string, type: TableColumn['type'] = 'string', format = ''): TableColumn => ({
  name,
  type,
  format,
  description: '',
  priority: 0,
});

/** A text column that only `-o wide` shows. */
export const wide = (name: string, format = ''): TableColumn => ({ ...column(name, 'string', format), priority: 1 });

/** The object's name. */
export const NAME: TableColumn = column('Name', 'string', 'name');

/** The time since the object was created. */
export const AGE: TableColumn = column('Age');

/** Names and images of containers. */
export const CONTAINERS: readonly TableColumn[] = [wide('Containers'), wide('Images')];

/** The age of an object. */
export const ageOf = (object: KubeObject, now: number): string => age(object.metadata?.creationTimestamp, now);

/** A table of name, some cells, age. */
export function named(columns: readonly TableColumn[], cells: (object: KubeObject, now: number) => unknown[]): TableDefinition {
  return { columns: [NAME, ...columns, AGE], cells: (object, now) => [nameOf(object), ...cells(object, now), ageOf(object, now)] };
}

/** Kinds without columns of their own show their name and creation time. */
export const GENERIC_TABLE: TableDefinition = {
  columns: [NAME, column('Created At', 'date')],
  cells: (object) => [nameOf(object), object.metadata?.creationTimestamp ?? null],
};
