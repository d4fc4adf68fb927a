/** What fields mean, as `kubectl explain` shows it. The texts come with the built package, not with the sources. */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** Texts by definition, then by field; '' is the definition itself. */
export type DescriptionTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Texts of definitions and fields. */
export interface Descriptions {
  /** @returns undefined when there is no text. */
  of(definition: string, field?: string): string | undefined;
}

/** The file that the build writes beside this module. */
const FILE = 'field-descriptions.json.gz';

/** Descriptions from a table. */
export function descriptionsFrom(table: DescriptionTable): Descriptions {
  return {
    of(definition, field = '') {
      const fields = Object.hasOwn(table, definition) ? table[definition] : undefined;
      return fields !== undefined && Object.hasOwn(fields, field) ? fields[field] : undefined;
    },
  };
}

/**
 * The texts of release 1.36: the built file, or, when this runs from the sources, the type declarations that the
 * build reads.
 */
export async function loadDescriptions(): Promise<Descriptions> {
  let bytes: Buffer;
  try {
    bytes = await readFile(new URL(`./${FILE}`, import.meta.url));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const { readDescriptions } = await import('./read-descriptions.js');
    return descriptionsFrom(await readDescriptions());
  }
  return descriptionsFrom(JSON.parse((await promisify(gunzip)(bytes)).toString('utf8')) as DescriptionTable);
}
