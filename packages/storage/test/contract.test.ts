import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { openEtcdStore } from '../src/etcd.js';
import { openEmbeddedStore } from '../src/index.js';
import { describeResourceContract, describeStoreContract, EtcdProcess, hasEtcd, type OpenedStore } from '../src/testing.js';

const runner = { describe, it, beforeAll, afterAll };

async function openEmbedded(): Promise<OpenedStore> {
  const dir = mkdtempSync(join(tmpdir(), 'k-contract-'));
  const store = await openEmbeddedStore({ dir, expiryIntervalMs: 100 });
  return {
    store,
    dispose: async () => {
      await store.close();
      rmSync(dir, { recursive: true });
    },
  };
}

describeStoreContract(runner, { name: 'embedded store', open: openEmbedded });
describeResourceContract(runner, { name: 'watch cache on the embedded store', open: openEmbedded, isShared: false });
describeResourceContract(runner, { name: 'embedded store without a cache', open: openEmbedded, isShared: false, isCached: false });

if (hasEtcd()) {
  let etcd: EtcdProcess | null = null;
  afterAll(async () => etcd?.dispose());
  const openEtcd = async (): Promise<OpenedStore> => {
    etcd ??= await EtcdProcess.start();
    const store = await openEtcdStore({ endpoints: [etcd.url] });
    return { store, dispose: () => store.close() };
  };
  describeStoreContract(runner, { name: 'etcd store', open: openEtcd });
  describeResourceContract(runner, { name: 'watch caches of two servers on etcd', open: openEtcd, isShared: true });
  describeResourceContract(runner, { name: 'two servers on etcd without a cache', open: openEtcd, isShared: true, isCached: false });
}
