/** A policy that cannot be used. The message holds every fault; each names field and value. */
export class AuditPolicyError extends Error {
  override readonly name = 'AuditPolicyError';
  /** The faults one by one, in upstream's words and order. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`);
    this.faults = faults;
  }
}
