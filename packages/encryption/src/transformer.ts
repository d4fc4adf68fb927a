/** What one read gave. */
export interface TransformResult {
  data: Uint8Array;
  /** The value should be written anew: it lies under an old key, or under none. */
  stale: boolean;
  /** The provider that read it: `aesgcm`, `aescbc`, `secretbox`, `kms`, `identity`. */
  provider: string;
  /** The key, or the KMS provider, that read it; '' for identity. */
  keyName: string;
}

/**
 * One value to its stored form and back. Sync where the cipher is local, so that reads cost no promise.
 *
 * `authenticated` is bound to the value without being stored in it: the full key under which the value lies, so that
 * nobody can move a value to another key. Both directions throw TransformError.
 */
export interface Transformer {
  encrypt(data: Uint8Array, authenticated: Uint8Array): Uint8Array | Promise<Uint8Array>;
  decrypt(data: Uint8Array, authenticated: Uint8Array): TransformResult | Promise<TransformResult>;
  /**
   * As {@link Transformer.encrypt}, with `head` in front of the result. Optional: saves whoever stacks transformers a
   * copy of every value; without it, prefixes are put in front by copying.
   */
  encryptAfter?(head: Uint8Array, data: Uint8Array, authenticated: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Zeroes keys and ends background work; the transformer must not be used afterwards. */
  close?(): void;
}

/** A transformer that depends on a service, and can say whether the service works. */
export interface HealthCheckedTransformer extends Transformer {
  /** `null` = healthy. Answers from memory for some seconds, so it may be asked by every health request. */
  checkHealth(): Promise<Error | null>;
}

/** Joins parts into one new array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** True when `data` begins with `prefix`. */
export function startsWith(data: Uint8Array, prefix: Uint8Array): boolean {
  if (data.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (data[i] !== prefix[i]) return false;
  return true;
}
