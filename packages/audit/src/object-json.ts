/** Bodies as the log keeps them: JSON text, perhaps without managed fields. */

import { randomUUID } from 'node:crypto';

/** Names and versions inside an object. */
export interface LoggedObject {
  kind?: string;
  apiVersion?: string;
  metadata?: { name?: string; namespace?: string; uid?: string; resourceVersion?: string; managedFields?: unknown } | null;
  items?: unknown;
  rows?: unknown;
}

/** A copy without `metadata.managedFields`: of the object, a list's items and the objects of a table's rows. */
export function withoutManagedFields<T extends LoggedObject>(object: T): T {
  const strip = (item: LoggedObject): LoggedObject => {
    if (item?.metadata?.managedFields === undefined) return item;
    const { managedFields: _fields, ...metadata } = item.metadata;
    return { ...item, metadata };
  };
  const out = strip(object) as T;
  if (Array.isArray(out.items)) return { ...out, items: out.items.map((item) => strip(item as LoggedObject)) };
  if (Array.isArray(out.rows)) {
    return { ...out, rows: out.rows.map((row: { object?: LoggedObject }) => (row.object ? { ...row, object: strip(row.object) } : row)) };
  }
  return out;
}

/** JSON of a value that may hold 64-bit integers, to the last digit. */
export function objectJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // A mark that nobody can put into an object beforehand.
    const mark = randomUUID();
    const text = JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? `${mark}${item}` : item));
    return text.replace(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
  }
}

/** JSON text without white space outside of strings: an event is one line. Null when it is not JSON. */
export function compactJson(text: string): string | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  return text.replace(/"(?:[^"\\]|\\.)*"|\s+/g, (part) => (part.startsWith('"') ? part : ''));
}
