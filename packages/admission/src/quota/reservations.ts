/**
 * Charges quotas, atomically across servers.
 *
 * Requests of one namespace wait in one line. Whoever waits is judged together against the cached quotas, then each quota
 * that grows is written once for all of them, guarded by its version: the numbers that the write is based on decide.
 */
import { type KubeObject, newInternalError } from '@k/apimachinery';
import type { AdmissionRequest, ObjectSink, ObjectSource } from '../interface.js';
import { addInto, type ReadonlyResourceList, type ResourceList, resourceListFields } from '../resource-list.js';
import { forbiddenFor } from '../response.js';
import { type Charge, checkRequest, exceededText } from './check-request.js';
import type { QuotaEvaluator } from './evaluator.js';
import type { QuotaLedger } from './ledger.js';
import type { LimitedResource } from './limited-resources.js';
import { mask, type QuotaState, quotaState } from './quota-state.js';

/** Milliseconds that a request waits for its turn. */
const EVALUATION_MS_MAX = 10_000;
/** Milliseconds after which a charge counts as used up when nobody tells how the request ended. */
const UNTOLD_MS = 5_000;

interface Waiter {
  readonly request: AdmissionRequest;
  readonly evaluator: QuotaEvaluator;
  readonly charges: Charge[];
  /** Give back what was charged. */
  readonly releases: ((isStored: boolean) => void)[];
  isSettled: boolean;
  settle(error?: unknown): void;
}

/** A quota with the charges of those who are before in line. */
type Running = Omit<QuotaState, 'used'> & { used: ReadonlyResourceList };

export interface ReservationOptions {
  objects: ObjectSource;
  sink: ObjectSink;
  ledger: QuotaLedger;
  limited: readonly LimitedResource[];
}

/** The lines of waiting requests of one server. */
export class QuotaReservations {
  readonly #options: ReservationOptions;
  readonly #waiting = new Map<string, Waiter[]>();
  readonly #states = new WeakMap<KubeObject, QuotaState>();

  constructor(options: ReservationOptions) {
    this.#options = options;
  }

  /** True when a namespace has nothing that could refuse a request. */
  isFree(namespace: string): boolean {
    return this.#options.limited.length === 0 && this.#options.objects.list('', 'resourcequotas', namespace).length === 0;
  }

  /** Resolves when the request is charged. @throws StatusError when it is refused. */
  reserve(request: AdmissionRequest, evaluator: QuotaEvaluator): Promise<undefined> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => waiter.settle(newInternalError('resource quota evaluation timed out')), EVALUATION_MS_MAX);
      const waiter: Waiter = {
        request,
        evaluator,
        charges: [],
        releases: [],
        isSettled: false,
        settle(error) {
          if (waiter.isSettled) return;
          waiter.isSettled = true;
          clearTimeout(timer);
          if (error === undefined) resolve(undefined);
          else reject(error);
        },
      };
      const line = this.#waiting.get(request.namespace);
      if (line !== undefined) {
        line.push(waiter);
        return;
      }
      this.#waiting.set(request.namespace, [waiter]);
      void this.#work(request.namespace);
    });
  }

  async #work(namespace: string): Promise<void> {
    // Requests that arrive in the same turn of the event loop are one batch.
    await new Promise(setImmediate);
    for (;;) {
      const batch = this.#waiting.get(namespace) ?? [];
      if (batch.length === 0) {
        this.#waiting.delete(namespace);
        return;
      }
      this.#waiting.set(namespace, []);
      try {
        await this.#charge(namespace, batch);
      } catch (error) {
        for (const waiter of batch) waiter.settle(error);
      }
      for (const waiter of batch) this.#finish(waiter);
    }
  }

  /** Judges by the cache, then writes; refused ones are settled on the way. */
  async #charge(namespace: string, batch: readonly Waiter[]): Promise<void> {
    const quotas = this.#options.objects.list('', 'resourcequotas', namespace);
    const states = quotas.map((quota): Running => ({ ...this.#stateOf(quota) }));
    const touched = new Set<string>();
    for (const waiter of batch) {
      if (waiter.isSettled) continue;
      try {
        waiter.charges.push(...checkRequest(states, waiter.request, waiter.evaluator, this.#options.limited));
      } catch (error) {
        waiter.settle(error);
        continue;
      }
      if (waiter.request.dryRun) waiter.charges.length = 0;
      for (const { quota, amounts } of waiter.charges) {
        touched.add(quota);
        const state = states.find(({ name }) => name === quota);
        if (state === undefined) continue;
        const used: ResourceList = new Map(state.used);
        addInto(used, amounts);
        state.used = used;
      }
    }
    for (const quota of [...touched].sort()) await this.#write(namespace, quota, batch);
  }

  /** Charges one quota for everyone in the batch who still stands. */
  async #write(namespace: string, quota: string, batch: readonly Waiter[]): Promise<void> {
    const { ledger, sink } = this.#options;
    const concerned = batch.flatMap((waiter) => {
      const charge = waiter.isSettled ? undefined : waiter.charges.find((item) => item.quota === quota);
      return charge === undefined ? [] : [{ waiter, charge }];
    });
    await ledger.exclusive(namespace, quota, async () => {
      let accepted: { waiter: Waiter; amounts: ResourceList }[] = [];
      let refused: { waiter: Waiter; text: string }[] = [];
      let used: ResourceList = new Map();
      const stored = await sink.update('', 'v1', 'resourcequotas', namespace, quota, 'status', (current) => {
        const state = quotaState(current);
        ledger.observe(namespace, quota, state.used);
        used = new Map(state.used);
        accepted = [];
        refused = [];
        for (const { waiter, charge } of concerned) {
          if (waiter.isSettled) continue;
          const amounts = mask(charge.amounts, state.hard);
          const text = waiter.request.subresource === 'status' ? null : exceededText({ ...state, used }, amounts);
          if (text !== null) refused.push({ waiter, text });
          else {
            addInto(used, amounts);
            accepted.push({ waiter, amounts });
          }
        }
        if (accepted.length === 0) return null;
        return { ...current, status: { ...(current['status'] as object | undefined), used: resourceListFields(used) } };
      });
      for (const { waiter, text } of refused) waiter.settle(forbiddenFor(waiter.request, text));
      // A quota that has been deleted meanwhile limits nobody.
      if (stored === undefined || accepted.length === 0) return;
      ledger.wrote(namespace, quota, used);
      for (const { waiter, amounts } of accepted) waiter.releases.push(ledger.begin(namespace, quota, amounts));
    });
  }

  /** Lets the request go on; its charges stay on the ledger until it is over. */
  #finish(waiter: Waiter): void {
    const release = (isStored: boolean): void => {
      for (const one of waiter.releases) one(isStored);
    };
    if (waiter.isSettled) {
      // Refused after another quota was charged, or given up on.
      release(false);
      return;
    }
    if (waiter.releases.length > 0) {
      if (waiter.request.onEnd !== undefined) waiter.request.onEnd(release);
      else setTimeout(() => release(false), UNTOLD_MS).unref();
    }
    waiter.settle();
  }

  #stateOf(quota: KubeObject): QuotaState {
    let state = this.#states.get(quota);
    if (state === undefined) {
      state = quotaState(quota);
      this.#states.set(quota, state);
    }
    return state;
  }
}
