import { createStorageFactory } from '../factory.js';
import type { StorageFactory } from '../resource-storage.js';
import type { OpenedStore, TestRunner } from './contract.js';
import { contractResource, resourceCases } from './resource-cases.js';

/**
 * Registers the contract of `ResourceStorage`, for the watch cache in front of a store.
 *
 * @param options.open - Opens the store; called twice when `isShared`, for a second server on the same data.
 * @param options.isCached - Whether a watch cache stands in front. Default true.
 */
export function describeResourceContract(
  runner: TestRunner,
  options: { name: string; open: () => Promise<OpenedStore>; isShared: boolean; isCached?: boolean },
): void {
  runner.describe(options.name, () => {
    const opened: OpenedStore[] = [];
    const factories: StorageFactory[] = [];
    runner.beforeAll(async () => {
      for (let i = 0; i < (options.isShared ? 2 : 1); i++) opened.push(await options.open());
      for (const { store } of opened) factories.push(createStorageFactory({ store }));
    });
    runner.afterAll(async () => {
      for (const factory of factories) await factory.close();
      for (const { dispose } of opened) await dispose();
    });
    resourceCases.forEach((testCase, index) => {
      runner.it(testCase.name, () => {
        const resource = { ...contractResource(`${options.name.replace(/\W+/g, '-')}-${index}`), cache: options.isCached ?? true };
        const [first, second] = factories.map((factory) => factory.open(resource));
        if (first === undefined) throw new TypeError('the store was not opened');
        return testCase.run({ storage: first, peer: second ?? first });
      });
    });
  });
}
