import type { ResourceEvent, SelectableFields, StoredObject } from '../resource-storage.js';

/** What an event costs beside the objects it holds. */
const EVENT_BYTES = 256;

/** One change of one object, shared by all watchers. */
export class ResourceChange implements ResourceEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: StoredObject;
  declare readonly previous?: SelectableFields;
  declare readonly previousObject?: StoredObject;
  readonly revision: number;
  #memo: Map<string, unknown> | null = null;

  constructor(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: StoredObject, previous: StoredObject | null, revision: number) {
    this.type = type;
    this.object = object;
    this.revision = revision;
    if (previous !== null) {
      this.previous = previous.selectable;
      this.previousObject = previous;
    }
  }

  get memo(): Map<string, unknown> {
    this.#memo ??= new Map();
    return this.#memo;
  }

  /** Lets go of the memos: in the ring an event holds the objects only. */
  release(): void {
    this.#memo = null;
  }

  get sizeBytes(): number {
    return EVENT_BYTES + this.object.json.length + (this.previousObject?.json.length ?? 0);
  }
}

/** The recent changes of a resource in revision order, bounded in number and in bytes. */
export class EventRing {
  readonly #countMax: number;
  readonly #bytesMax: number;
  #events: (ResourceChange | undefined)[] = [];
  /** Of the oldest event kept; the places before it are empty and are given back from time to time. */
  #first = 0;
  #bytes = 0;
  #floor = 0;

  constructor(options: { countMax: number; bytesMax: number }) {
    this.#countMax = options.countMax;
    this.#bytesMax = options.bytesMax;
  }

  /** Changes at or below this revision may be missing; all above it are here. */
  get floor(): number {
    return this.#floor;
  }

  get count(): number {
    return this.#events.length - this.#first;
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  /** Forgets everything: the history starts after `floor`. */
  reset(floor: number): void {
    this.#events = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#floor = floor;
  }

  push(event: ResourceChange): void {
    this.#events.push(event);
    this.#bytes += event.sizeBytes;
    while (this.count > 0 && (this.count > this.#countMax || this.#bytes > this.#bytesMax)) {
      const gone = this.#events[this.#first] as ResourceChange;
      this.#bytes -= gone.sizeBytes;
      this.#floor = gone.revision;
      this.#events[this.#first++] = undefined;
    }
    // Cut when half is empty: each event is moved once on average.
    if (this.#first > 64 && this.#first * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Changes above a revision, oldest first. */
  after(revision: number): readonly ResourceChange[] {
    let low = this.#first;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle] as ResourceChange).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low === this.#events.length ? [] : (this.#events.slice(low) as ResourceChange[]);
  }
}
