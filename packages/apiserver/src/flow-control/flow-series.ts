/** What is counted for one FlowSchema at one priority level: plain numbers, which the metrics read when they are asked for. */

/** Upper bounds in seconds, as in kube-apiserver. */
export const DURATION_BUCKETS_SECONDS: readonly number[] = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

/** Why a request was not served. */
export type RejectReason = 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled';

/** A histogram's figures. */
export class DurationCounts {
  /** By bucket; the last one counts those above every bound. */
  readonly buckets: Uint32Array = new Uint32Array(DURATION_BUCKETS_SECONDS.length + 1);
  count = 0;
  sumSeconds = 0;

  add(ms: number): void {
    const seconds = ms / 1000;
    let index = 0;
    while (index < DURATION_BUCKETS_SECONDS.length && seconds > (DURATION_BUCKETS_SECONDS[index] as number)) index++;
    this.buckets[index] = (this.buckets[index] as number) + 1;
    this.count++;
    this.sumSeconds += seconds;
  }
}

/** Requests, seats and durations; the queue set counts. */
export class FlowSeries {
  readonly priorityLevel: string;
  readonly flowSchema: string;
  dispatched = 0;
  inQueue = 0;
  executing = 0;
  /** Also those kept for a moment after their request. */
  executingSeats = 0;
  readonly rejected: Map<RejectReason, number> = new Map();
  /** Waits of requests that were served then. */
  readonly waited: DurationCounts = new DurationCounts();
  readonly waitedInVain: DurationCounts = new DurationCounts();
  readonly served: DurationCounts = new DurationCounts();
  /** Of watches, until their initial events are out. */
  readonly watchesStarted: DurationCounts = new DurationCounts();

  constructor(priorityLevel: string, flowSchema: string) {
    this.priorityLevel = priorityLevel;
    this.flowSchema = flowSchema;
  }

  reject(reason: RejectReason): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
  }
}
