/** The cells that tables show of objects of the built-in kinds. */
import type { KubeObject } from '@k/apimachinery';
import { createBuiltInCatalogue } from '../../src/index.js';

/** The moment at which tables are made. */
export const NOW: number = Date.parse('2026-01-10T00:00:00Z');
/** A moment as many seconds before. */
export const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();
/** Of an object that is 2 minutes old. */
export const metadata: NonNullable<KubeObject['metadata']> & { creationTimestamp: string } = {
  name: 'x',
  namespace: 'ns',
  creationTimestamp: ago(120),
};
/** The built-in kinds. */
export const catalogue: ReturnType<typeof createBuiltInCatalogue> = createBuiltInCatalogue();

/** Cells of an object of a group version's resource; its age is 2 minutes. */
export function cells(path: string, fields: object): unknown[] {
  const [resource = '', version = '', group = ''] = path.split(' ');
  const served = catalogue.find(group, version, resource);
  if (served === undefined) throw new Error(`no ${path}`);
  const apiVersion = group === '' ? version : `${group}/${version}`;
  return served.version.table.cells({ apiVersion, kind: served.definition.kind, metadata, ...fields } as KubeObject, NOW);
}
