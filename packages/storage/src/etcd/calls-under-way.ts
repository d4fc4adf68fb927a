/** Counts calls that wait for an answer, and notices when none is answered any more. */
export class CallsUnderWay {
  readonly #silenceMs: number;
  readonly #onSilence: () => void;
  #count = 0;
  #hasAnswered = false;
  #timer: NodeJS.Timeout | null = null;
  #onIdle: (() => void) | null = null;

  /**
   * @param options.silenceMs - Milliseconds without any answer after which `onSilence` is called, and again.
   * @param options.onSilence - So that a write need not wait for its own end to learn that its connection is dead.
   */
  constructor(options: { silenceMs: number; onSilence: () => void }) {
    this.#silenceMs = options.silenceMs;
    this.#onSilence = options.onSilence;
  }

  begin(): void {
    this.#count++;
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.#look(), this.#silenceMs);
    this.#timer.unref();
  }

  end(isAnswered: boolean): void {
    if (isAnswered) this.#hasAnswered = true;
    if (--this.#count === 0) this.#onIdle?.();
  }

  /** Resolves when no call is under way, and stops looking; no call may begin afterwards. */
  async finish(): Promise<void> {
    if (this.#count > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #look(): void {
    const isSilent = this.#count > 0 && !this.#hasAnswered;
    this.#hasAnswered = false;
    if (isSilent) this.#onSilence();
  }
}
