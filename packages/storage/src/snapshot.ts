/** Snapshots: one file that holds one revision of any store, taken while it runs, restored into any store. */
export type { SnapshotHead } from './snapshot/format.js';
export { type RestoreSnapshotOptions, type RestoreSnapshotResult, restoreSnapshot } from './snapshot/restore.js';
export { type SaveSnapshotOptions, type SnapshotProgress, type SnapshotSummary, saveSnapshot } from './snapshot/save.js';
export { snapshotStatus } from './snapshot/status.js';
