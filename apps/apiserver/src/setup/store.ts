/** The store that the flags name: etcd, or the embedded one. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyValueStore } from '@k/storage';
import type { Logger } from 'pino';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { readFlagFile } from '../flags/read-file.js';

/** What `--etcd-healthcheck-timeout=0` comes down to: a request to etcd ends at some time. */
const UNLIMITED_HEALTH_MS = 60_000;

/**
 * Checks the flags of the store.
 *
 * @param dataDir - Folder of the embedded store.
 * @returns What opens the store.
 * @throws {@link FlagError} for endpoints that are none and files that cannot be read.
 */
export function setUpStore(flags: Flags, dataDir: string, log: Logger): () => Promise<KeyValueStore> {
  const endpoints = flags.list('etcd-servers');
  const healthMs = flags.number('etcd-healthcheck-timeout');
  if (endpoints.length === 0) {
    for (const name of ['etcd-cafile', 'etcd-certfile', 'etcd-keyfile']) {
      if (flags.isGiven(name)) throw new FlagError(`--${name} needs --etcd-servers`);
    }
    return async () => {
      const { openEmbeddedStore } = await import('@k/storage');
      const store = await openEmbeddedStore({
        dir: join(dataDir, 'store'),
        compactionIntervalMs: flags.number('etcd-compaction-interval'),
      });
      return limitHealthChecks(store, healthMs);
    };
  }
  for (const endpoint of endpoints) {
    if (!URL.canParse(endpoint) || !['http:', 'https:'].includes(new URL(endpoint).protocol)) {
      throw new FlagError(
        `invalid argument ${JSON.stringify(endpoint)} for "--etcd-servers" flag: must be scheme://host:port with http or https`,
      );
    }
  }
  const caFile = checkedFile(flags, 'etcd-cafile');
  const certFile = checkedFile(flags, 'etcd-certfile');
  const keyFile = checkedFile(flags, 'etcd-keyfile');
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new FlagError('--etcd-certfile and --etcd-keyfile must be given together');
  return async () => {
    const { openEtcdStore } = await import('@k/storage/etcd');
    const store = await openEtcdStore({
      endpoints,
      compactionIntervalMs: flags.number('etcd-compaction-interval'),
      healthTimeoutMs: healthMs === 0 ? UNLIMITED_HEALTH_MS : healthMs,
      tls: {
        ...(caFile === undefined ? {} : { caFile }),
        ...(certFile === undefined || keyFile === undefined ? {} : { certFile, keyFile }),
      },
      onFault: (error) => log.warn({ component: 'etcd', err: error }, 'etcd connection fault'),
    });
    return limitHealthChecks(store, healthMs);
  };
}

/** Gives health checks of the store a limit, so that a probe answers while the store hangs; 0 = none. */
function limitHealthChecks(store: KeyValueStore, timeoutMs: number): KeyValueStore {
  if (timeoutMs === 0) return store;
  const check = store.checkHealth.bind(store);
  return Object.assign(store, {
    async checkHealth(): Promise<void> {
      const limit = new AbortController();
      const late = sleep(timeoutMs, undefined, { signal: limit.signal }).then(() => {
        throw new Error(`the store did not answer a health check within ${timeoutMs} ms`);
      });
      try {
        await Promise.race([check(), late]);
      } finally {
        late.catch(() => {});
        limit.abort();
      }
    },
  });
}

/** The path that a flag names, once it was seen that the file can be read. */
function checkedFile(flags: Flags, name: string): string | undefined {
  readFlagFile(flags, name);
  return flags.optional(name);
}
