/** A policy that cannot be used. */
export class AuditPolicyError extends Error {
  override readonly name = 'AuditPolicyError';
}
