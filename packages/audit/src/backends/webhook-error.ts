/** What went wrong with a webhook: it did not answer, could not be reached, could not be trusted, or said no. */
export type AuditWebhookErrorCode = 'WEBHOOK_TIMEOUT' | 'WEBHOOK_CONNECTION' | 'WEBHOOK_CERTIFICATE' | 'WEBHOOK_STATUS' | 'WEBHOOK_CLOSED';

/** A batch that a webhook did not take. Messages name the address without its query, never credentials. */
export class AuditWebhookError extends Error {
  override readonly name = 'AuditWebhookError';
  readonly code: AuditWebhookErrorCode;
  /** The HTTP status of a WEBHOOK_STATUS. */
  readonly status: number | undefined;

  constructor(code: AuditWebhookErrorCode, message: string, options: { status?: number } = {}) {
    super(message);
    this.code = code;
    this.status = options.status;
  }
}

/** Codes of OpenSSL's verdicts on certificates; node:tls has some of its own. */
const CERTIFICATE = /CERT|SIGNATURE|^ERR_TLS|^ERR_SSL|CRL|CHAIN/;

/** A failed request in the words of this package. The cause is not kept: what a client library knows may hold headers. */
export function webhookErrorOf(error: unknown, address: string, timeoutMs: number): AuditWebhookError {
  if (error instanceof AuditWebhookError) return error;
  const { name, code = '', message = String(error) } = (error ?? {}) as { name?: string; code?: unknown; message?: string };
  const post = `Post ${JSON.stringify(address)}`;
  if (name === 'TimeoutError' || /TIMEOUT/.test(String(code))) {
    return new AuditWebhookError('WEBHOOK_TIMEOUT', `${post}: no answer within ${timeoutMs / 1000} s`);
  }
  if (name === 'AbortError') return new AuditWebhookError('WEBHOOK_CLOSED', `${post}: broken off, the log is being closed`);
  const kind = typeof code === 'string' && CERTIFICATE.test(code) ? 'WEBHOOK_CERTIFICATE' : 'WEBHOOK_CONNECTION';
  return new AuditWebhookError(kind, `${post}: ${message === '' ? String(code) : message}`);
}
