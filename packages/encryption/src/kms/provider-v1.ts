/** A KMS v1 provider: a new data key for every write, encrypted by one call to the plugin. */
import { primitives } from '#primitives';
import { aggregate, TransformError } from '../errors.js';
import { aesCbcTransformer } from '../providers/aes-cbc.js';
import { aesGcmTransformer } from '../providers/aes-gcm.js';
import { concat, type HealthCheckedTransformer, type TransformResult } from '../transformer.js';
import type { KeyServiceV1 } from './client-v1.js';
import { HealthMemory } from './health-memory.js';

const DEK_BYTES = 32;
const NONCE_BYTES = 12;
const LENGTH_BYTES = 2;
const ENCRYPTED_DEK_BYTES_MAX = 65_535;
const FRAME_FAULT = 'invalid data encountered by envelope transformer: failed to read uint16 length prefixed data';

/** What a provider reports for metrics. */
export interface KmsV1ProviderObserver {
  /** A value came to be read or written. */
  onArrival?(direction: 'from_storage' | 'to_storage'): void;
  /** A value's data key was not in memory. */
  onCacheMiss?(): void;
  /** How full the memory of data keys is, 0 to 1. */
  onCacheFill?(share: number): void;
  /** A data key was made. */
  onSeedGenerated?(outcome: { seconds: number; isFailure: boolean }): void;
}

/** How {@link KmsV1Provider} works. */
export interface KmsV1ProviderOptions {
  name: string;
  service: KeyServiceV1;
  /** Data keys kept, the least recently used dropped first. Default 1000; negative = none. */
  cacheSize?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number;
  observer?: KmsV1ProviderObserver;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The transformer of one `kms` entry with `apiVersion: v1`. */
export class KmsV1Provider implements HealthCheckedTransformer {
  readonly name: string;
  readonly #service: KeyServiceV1;
  readonly #cacheSize: number;
  readonly #keys = new Map<string, Uint8Array>();
  readonly #health: HealthMemory;
  readonly #observer: KmsV1ProviderObserver;

  constructor(options: KmsV1ProviderOptions) {
    this.name = options.name;
    this.#service = options.service;
    this.#cacheSize = options.cacheSize ?? 1000;
    this.#observer = options.observer ?? {};
    this.#health = new HealthMemory(options.now ?? Date.now, () => this.#probe());
  }

  checkHealth(): Promise<Error | null> {
    return this.#health.check();
  }

  async #probe(): Promise<{ error: Error | null; remembered?: Error }> {
    let section = 'encrypt';
    try {
      const ciphertext = await this.#service.encrypt(new TextEncoder().encode('ping'));
      section = 'decrypt';
      await this.#service.decrypt(ciphertext);
      return { error: null };
    } catch (cause) {
      const error = new Error(
        `failed to perform ${section} section of the healthz check for KMS Provider ${this.name}, error: ${messageOf(cause)}`,
        { cause },
      );
      return { error, remembered: cause instanceof Error ? cause : new Error(String(cause)) };
    }
  }

  async encrypt(data: Uint8Array, authenticated: Uint8Array): Promise<Uint8Array> {
    this.#observer.onArrival?.('to_storage');
    const startedMs = performance.now();
    const dek = primitives.randomBytes(DEK_BYTES);
    this.#observer.onSeedGenerated?.({ seconds: (performance.now() - startedMs) / 1000, isFailure: false });
    const encrypted = await this.#call(() => this.#service.encrypt(dek));
    if (encrypted.length > ENCRYPTED_DEK_BYTES_MAX) {
      throw new TransformError(`the encrypted data key has ${encrypted.length} bytes, at most 65535 can be stored`, 'kms', this.name);
    }
    const nonce = primitives.randomBytes(NONCE_BYTES);
    const head = concat(Uint8Array.of(encrypted.length >> 8, encrypted.length & 0xff), encrypted, nonce);
    const stored = primitives.aesGcmSeal(dek, nonce, data, authenticated, head);
    this.#remember(hex(encrypted), dek);
    return stored;
  }

  async decrypt(data: Uint8Array, authenticated: Uint8Array): Promise<TransformResult> {
    this.#observer.onArrival?.('from_storage');
    const length = data.length < LENGTH_BYTES ? -1 : ((data[0] as number) << 8) | (data[1] as number);
    if (length < 0 || data.length < LENGTH_BYTES + length) throw new TransformError(FRAME_FAULT, 'kms', this.name);
    const encrypted = data.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
    const payload = data.subarray(LENGTH_BYTES + length);
    const id = hex(encrypted);
    let dek = this.#keys.get(id);
    if (dek === undefined) {
      this.#observer.onCacheMiss?.();
      dek = await this.#call(() => this.#service.decrypt(encrypted));
      if (![16, 24, 32].includes(dek.length)) {
        throw new TransformError(`crypto/aes: invalid key size ${dek.length}`, 'kms', this.name);
      }
    }
    const result = this.#open(dek, payload, authenticated);
    this.#remember(id, dek);
    return result;
  }

  #open(dek: Uint8Array, payload: Uint8Array, authenticated: Uint8Array): TransformResult {
    const errors: string[] = [];
    // Versions before 1.25 wrote AES-CBC under the data key.
    for (const [i, make] of [aesGcmTransformer, aesCbcTransformer].entries()) {
      const transformer = make(dek);
      try {
        const { data } = transformer.decrypt(payload, authenticated) as TransformResult;
        return { data, stale: i > 0, provider: 'kms', keyName: this.name };
      } catch (error) {
        errors.push(messageOf(error));
      } finally {
        transformer.close?.();
      }
    }
    throw new TransformError(aggregate(errors), 'kms', this.name);
  }

  /** Errors of the plugin pass as they are. */
  async #call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new TransformError(messageOf(error), 'kms', this.name, { cause: error });
    }
  }

  #remember(id: string, dek: Uint8Array): void {
    if (this.#cacheSize < 0) return;
    this.#keys.delete(id);
    this.#keys.set(id, dek);
    for (const old of this.#keys.keys()) {
      if (this.#keys.size <= this.#cacheSize) break;
      this.#keys.get(old)?.fill(0);
      this.#keys.delete(old);
    }
    this.#observer.onCacheFill?.(this.#keys.size / this.#cacheSize);
  }

  close(): void {
    this.#service.close?.();
    for (const dek of this.#keys.values()) dek.fill(0);
    this.#keys.clear();
  }
}
