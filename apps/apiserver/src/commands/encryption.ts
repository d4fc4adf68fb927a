/** `k-apiserver encryption status|verify|rewrap|decrypt KEY`: encryption at rest of the store that the flags name. */
import {
  checkpointFile,
  decryptKey,
  formatFaults,
  formatStatus,
  type KeyValueSource,
  progressBar,
  rewrap,
  type StoredEntry,
  status,
  verify,
} from '@k/encryption/cli-commands';
import { createKmsTransformer } from '@k/encryption/kms';
import { loadEncryptionConfiguration } from '@k/encryption/reload';
import type { KeyValue, KeyValueStore } from '@k/storage';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { forFlag } from '../flags/read-file.js';
import { openCommandStore } from './command-store.js';

/** What a command prints, and whether it found something wrong. */
export interface CommandOutcome {
  text: string;
  exitCode: number;
}

const VERBS = ['status', 'verify', 'rewrap', 'decrypt'];

/** A store as the commands of `@k/encryption` see it. */
function sourceOf(store: KeyValueStore): KeyValueSource {
  const entry = ({ key, value, modRevision }: KeyValue): StoredEntry => ({ key, value, revision: String(modRevision) });
  return {
    async list(prefix, { after, limit }) {
      const { kvs } = await store.range({ prefix, limit, ...(after === '' ? {} : { startKey: `${after}\u0000` }) });
      return kvs.map(entry);
    },
    count: async (prefix) => (await store.range({ prefix, countOnly: true })).count,
    async get(key) {
      const { kv } = await store.get(key);
      return kv === null ? null : entry(kv);
    },
    replace: async (key, value, revision) => (await store.update(key, value, Number(revision))).ok,
    close: () => store.close(),
  };
}

/**
 * Runs the command.
 *
 * @param words - What stands after `encryption`: the verb, and the key for `decrypt`.
 */
export async function runEncryption(words: readonly string[], flags: Flags): Promise<CommandOutcome> {
  const [verb = '', key] = words;
  if (!VERBS.includes(verb)) throw new FlagError(`encryption: expected ${VERBS.join(', ')}, got ${JSON.stringify(verb)}`);
  if (verb === 'decrypt' && key === undefined) throw new FlagError('encryption decrypt: expected the full key of a value');
  const file = flags.optional('encryption-provider-config');
  if (file === undefined && verb !== 'status') throw new FlagError(`encryption ${verb} needs --encryption-provider-config`);
  const loaded =
    file === undefined
      ? undefined
      : await forFlag('encryption-provider-config', () =>
          loadEncryptionConfiguration(file, { kms: (config) => createKmsTransformer(config, { poll: false }) }),
        );
  const { store } = await openCommandStore(flags);
  const prefix = flags.text('etcd-prefix').replace(/\/+$/, '');
  const context = { source: sourceOf(store), prefix, progress: progressBar(verb, process.stderr) };
  try {
    if (verb === 'status' || loaded === undefined) {
      const report = await status(loaded === undefined ? context : { ...context, encryption: loaded.transformer });
      return { text: formatStatus(report), exitCode: 0 };
    }
    const withKeys = { ...context, encryption: loaded.transformer };
    if (verb === 'decrypt') {
      const { data } = await decryptKey(withKeys, key as string);
      return { text: `${Buffer.from(data).toString('utf8')}\n`, exitCode: 0 };
    }
    if (verb === 'verify') {
      const { goodCount, staleCount, faults } = await verify(withKeys);
      return {
        text: `${formatFaults(faults)}${goodCount} values are good, ${staleCount} of them stale; ${faults.length} cannot be read\n`,
        exitCode: faults.length === 0 ? 0 : 1,
      };
    }
    const { rewrittenCount, scannedCount, conflictCount, faults } = await rewrap(withKeys, {
      dryRun: flags.on('dry-run'),
      perSecond: flags.number('rate'),
      checkpoint: checkpointFile(flags.optional('checkpoint')),
      work: loaded.hash,
    });
    const done = flags.on('dry-run') ? 'would be written anew' : 'were written anew';
    const text = `${formatFaults(faults)}${rewrittenCount} of ${scannedCount} values ${done}, ${conflictCount} conflicts; ${faults.length} cannot be read\n`;
    return { text, exitCode: faults.length === 0 ? 0 : 1 };
  } finally {
    loaded?.transformer.close();
    await store.close();
  }
}
