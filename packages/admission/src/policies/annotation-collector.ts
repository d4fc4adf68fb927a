import type { AdmissionRequest } from '../interface.js';

/** Gathers the audit annotations of policies: distinct values of one key are told together. */
export class AnnotationCollector {
  readonly #values = new Map<string, string[]>();

  /** @param key - Without the name of the policy. */
  add(policy: string, key: string, value: string): void {
    const full = `${policy}/${key}`;
    const values = this.#values.get(full) ?? [];
    if (!values.includes(value)) values.push(value);
    this.#values.set(full, values);
  }

  publish(request: AdmissionRequest): void {
    for (const [key, values] of this.#values) request.addAuditAnnotation(key, values.join(', '));
  }
}
