import type { AdmissionMetrics, Operation, Phase } from './interface.js';

type Observe = (seconds: number) => void;

/** The durations of one chain; the label sets are made once, so that an observation costs a map look-up. */
export class ChainTimers {
  readonly #metrics: AdmissionMetrics;
  readonly #observers = new Map<string, Map<string, Observe>>();

  constructor(metrics: AdmissionMetrics) {
    this.#metrics = metrics;
  }

  /** `apiserver_admission_controller_admission_duration_seconds`. */
  controller(name: string, phase: Phase, operation: Operation, rejected: boolean, seconds: number): void {
    this.#observer(name, phase, operation, rejected)(seconds);
  }

  /** `apiserver_admission_step_admission_duration_seconds`. */
  step(phase: Phase, operation: Operation, rejected: boolean, seconds: number): void {
    this.#observer('', phase, operation, rejected)(seconds);
  }

  #observer(name: string, type: Phase, operation: Operation, isRejected: boolean): Observe {
    let ofName = this.#observers.get(name);
    if (ofName === undefined) {
      ofName = new Map();
      this.#observers.set(name, ofName);
    }
    const key = `${type}${operation}${isRejected}`;
    let observer = ofName.get(key);
    if (observer === undefined) {
      const metric =
        name === '' ? 'apiserver_admission_step_admission_duration_seconds' : 'apiserver_admission_controller_admission_duration_seconds';
      const labels = { ...(name === '' ? {} : { name }), type, operation, rejected: String(isRejected) };
      observer = this.#metrics.bind?.(metric, labels) ?? ((seconds) => this.#metrics.observe(metric, labels, seconds));
      ofName.set(key, observer);
    }
    return observer;
  }
}
