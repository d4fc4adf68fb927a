/**
 * Checks recorded histories of a store against the one thing it promises: that every operation seems to happen at one
 * moment between its call and its return.
 *
 * Each key is a register of its own (linearizability is local). The search is Wing and Gong's, with the memory of
 * visited states that Lowe added: walk the calls in order, try each pending operation as the next to take effect, and
 * step back when an operation returns that has not been placed.
 */

/** What an operation did to one key. Every write of a history uses a value of its own. */
export type RegisterAction =
  /** Read `seen`; null = the key did not exist. */
  | { kind: 'read'; seen: string | null }
  /**
   * Replaced `from` by `to` (null = no key: a creation, a deletion). `done` false = refused because the key did not hold
   * `from`, and `seen` is what it held; `done` null = no answer, so that it may have happened at any later time or never.
   */
  | { kind: 'swap'; from: string | null; to: string | null; done: true | null }
  | { kind: 'swap'; from: string | null; to: string | null; done: false; seen: string | null };

/** One operation of a history. Times are of one clock, in any unit; an operation without an answer ends at `Infinity`. */
export interface RecordedOperation {
  key: string;
  action: RegisterAction;
  calledAt: number;
  returnedAt: number;
}

/** The verdict. `key` and `operations` show a key whose history has no valid order. */
export type LinearizabilityResult = { ok: true } | { ok: false; key: string; operations: RecordedOperation[] };

/**
 * Judges a history.
 *
 * @param history - In any order; every key is absent at the start.
 */
export function checkLinearizable(history: readonly RecordedOperation[]): LinearizabilityResult {
  const byKey = new Map<string, RecordedOperation[]>();
  for (const operation of history) {
    const list = byKey.get(operation.key);
    if (list === undefined) byKey.set(operation.key, [operation]);
    else list.push(operation);
  }
  for (const [key, operations] of byKey) if (!hasValidOrder(operations)) return { ok: false, key, operations };
  return { ok: true };
}

/** A call or a return in the list of what is still to be placed. */
interface Entry {
  operation: number;
  isCall: boolean;
  previous: Entry | null;
  next: Entry | null;
  /** Of a call: its return. */
  match: Entry | null;
}

/** @returns what the key holds after the action, or undefined when the action cannot happen in that state. */
function step(state: string | null, action: RegisterAction): { state: string | null } | undefined {
  if (action.kind === 'read') return action.seen === state ? { state } : undefined;
  if (action.done === false) return state !== action.from && state === action.seen ? { state } : undefined;
  // A swap without an answer that did nothing need not be placed at all.
  return state === action.from ? { state: action.to } : undefined;
}

function hasValidOrder(unordered: readonly RecordedOperation[]): boolean {
  // By call, those without an answer last: what is placed is then nearly a prefix, and short to name.
  const operations = unordered.toSorted(
    (a, b) => Number(a.returnedAt === Infinity) - Number(b.returnedAt === Infinity) || a.calledAt - b.calledAt,
  );
  const head = toEntries(operations);
  const placed = new PlacedSet(operations.length);
  const visited = new Set<string>();
  const trail: { entry: Entry; state: string | null }[] = [];
  let state: string | null = null;
  let entry = head.next;
  while (entry !== null) {
    const { action, returnedAt } = operations[entry.operation] as RecordedOperation;
    if (entry.isCall) {
      const after = step(state, action);
      if (after !== undefined) {
        placed.add(entry.operation);
        const seen = `${placed.name()}|${after.state}`;
        if (!visited.has(seen)) {
          visited.add(seen);
          trail.push({ entry, state });
          state = after.state;
          lift(entry);
          entry = head.next;
          continue;
        }
        placed.remove(entry.operation);
      }
      entry = entry.next;
      continue;
    }
    // Only operations without an answer are left, and those may never have happened.
    if (returnedAt === Infinity) return true;
    // An operation has returned that could not be placed before: take back the last choice.
    const last = trail.pop();
    if (last === undefined) return false;
    state = last.state;
    placed.remove(last.entry.operation);
    unlift(last.entry);
    entry = last.entry.next;
  }
  return true;
}

/** A set of operations with a short name: how many of the first ones are in it, and which of the others. */
class PlacedSet {
  readonly #has: Uint8Array;
  readonly #others = new Set<number>();
  #prefix = 0;

  constructor(size: number) {
    this.#has = new Uint8Array(size);
  }

  add(operation: number): void {
    this.#has[operation] = 1;
    this.#others.add(operation);
    while (this.#has[this.#prefix] === 1) this.#others.delete(this.#prefix++);
  }

  remove(operation: number): void {
    this.#has[operation] = 0;
    if (operation >= this.#prefix) {
      this.#others.delete(operation);
      return;
    }
    for (let i = operation + 1; i < this.#prefix; i++) this.#others.add(i);
    this.#prefix = operation;
  }

  name(): string {
    return `${this.#prefix}:${[...this.#others].sort((a, b) => a - b).join(',')}`;
  }
}

function toEntries(operations: readonly RecordedOperation[]): Entry {
  const points = operations.flatMap((operation, index) => [
    { at: operation.calledAt, isCall: true, index },
    { at: operation.returnedAt, isCall: false, index },
  ]);
  // At the same instant calls come first: the two operations then count as concurrent.
  points.sort((a, b) => (a.at === b.at ? Number(b.isCall) - Number(a.isCall) : a.at < b.at ? -1 : 1));
  const head: Entry = { operation: -1, isCall: true, previous: null, next: null, match: null };
  const calls: Entry[] = [];
  let last = head;
  for (const { isCall, index } of points) {
    const entry: Entry = { operation: index, isCall, previous: last, next: null, match: null };
    last.next = entry;
    last = entry;
    if (isCall) calls[index] = entry;
    else (calls[index] as Entry).match = entry;
  }
  return head;
}

/** Takes an operation out of the list. */
function lift(call: Entry): void {
  const end = call.match as Entry;
  (call.previous as Entry).next = call.next;
  if (call.next !== null) call.next.previous = call.previous;
  (end.previous as Entry).next = end.next;
  if (end.next !== null) end.next.previous = end.previous;
}

/** Puts it back where it was. */
function unlift(call: Entry): void {
  const end = call.match as Entry;
  (end.previous as Entry).next = end;
  if (end.next !== null) end.next.previous = end;
  (call.previous as Entry).next = call;
  if (call.next !== null) call.next.previous = call;
}
