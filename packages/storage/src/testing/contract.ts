/** The frame of the contract suites: cases as data, so that any test runner can run them. */
import type { KeyValueStore } from '../key-value-store.js';

/** What a suite needs of a test runner: vitest, jest, mocha and node:test all have it. */
export interface TestRunner {
  describe: (name: string, body: () => void) => void;
  it: (name: string, body: () => Promise<void>) => void;
  beforeAll: (body: () => Promise<void>) => void;
  afterAll: (body: () => Promise<void>) => void;
}

/** A store under test. */
export interface OpenedStore {
  store: KeyValueStore;
  /** Closes the store and removes what it left; called once. */
  dispose: () => Promise<void>;
}

/** What a case works with. */
export interface StoreContext {
  store: KeyValueStore;
  /** Ends in a slash; no other case uses keys below it. */
  prefix: string;
  /** A further store, closed by the suite: of its own, or another handle on the same data. */
  openAnother: () => Promise<KeyValueStore>;
}

/** One requirement of {@link KeyValueStore}. */
export interface StoreCase {
  name: string;
  run: (context: StoreContext) => Promise<void>;
}

/** Registers cases with a runner; all of them share one store, each under its own prefix. */
export function describeStoreCases(
  runner: TestRunner,
  options: { name: string; cases: readonly StoreCase[]; open: () => Promise<OpenedStore> },
): void {
  runner.describe(options.name, () => {
    let main: OpenedStore;
    const others: OpenedStore[] = [];
    runner.beforeAll(async () => {
      main = await options.open();
    });
    runner.afterAll(async () => {
      for (const opened of [main, ...others]) await opened.dispose();
    });
    options.cases.forEach((testCase, index) => {
      runner.it(testCase.name, () =>
        testCase.run({
          store: main.store,
          prefix: `/contract/${index}/`,
          openAnother: async () => {
            const other = await options.open();
            others.push(other);
            return other.store;
          },
        }),
      );
    });
  });
}
