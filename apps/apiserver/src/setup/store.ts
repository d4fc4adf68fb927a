/** The store that the flags name: etcd, or the embedded one. */
import { join } from 'node:path';
import type { KeyValueStore } from '@k/storage';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { readFlagFile } from '../flags/read-file.js';

/**
 * Checks the flags of the store.
 *
 * @param dataDir - Folder of the embedded store.
 * @returns What opens the store.
 * @throws {@link FlagError} for endpoints that are none and files that cannot be read.
 */
export function setUpStore(flags: Flags, dataDir: string): () => Promise<KeyValueStore> {
  const endpoints = flags.list('etcd-servers');
  const compactionIntervalMs = flags.number('etcd-compaction-interval');
  if (endpoints.length === 0) {
    for (const name of ['etcd-cafile', 'etcd-certfile', 'etcd-keyfile']) {
      if (flags.isGiven(name)) throw new FlagError(`--${name} needs --etcd-servers`);
    }
    return async () => {
      const { openEmbeddedStore } = await import('@k/storage');
      return openEmbeddedStore({ dir: join(dataDir, 'store') });
    };
  }
  for (const endpoint of endpoints) {
    if (!URL.canParse(endpoint) || !['http:', 'https:'].includes(new URL(endpoint).protocol)) {
      throw new FlagError(
        `invalid argument ${JSON.stringify(endpoint)} for "--etcd-servers" flag: must be scheme://host:port with http or https`,
      );
    }
  }
  const ca = readFlagFile(flags, 'etcd-cafile');
  const cert = readFlagFile(flags, 'etcd-certfile');
  const key = readFlagFile(flags, 'etcd-keyfile');
  if ((cert === undefined) !== (key === undefined)) throw new FlagError('--etcd-certfile and --etcd-keyfile must be given together');
  return async () => {
    const { openEtcdStore } = await import('@k/storage/etcd');
    return openEtcdStore({
      endpoints,
      compactionIntervalMs,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    });
  };
}
