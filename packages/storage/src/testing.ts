/** Contract suites and tools for tests of stores; they run under any runner and need Node only. */
import { describeStoreCases, type OpenedStore, type StoreCase, type TestRunner } from './testing/contract.js';
import { lifetimeCases } from './testing/lifetime-cases.js';
import { readCases } from './testing/read-cases.js';
import { watchCases } from './testing/watch-cases.js';
import { writeCases } from './testing/write-cases.js';

export type { OpenedStore, StoreCase, StoreContext, TestRunner } from './testing/contract.js';
export { EtcdProcess, type EtcdProcessOptions, findEtcd, freePorts, hasEtcd } from './testing/etcd-process.js';
export {
  checkLinearizable,
  type LinearizabilityResult,
  type RecordedOperation,
  type RegisterAction,
} from './testing/linearizability.js';
export { type ResourceCase, type ResourceContext, resourceCases } from './testing/resource-cases.js';
export { describeResourceContract } from './testing/resource-contract.js';
export { WatchRecorder } from './testing/watch-recorder.js';

/** Everything that a {@link KeyValueStore} must do, as data. */
export const storeContract: readonly StoreCase[] = [...writeCases, ...readCases, ...watchCases, ...lifetimeCases];

/**
 * Registers the contract of a {@link KeyValueStore}.
 *
 * @param options.open - Opens the store under test; called once, and again for cases that close one.
 * @example describeStoreContract({ describe, it, beforeAll, afterAll }, { name: 'my store', open });
 */
export function describeStoreContract(runner: TestRunner, options: { name: string; open: () => Promise<OpenedStore> }): void {
  describeStoreCases(runner, { ...options, cases: storeContract });
}
