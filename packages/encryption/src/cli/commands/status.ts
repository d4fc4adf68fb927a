/** Which values lie under which key. */
import type { EncryptionTransformer } from '../../encryption-transformer.js';
import { SILENT } from '../progress.js';
import { pagesOf } from '../sources/key-value-source.js';
import { type CommandContext, countAll, prefixesOf, resourceOfKey } from './context.js';
import { stateOf } from './staleness.js';

/** Values of one resource under one key. */
export interface StatusRow {
  resource: string;
  provider: string;
  keyName: string;
  /** Of KMS v2: `sha256:<hex>` of the service's key id; else ''. */
  keyIdHash: string;
  valueCount: number;
  /** Values of these that a rewrap would write anew; `null` without a configuration. */
  staleCount: number | null;
}

/** What {@link status} found. */
export interface StatusReport {
  rows: StatusRow[];
  valueCount: number;
  staleCount: number | null;
}

/**
 * Counts values by resource, provider and key. Reads headers only, so it needs no key and no key service; with a
 * configuration it tells what is stale.
 *
 * @param options.all - Also resources in clear text that no rule names. Default false.
 */
export async function status(
  context: CommandContext & { encryption?: EncryptionTransformer },
  options: { all?: boolean } = {},
): Promise<StatusReport> {
  const { source, encryption, progress = SILENT } = context;
  const prefixes = prefixesOf(context);
  const rows = new Map<string, StatusRow>();
  progress.start(await countAll(source, prefixes));
  for (const prefix of prefixes) {
    for await (const page of pagesOf(source, prefix)) {
      for (const { key, value } of page) {
        const resource = resourceOfKey(context, key);
        if (resource === null) continue;
        const { header, keyIdHash, isStale } = stateOf(encryption, resource, value);
        const isOfInterest = options.all === true || header.provider !== 'identity' || encryption?.writerFor(resource) !== undefined;
        if (!isOfInterest && context.resources === undefined) continue;
        const id = JSON.stringify([resource, header.provider, header.keyName, keyIdHash]);
        const row = rows.get(id) ?? {
          resource,
          provider: header.provider,
          keyName: header.keyName,
          keyIdHash,
          valueCount: 0,
          staleCount: encryption === undefined ? null : 0,
        };
        row.valueCount += 1;
        if (row.staleCount !== null && isStale) row.staleCount += 1;
        rows.set(id, row);
      }
      progress.advance(page.length);
    }
  }
  progress.end();
  const sorted = [...rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  return {
    rows: sorted,
    valueCount: sorted.reduce((sum, { valueCount }) => sum + valueCount, 0),
    staleCount: encryption === undefined ? null : sorted.reduce((sum, { staleCount }) => sum + (staleCount ?? 0), 0),
  };
}

/** The report as a table. */
export function formatStatus(report: StatusReport): string {
  const cells = report.rows.map((row) => [
    row.resource,
    row.provider === 'identity' ? 'identity (clear text)' : row.provider,
    row.keyIdHash === '' ? row.keyName || '-' : `${row.keyName} ${row.keyIdHash.slice(0, 19)}`,
    String(row.valueCount),
    row.staleCount === null ? '-' : String(row.staleCount),
  ]);
  const table = [['RESOURCE', 'PROVIDER', 'KEY', 'VALUES', 'STALE'], ...cells];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => (row[column] as string).length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join('   ')
      .trimEnd(),
  );
  const stale = report.staleCount === null ? '' : `, ${report.staleCount} stale`;
  return `${lines.join('\n')}\n\n${report.valueCount} values${stale}\n`;
}
