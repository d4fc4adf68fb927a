import { stringifyExactJson } from '@k/apimachinery';
import type { AdmissionRequest } from '../interface.js';

/** Which webhooks are to be asked once more about one request, because others changed the object after them. */
export class Reinvocation {
  #called = new Set<string>();
  readonly #due = new Set<string>();
  #lastOutput = '';

  /** At the start of the second pass: other controllers changed what the webhooks had left. */
  begin(request: AdmissionRequest): void {
    if (stringifyExactJson(request.object) !== this.#lastOutput) this.objectChanged();
  }

  /** All that were called before and wish it are due again. */
  objectChanged(): void {
    for (const uid of this.#called) this.#due.add(uid);
    this.#called = new Set();
  }

  wasCalled(uid: string): void {
    this.#called.add(uid);
  }

  isDue(uid: string): boolean {
    return this.#due.has(uid);
  }

  end(request: AdmissionRequest): void {
    if (this.#called.size > 0 || this.#due.size > 0) this.#lastOutput = stringifyExactJson(request.object);
  }
}
