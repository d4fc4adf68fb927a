/** Watch events of kinds that a webhook converts: they wait for its answers, in order and many at a time. */
import type { ResourceDefinition } from '@k/api';
import type { KubeObject } from '@k/apimachinery';
import type { ResourceEvent, StoredObject } from '@k/storage';
import { abortSignalOf } from '../abort-signal.js';
import type { RequestContext } from '../context.js';
import type { ConvertedObjects } from '../crd/conversion/converted-objects.js';

/** Events that one call converts; initial events wait while more than these do. */
const BATCH_MAX = 500;
/** Events that may wait for a webhook before the watch is given up. */
const WAITING_MAX = 10_000;

/** An event with its objects in the version of the watch. */
export interface ConvertedEvent {
  event: ResourceEvent;
  object: KubeObject;
  /** Undefined for an arrival. */
  previous: KubeObject | undefined;
}

/** What happens to events, and to those who wait behind them. */
export interface ConvertedEventsOptions {
  conversions: ConvertedObjects;
  /** Of the watch. */
  context: RequestContext;
  definition: ResourceDefinition;
  version: string;
  deliver: (event: ConvertedEvent) => void;
  /** Called once; nothing is delivered after it. */
  fail: (error: unknown) => void;
}

/** A queue of events and of steps between them. */
export class ConvertedEvents {
  readonly #options: ConvertedEventsOptions;
  #waiting: (ResourceEvent | (() => void))[] = [];
  #isBusy = false;
  #isOver = false;

  constructor(options: ConvertedEventsOptions) {
    this.#options = options;
  }

  /** True while new initial events should be held back. */
  get isFull(): boolean {
    return this.#waiting.length >= BATCH_MAX;
  }

  /** Adds an event, or a step that is taken when everything before it has been delivered. */
  add(entry: ResourceEvent | (() => void)): void {
    if (this.#isOver) return;
    this.#waiting.push(entry);
    if (this.#waiting.length > WAITING_MAX) this.#fail(new Error('too many events wait for the conversion webhook'));
    else if (!this.#isBusy) void this.#run();
  }

  /** Nothing is delivered any more. */
  close(): void {
    this.#isOver = true;
    this.#waiting = [];
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.close();
    this.#options.fail(error);
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    try {
      while (this.#waiting.length > 0) {
        // Those that come in the same turn go together.
        await new Promise((resolve) => setImmediate(resolve));
        const batch = this.#waiting.splice(0, BATCH_MAX);
        const converted = await this.#convert(batch.filter((entry) => typeof entry !== 'function'));
        for (const entry of batch) {
          if (this.#isOver) return;
          if (typeof entry === 'function') entry();
          else this.#options.deliver(converted.get(entry) as ConvertedEvent);
        }
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isBusy = false;
    }
  }

  async #convert(events: readonly ResourceEvent[]): Promise<Map<ResourceEvent, ConvertedEvent>> {
    const { conversions, definition, version, context } = this.#options;
    const before = events.filter(({ previousObject }) => previousObject !== undefined);
    const stored = [...events.map(({ object }) => object), ...before.map(({ previousObject }) => previousObject as StoredObject)];
    const objects = await conversions.all(definition, stored, version, abortSignalOf(context));
    const previous = new Map(before.map((event, index) => [event, objects[events.length + index] as KubeObject]));
    return new Map(events.map((event, index) => [event, { event, object: objects[index] as KubeObject, previous: previous.get(event) }]));
  }
}
