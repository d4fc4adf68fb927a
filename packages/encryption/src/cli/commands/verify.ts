/** Whether every value can be read. */

import { inspectStoredValue } from '../../stored-value.js';
import { SILENT } from '../progress.js';
import { pagesOf } from '../sources/key-value-source.js';
import { countAll, type EncryptionContext, prefixesOf, resourceOfKey } from './context.js';
import { faultOf, type ValueFault } from './value-fault.js';

/** What {@link verify} found. */
export interface VerifyReport {
  /** Values that were decrypted. */
  goodCount: number;
  staleCount: number;
  faults: ValueFault[];
}

/** Decrypts every value that is encrypted or should be, and keeps none. */
export async function verify(context: EncryptionContext): Promise<VerifyReport> {
  const { source, encryption, progress = SILENT } = context;
  const prefixes = prefixesOf(context);
  const report: VerifyReport = { goodCount: 0, staleCount: 0, faults: [] };
  progress.start(await countAll(source, prefixes));
  for (const prefix of prefixes) {
    for await (const page of pagesOf(source, prefix)) {
      for (const { key, value } of page) {
        const resource = resourceOfKey(context, key);
        if (resource === null) continue;
        if (encryption.writerFor(resource) === undefined && inspectStoredValue(value).provider === 'identity') continue;
        try {
          const { data, stale } = await encryption.decryptForResource(resource, value, key);
          // Clear text lies in the answer; what was decrypted is not needed any more.
          if (data.buffer !== value.buffer) data.fill(0);
          report.goodCount += 1;
          if (stale) report.staleCount += 1;
        } catch (error) {
          report.faults.push(faultOf(key, error));
        }
      }
      progress.advance(page.length);
    }
  }
  progress.end();
  return report;
}
