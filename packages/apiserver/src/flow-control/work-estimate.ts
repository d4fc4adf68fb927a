/** How many seats a request takes: lists by the objects that they go through, writes by the watches that will hear of them. */
import type { RequestContext } from '../context.js';
import type { ResourceRegistry } from '../registry.js';
import type { WorkEstimate } from './flow-request.js';
import type { WatchTracker } from './watch-tracker.js';

const SEATS_MAX = 10;
const OBJECTS_PER_SEAT = 100;
/**
 * The events of a write keep a seat for five milliseconds per so many watches: an event costs this server about 5 µs (the app's
 * `bench/`). Where kube-apiserver counts ten watches, writes would wait for seats while there is nothing to do.
 */
const WATCHES_PER_SEAT = 1_000;
const EVENTS_MS = 5;

const ORDINARY: WorkEstimate = Object.freeze({ initialSeats: 1, finalSeats: 0, lingerMs: 0 });
const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete']);

/** Estimates requests. */
export class WorkEstimator {
  readonly #registry: ResourceRegistry;
  readonly #watches: WatchTracker;

  constructor(registry: ResourceRegistry, watches: WatchTracker) {
    this.#registry = registry;
    this.#watches = watches;
  }

  /** @param levelSeatsMax - That a request of the level may take. Default 10, which is never exceeded. */
  estimate(context: RequestContext, levelSeatsMax: number = SEATS_MAX): WorkEstimate {
    const { verb } = context.info;
    if (verb === 'get') return ORDINARY;
    const seatsMax = Math.min(levelSeatsMax, SEATS_MAX);
    if (verb === 'list' || verb === 'watch') return this.#read(context, seatsMax);
    return WRITES.has(verb) ? this.#write(context, seatsMax) : ORDINARY;
  }

  #read({ info, query }: RequestContext, seatsMax: number): WorkEstimate {
    if (info.name !== '') return ORDINARY;
    const isWatch = info.verb === 'watch';
    if (isWatch && !isTrue(query?.get('sendInitialEvents'))) return ORDINARY;
    const stored = this.#registry.find(info.apiGroup, info.resource)?.storage.count() ?? 0;
    if (2 * stored <= OBJECTS_PER_SEAT) return ORDINARY;
    let looked = stored;
    if (!isWatch && query !== null && readsStore(query)) {
      const asked = Number(query.get('limit') ?? 0);
      const limit = asked > 0 && asked < stored ? asked : stored;
      looked = query.get('labelSelector') || query.get('fieldSelector') ? stored + limit : 2 * limit;
    }
    const initialSeats = Math.max(1, Math.min(Math.ceil(looked / OBJECTS_PER_SEAT), seatsMax));
    return { initialSeats, finalSeats: 0, lingerMs: 0 };
  }

  #write({ info }: RequestContext, seatsMax: number): WorkEstimate {
    const watches = this.#watches.interested(info);
    // Making a token changes nothing that is stored.
    if (watches < WATCHES_PER_SEAT || (info.resource === 'serviceaccounts' && info.subresource === 'token')) return ORDINARY;
    const wanted = Math.ceil(watches / WATCHES_PER_SEAT);
    // The same work on fewer seats takes longer.
    const finalSeats = Math.min(wanted, seatsMax);
    return { initialSeats: 1, finalSeats, lingerMs: (EVENTS_MS * wanted) / finalSeats };
  }
}

/** Whatever is given and not said to be false. */
const isTrue = (value: string | null | undefined): boolean =>
  value !== null && value !== undefined && value !== '0' && value.toLowerCase() !== 'false';

/** Lists at a revision and pages after the first one count as the store's. */
function readsStore(query: URLSearchParams): boolean {
  const match = query.get('resourceVersionMatch') ?? '';
  if (match !== '' && match !== 'NotOlderThan') return true;
  const version = query.get('resourceVersion') ?? '';
  if (match === '' && Number(query.get('limit') ?? 0) > 0 && version !== '' && version !== '0') return true;
  return (query.get('continue') ?? '') !== '';
}
