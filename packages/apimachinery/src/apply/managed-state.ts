/** `metadata.managedFields` in the form that server-side apply works on: one set per manager. */
import type { KubeObject, ManagedFieldsEntry } from '../object.js';
import { type FieldSet, fromFieldsV1, isEmptySet, toFieldsV1, union } from './field-set.js';

/** Update managers kept apart; the oldest ones above it share an entry, as upstream. */
const UPDATE_MANAGERS_MAX = 10;
const OLD_UPDATES_MANAGER = 'ancient-changes';

/** Who writes: the identity of an entry. Applies of one manager share an entry whatever their version. */
export interface ManagerIdentity {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  /** '' for the resource itself. */
  subresource: string;
}

/** The fields of one manager. */
export interface ManagedSet extends ManagerIdentity {
  set: FieldSet;
  /** RFC 3339; absent for an apply that changed nothing. */
  time?: string;
}

/** Managers by {@link managerKey}. */
export type ManagedState = Map<string, ManagedSet>;

/** The key of a manager; keys sort as upstream sorts managers in conflict messages. */
export function managerKey({ manager, operation, apiVersion, subresource }: ManagerIdentity): string {
  const key: Partial<ManagerIdentity> = {};
  if (manager !== '') key.manager = manager;
  key.operation = operation;
  if (operation !== 'Apply') key.apiVersion = apiVersion;
  if (subresource !== '') key.subresource = subresource;
  return JSON.stringify(key);
}

/**
 * Reads an object's managed fields.
 *
 * @returns `null` when an entry is malformed.
 */
export function readManagedFields(entries: readonly ManagedFieldsEntry[] | null | undefined): ManagedState | null {
  const state: ManagedState = new Map();
  for (const entry of entries ?? []) {
    const { manager = '', operation, apiVersion = '', fieldsType, subresource = '', time } = entry;
    const set = fromFieldsV1(entry.fieldsV1);
    if ((operation !== 'Apply' && operation !== 'Update') || apiVersion === '' || fieldsType !== 'FieldsV1' || set === null) return null;
    const managed: ManagedSet = { manager, operation, apiVersion, subresource, set };
    if (time !== undefined) managed.time = time;
    state.set(managerKey(managed), managed);
  }
  return state;
}

/** True for the list that a client sends to have managed fields cleared: one entry without content. */
function isReset(entries: readonly ManagedFieldsEntry[]): boolean {
  return entries.length === 1 && Object.values(entries[0] ?? {}).every((value) => value === undefined || value === '');
}

/**
 * The managed fields that a write starts from: those the client sent, or the live ones if it sent none that can be
 * read, or if it writes a subresource.
 */
export function startingState(live: KubeObject | null, updated: KubeObject, subresource: string): ManagedState {
  const given = updated.metadata?.managedFields ?? [];
  if (subresource === '') {
    if (isReset(given)) return new Map();
    const read = readManagedFields(given);
    if (read !== null && read.size > 0) return read;
  }
  return readManagedFields(live?.metadata?.managedFields) ?? new Map();
}

/** The entries of a state, sorted as upstream: applies before updates, then by time, manager, version, subresource. */
export function writeManagedFields(state: ManagedState): ManagedFieldsEntry[] {
  const seconds = (entry: ManagedFieldsEntry): string => entry.time ?? '';
  const rank = (entry: ManagedFieldsEntry): string =>
    [entry.operation, seconds(entry), entry.manager ?? '', entry.apiVersion, entry.subresource ?? ''].join('\u0000');
  return [...state.values()]
    .map((managed) => entryOf(managed, toFieldsV1(managed.set)))
    .sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
}

/** An entry, its fields in the order in which they are shown. */
export function entryOf(
  { manager, operation, apiVersion, subresource, time }: Omit<ManagedSet, 'set'>,
  fieldsV1: NonNullable<ManagedFieldsEntry['fieldsV1']>,
): ManagedFieldsEntry {
  // One by one: every write makes some, and spreads cost as much as all else here.
  const entry = {} as ManagedFieldsEntry;
  if (manager !== '') entry.manager = manager;
  entry.operation = operation;
  entry.apiVersion = apiVersion;
  if (time !== undefined) entry.time = time;
  entry.fieldsType = 'FieldsV1';
  entry.fieldsV1 = fieldsV1;
  if (subresource !== '') entry.subresource = subresource;
  return entry;
}

/** Merges the oldest update managers of each version into one until there are few enough. Mutates the state. */
export function capUpdateManagers(state: ManagedState): void {
  const updaters = [...state].filter(([, { operation }]) => operation === 'Update');
  let count = updaters.length;
  if (count <= UPDATE_MANAGERS_MAX) return;
  updaters.sort(([aKey, a], [bKey, b]) => {
    const left = `${a.time ?? ''}\u0000${aKey}`;
    const right = `${b.time ?? ''}\u0000${bKey}`;
    return left < right ? -1 : left > right ? 1 : 0;
  });
  const firstOfVersion = new Map<string, string>();
  for (const [key, managed] of updaters) {
    if (count <= UPDATE_MANAGERS_MAX) return;
    const { apiVersion } = managed;
    const first = firstOfVersion.get(apiVersion);
    if (first === undefined) {
      firstOfVersion.set(apiVersion, key);
      continue;
    }
    const bucket: ManagerIdentity = { manager: OLD_UPDATES_MANAGER, operation: 'Update', apiVersion, subresource: '' };
    const bucketKey = managerKey(bucket);
    const before = state.get(bucketKey) ?? (state.get(first) as ManagedSet);
    if (!state.has(bucketKey)) state.delete(first);
    state.set(bucketKey, { ...bucket, set: union(managed.set, before.set), ...(managed.time === undefined ? {} : { time: managed.time }) });
    state.delete(key);
    count--;
  }
}

/** Drops managers that own nothing. Mutates the state. */
export function dropEmpty(state: ManagedState): void {
  for (const [key, { set }] of state) if (isEmptySet(set)) state.delete(key);
}
