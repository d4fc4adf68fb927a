import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { openEtcdStore } from '../src/etcd.js';
import { openEmbeddedStore } from '../src/index.js';
import { describeStoreContract, EtcdProcess, hasEtcd } from '../src/testing.js';

const runner = { describe, it, beforeAll, afterAll };

describeStoreContract(runner, {
  name: 'embedded store',
  open: async () => {
    const dir = mkdtempSync(join(tmpdir(), 'k-contract-'));
    const store = await openEmbeddedStore({ dir, expiryIntervalMs: 100 });
    return {
      store,
      dispose: async () => {
        await store.close();
        rmSync(dir, { recursive: true });
      },
    };
  },
});

if (hasEtcd()) {
  let etcd: EtcdProcess | null = null;
  afterAll(async () => etcd?.dispose());
  describeStoreContract(runner, {
    name: 'etcd store',
    open: async () => {
      etcd ??= await EtcdProcess.start();
      const store = await openEtcdStore({ endpoints: [etcd.url] });
      return { store, dispose: () => store.close() };
    },
  });
}
