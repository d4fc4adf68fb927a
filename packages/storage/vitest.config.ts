import { defineConfig } from 'vitest/config';
import shared from '../../vitest.shared.ts';

// Most of these tests wait: for disks, for processes that are killed and started, for elections.
export default defineConfig({ ...shared, test: { ...shared.test, maxWorkers: 4 } });
