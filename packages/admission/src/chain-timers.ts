import type { AdmissionMetrics, Operation, Phase } from './interface.js';

/** Counts the seconds that something took, apart for refusals. */
export type PhaseObserver = (rejected: boolean, seconds: number) => void;

/** The durations of one chain. Observers are made once for each controller, so that an observation costs no look-up. */
export class ChainTimers {
  readonly #metrics: AdmissionMetrics;

  constructor(metrics: AdmissionMetrics) {
    this.#metrics = metrics;
  }

  /** `apiserver_admission_controller_admission_duration_seconds`. */
  controller(name: string, phase: Phase, operation: Operation): PhaseObserver {
    return this.#observer('apiserver_admission_controller_admission_duration_seconds', { name, type: phase, operation });
  }

  /** `apiserver_admission_step_admission_duration_seconds`. */
  step(phase: Phase, operation: Operation): PhaseObserver {
    return this.#observer('apiserver_admission_step_admission_duration_seconds', { type: phase, operation });
  }

  /** Series appear with their first value. */
  #observer(metric: string, labels: Readonly<Record<string, string>>): PhaseObserver {
    const bind = (rejected: boolean): ((seconds: number) => void) => {
      const all = { ...labels, rejected: String(rejected) };
      return this.#metrics.bind?.(metric, all) ?? ((seconds) => this.#metrics.observe(metric, all, seconds));
    };
    let accepted: ((seconds: number) => void) | undefined;
    let refused: ((seconds: number) => void) | undefined;
    return (rejected, seconds) => {
      if (rejected) (refused ??= bind(true))(seconds);
      else (accepted ??= bind(false))(seconds);
    };
  }
}
