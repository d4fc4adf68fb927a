/** A stored value that cannot be read or written; says which provider and which key failed, never what was in it. */
export class TransformError extends Error {
  override readonly name = 'TransformError';
  /** `aesgcm`, `aescbc`, `secretbox`, `kms` or `identity`; '' when no provider recognised the value. */
  readonly provider: string;
  /** The name of the key or KMS provider; '' when none was reached. */
  readonly keyName: string;

  constructor(message: string, provider = '', keyName = '', options?: ErrorOptions) {
    super(message, options);
    this.provider = provider;
    this.keyName = keyName;
  }
}

/** An EncryptionConfiguration that cannot be used; `problems` are single faults, each with its path. */
export class EncryptionConfigError extends Error {
  override readonly name = 'EncryptionConfigError';
  readonly problems: readonly string[];

  constructor(message: string, problems: readonly string[] = [message]) {
    super(message);
    this.problems = problems;
  }
}

/** Several messages as one: a single one as it is, more in brackets. */
export function aggregate(messages: readonly string[]): string {
  const unique = [...new Set(messages)];
  return unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]`;
}
