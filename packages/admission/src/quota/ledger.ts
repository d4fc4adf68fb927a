import { addInto, type ReadonlyResourceList, type ResourceList } from '../resource-list.js';

interface Entry {
  amounts: ReadonlyResourceList;
  /** A recalculation has added this entry to what it found stored. */
  counted: boolean;
}

interface Account {
  /** The last one in line for this quota. */
  tail: Promise<unknown>;
  entries: Set<Entry>;
  lastUsed: ReadonlyResourceList | null;
  raisedElsewhereAtMs: number;
}

/**
 * What this server has charged to quotas for objects that are not stored yet.
 *
 * Admission charges a quota before its object exists; a recalculation at that moment would not find the object and would
 * take the charge back. So both go through here: one at a time per quota, and a recalculation adds what is on its way.
 * Charges of other servers cannot be seen; that one has been made shows in the quota, and recalculations wait a little.
 */
export class QuotaLedger {
  readonly #accounts = new Map<string, Account>();
  readonly #listeners = new Set<(namespace: string, quota: string) => void>();
  readonly #now: () => number;

  /** @param now - Milliseconds since the epoch. Default `Date.now`. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Runs `work` when no other work on the same quota runs in this process. */
  exclusive<T>(namespace: string, quota: string, work: () => Promise<T>): Promise<T> {
    const account = this.#account(namespace, quota);
    const result = account.tail.then(work);
    account.tail = result.catch(() => undefined);
    return result;
  }

  /** Notes a charge; call the result when the request is over, with whether its object was stored. */
  begin(namespace: string, quota: string, amounts: ReadonlyResourceList): (isStored: boolean) => void {
    const { entries } = this.#account(namespace, quota);
    const entry: Entry = { amounts, counted: false };
    entries.add(entry);
    return (isStored) => {
      if (!entries.delete(entry)) return;
      if (isStored && !entry.counted) return;
      for (const listener of this.#listeners) listener(namespace, quota);
    };
  }

  /** The sum of charges whose objects are on their way. */
  pending(namespace: string, quota: string): ResourceList {
    const sum: ResourceList = new Map();
    for (const entry of this.#account(namespace, quota).entries) {
      entry.counted = true;
      addInto(sum, entry.amounts);
    }
    return sum;
  }

  /** Tells what a quota in the store says is used; a rise that this server did not make is remembered. */
  observe(namespace: string, quota: string, used: ReadonlyResourceList): void {
    const account = this.#account(namespace, quota);
    const before = account.lastUsed;
    for (const [name, amount] of used) {
      const known = before?.get(name);
      if (known === undefined ? amount.sign() > 0 : amount.compare(known) > 0) account.raisedElsewhereAtMs = this.#now();
    }
    account.lastUsed = used;
  }

  /** Tells what this server has written. */
  wrote(namespace: string, quota: string, used: ReadonlyResourceList): void {
    this.#account(namespace, quota).lastUsed = used;
  }

  /** Milliseconds since another server was seen to charge the quota; Infinity = never. */
  sinceRaisedElsewhereMs(namespace: string, quota: string): number {
    return this.#now() - this.#account(namespace, quota).raisedElsewhereAtMs;
  }

  /** Calls back for quotas whose use should be measured again. */
  onRecheck(listener: (namespace: string, quota: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets a quota that is gone. */
  forget(namespace: string, quota: string): void {
    this.#accounts.delete(`${namespace}/${quota}`);
  }

  #account(namespace: string, quota: string): Account {
    const key = `${namespace}/${quota}`;
    let account = this.#accounts.get(key);
    if (account === undefined) {
      account = { tail: Promise.resolve(), entries: new Set(), lastUsed: null, raisedElsewhereAtMs: Number.NEGATIVE_INFINITY };
      this.#accounts.set(key, account);
    }
    return account;
  }
}
