/** Writes every stale value anew, under the first provider and key. */
import { keyIdHash } from '../../kms/key-id.js';
import { KmsProvider } from '../../kms/provider.js';
import type { CheckpointFile } from '../checkpoint.js';
import { SILENT } from '../progress.js';
import { createRateLimit, type RateLimit } from '../rate-limit.js';
import { type KeyValueSource, pagesOf, type StoredEntry } from '../sources/key-value-source.js';
import { countAll, type EncryptionContext, prefixesOf, resourceOfKey } from './context.js';
import { faultOf, type ValueFault } from './value-fault.js';

const ATTEMPTS_MAX = 10;
/** In one step; etcd takes 128 values and 1.5 MiB. */
const BATCH_ENTRIES_MAX = 50;
const BATCH_BYTES_MAX = 512 * 1024;
/** In a checkpoint. */
const FAULTS_KEPT_MAX = 1000;

/** How {@link rewrap} works. */
export interface RewrapOptions {
  /** Counts what would be written, writes nothing. Default false. */
  dryRun?: boolean;
  /** Writes per second; 0 = no limit. Default 0. */
  perSecond?: number;
  /** Batches of values in flight. Default 4. */
  concurrency?: number;
  /** Where the work so far is kept. Default: nowhere. */
  checkpoint?: CheckpointFile;
  /** What tells one piece of work from another, e.g. the hash of the configuration. Default ''. */
  work?: string;
  /** Ends the work after the values that are in flight, keeping the checkpoint. */
  signal?: AbortSignal;
}

/** What {@link rewrap} did. */
export interface RewrapReport {
  /** Values looked at, those of an interrupted run included. */
  scannedCount: number;
  /** Values written anew; with `dryRun` those that would be. */
  rewrittenCount: number;
  /** Writes that somebody else's came before; the value was looked at again. */
  conflictCount: number;
  faults: ValueFault[];
  /** False when `signal` ended the work early. */
  isComplete: boolean;
  /** The key after which an earlier run's checkpoint let this one begin; '' = at the beginning. */
  resumedAfter: string;
}

/**
 * Rewraps the resources of the configuration. A value is replaced only if nobody has written it since it was read, so
 * no write is lost, and it is safe beside running API servers; running it twice, or again after a crash, does no harm.
 *
 * @throws {TypeError} when the store cannot be written.
 */
export async function rewrap(context: EncryptionContext, options: RewrapOptions = {}): Promise<RewrapReport> {
  const { source, progress = SILENT } = context;
  const { dryRun = false, concurrency = 4, checkpoint, signal } = options;
  if (!dryRun && source.replace === undefined) throw new TypeError('this store can only be read');
  const prefixes = prefixesOf(context, context.resources ?? context.encryption.resources);
  const work = JSON.stringify([options.work ?? '', writersOf(context), prefixes]);
  const last = dryRun ? null : (checkpoint?.read(work) ?? null);
  const report: RewrapReport = {
    scannedCount: last?.scanned ?? 0,
    rewrittenCount: last?.rewritten ?? 0,
    conflictCount: 0,
    faults: [...(last?.faults ?? [])],
    isComplete: true,
    resumedAfter: last?.after ?? '',
  };
  const job: Job = { dryRun, report, limit: createRateLimit(options.perSecond ?? 0) };
  progress.start(await countAll(source, prefixes));
  progress.advance(report.scannedCount);
  for (let i = last?.prefixIndex ?? 0; i < prefixes.length; i++) {
    const after = i === last?.prefixIndex ? last.after : '';
    for await (const page of pagesOf(source, prefixes[i] as string, after)) {
      const done = await inParallel(batchesOf(page, source.replaceAll === undefined), concurrency, signal, async (batch) => {
        await rewrapBatch(context, batch, job);
        progress.advance(batch.length);
      });
      if (!done) {
        // Part of the page is done: the next run looks at it again, which finds nothing stale in that part.
        progress.end();
        return { ...report, isComplete: false };
      }
      report.scannedCount += page.length;
      const { key } = page.at(-1) as StoredEntry;
      if (!dryRun) {
        checkpoint?.write({
          format: 1,
          work,
          prefixIndex: i,
          after: key,
          scanned: report.scannedCount,
          rewritten: report.rewrittenCount,
          faults: report.faults.slice(0, FAULTS_KEPT_MAX),
        });
      }
    }
  }
  progress.end();
  if (!dryRun) checkpoint?.remove();
  return report;
}

/** The keys that write, so that a key service's rotation makes it other work. */
function writersOf({ encryption }: EncryptionContext): string[] {
  return encryption.kms.map(({ config, transformer }) => {
    const id = transformer instanceof KmsProvider ? transformer.currentKeyId : null;
    return `${config.name} ${keyIdHash(id ?? '')}`;
  });
}

/** What the values of one run share. */
interface Job {
  dryRun: boolean;
  report: RewrapReport;
  limit: RateLimit;
}

/** Parts of a page that are small enough to be written in one step. */
function batchesOf(page: readonly StoredEntry[], isSingle: boolean): StoredEntry[][] {
  const batches: StoredEntry[][] = [];
  let bytes = 0;
  for (const entry of page) {
    const last = batches.at(-1);
    bytes += entry.value.length;
    if (last !== undefined && !isSingle && last.length < BATCH_ENTRIES_MAX && bytes <= BATCH_BYTES_MAX) last.push(entry);
    else {
      batches.push([entry]);
      bytes = entry.value.length;
    }
  }
  return batches;
}

/** Encrypts what is stale of a batch, then writes it. */
async function rewrapBatch(context: EncryptionContext, batch: readonly StoredEntry[], job: Job): Promise<void> {
  const changes: StoredEntry[] = [];
  for (const entry of batch) {
    try {
      const change = await changeOf(context, entry, job);
      if (change !== null) changes.push(change);
    } catch (error) {
      job.report.faults.push(faultOf(entry.key, error));
    }
  }
  if (changes.length === 0) return;
  if (job.dryRun) {
    job.report.rewrittenCount += changes.length;
    return;
  }
  await job.limit.take(changes.length);
  await writeBatch(context, changes, job);
}

/** Writes all in one step; if somebody wrote one of them, halves the batch until that one is alone. */
async function writeBatch(context: EncryptionContext, changes: readonly StoredEntry[], job: Job): Promise<void> {
  const [only] = changes;
  if (only === undefined) return;
  if (changes.length === 1) return rewrapEntry(context, only, job);
  try {
    if (await context.source.replaceAll?.(changes)) {
      job.report.rewrittenCount += changes.length;
      return;
    }
  } catch {
    // Too large for one step, or refused: smaller ones tell for themselves.
  }
  const half = changes.length >> 1;
  await writeBatch(context, changes.slice(0, half), job);
  await writeBatch(context, changes.slice(half), job);
}

/** The entry as it should be written; `null` when it is good as it is. */
async function changeOf(context: EncryptionContext, entry: StoredEntry, { dryRun }: Job): Promise<StoredEntry | null> {
  const { encryption } = context;
  const resource = resourceOfKey(context, entry.key);
  if (resource === null || encryption.writerFor(resource) === undefined) return null;
  const { data, stale } = await encryption.decryptForResource(resource, entry.value, entry.key);
  if (!stale) return null;
  return dryRun ? entry : { ...entry, value: await encryption.encryptForResource(resource, data, entry.key) };
}

async function rewrapEntry(context: EncryptionContext, first: StoredEntry, job: Job): Promise<void> {
  const source = context.source as KeyValueSource & Required<Pick<KeyValueSource, 'replace'>>;
  const { report } = job;
  let change: StoredEntry | null = first;
  try {
    for (let attempt = 1; change !== null; attempt++) {
      if (await source.replace(change.key, change.value, change.revision)) {
        report.rewrittenCount += 1;
        return;
      }
      report.conflictCount += 1;
      if (attempt >= ATTEMPTS_MAX) throw new Error(`others wrote it ${attempt} times in a row`);
      const entry: StoredEntry | null = await source.get(first.key);
      change = entry === null ? null : await changeOf(context, entry, job);
    }
  } catch (error) {
    report.faults.push(faultOf(first.key, error));
  }
}

/** @returns false when `signal` ended it before all items were begun. */
async function inParallel<T>(
  items: readonly T[],
  concurrency: number,
  signal: AbortSignal | undefined,
  work: (item: T) => Promise<void>,
): Promise<boolean> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && signal?.aborted !== true) await work(items[next++] as T);
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, worker));
  return next >= items.length;
}
