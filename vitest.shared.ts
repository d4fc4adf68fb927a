import type { ViteUserConfig } from 'vitest/config';

/** Tests read the sources of sibling packages, so nothing has to be built first. */
const shared: ViteUserConfig = {
  resolve: { conditions: ['@k/source'] },
  ssr: { resolve: { conditions: ['@k/source'], externalConditions: ['@k/source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    // Many tests start processes of their own beside the workers.
    maxWorkers: 2,
    // Files share what a worker has loaded: to load the server anew for each took longer than its tests.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
};

export default shared;
