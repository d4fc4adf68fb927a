/**
 * A KMS v2 provider: one data key seed at a time, encrypted by the key service, reused for many values and replaced
 * when the service says that its key changed.
 */
import { primitives } from '#primitives';
import { aggregate, TransformError } from '../errors.js';
import type { EncryptedObject } from '../gen/kms_pb.js';
import type { HealthCheckedTransformer, TransformResult } from '../transformer.js';
import { checkEncryptedObject, decodeEncryptedObject, encodeEncryptedObject } from './encrypted-object.js';
import { openExtended, openGcm, SEED_BYTES, sealExtended } from './extended-nonce.js';
import { HealthMemory, type ProbeOutcome } from './health-memory.js';
import { keyIdFault, keyIdHash } from './key-id.js';
import type { KeyService, KeyServiceStatus } from './key-service.js';
import { SeedCache } from './seed-cache.js';
import { sourceKey } from './source-key.js';

const VALID_MS = 3 * 60_000;
const POLL_MS = 60_000;
const POLL_UNHEALTHY_MS = 10_000;
/** `HKDF_SHA256_XNONCE_AES_GCM_SEED`. */
const SEED_TYPE = 1;
const UNPRIMED = 'got unexpected nil transformer';
/** Go's zero time, for a state that never was. */
const NEVER = '0001-01-01T00:00:00Z';

/** The seed that writes use now. */
interface State {
  seed: Uint8Array;
  keyId: string;
  source: Uint8Array;
  annotations: Record<string, Uint8Array>;
  expiresMs: number;
}

/** What a provider reports for metrics. */
export interface KmsProviderObserver {
  /** A value was read or written under a key. */
  onKeyUse?(use: { direction: 'from_storage' | 'to_storage'; keyIdHash: string }): void;
  /** The service's status named a usable key. */
  onStatusKey?(keyIdHash: string): void;
  onInvalidKeyId?(code: 'empty' | 'too_long'): void;
  /** The number of decrypted seeds in memory changed. */
  onSeedCache?(size: number): void;
  /** A value's seed was not in memory. */
  onCacheMiss?(): void;
  /** A fresh seed was made, or could not be. */
  onSeedGenerated?(outcome: { seconds: number; isFailure: boolean }): void;
}

/** How {@link KmsProvider} works. */
export interface KmsProviderOptions {
  name: string;
  service: KeyService;
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number;
  /** Polls the service's status in the background. Default true. */
  poll?: boolean;
  /** Hears of failed polls and of rotations. */
  log?: (event: { message: string; keyIdHash?: string; error?: unknown }) => void;
  observer?: KmsProviderObserver;
}

const rfc3339 = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The transformer of one `kms` entry with `apiVersion: v2`. */
export class KmsProvider implements HealthCheckedTransformer {
  readonly name: string;
  readonly #service: KeyService;
  readonly #now: () => number;
  readonly #log: NonNullable<KmsProviderOptions['log']>;
  readonly #observer: KmsProviderObserver;
  readonly #seeds: SeedCache;
  readonly #asked = new Map<string, Promise<Uint8Array>>();
  readonly #health: HealthMemory;
  readonly #poll: boolean;
  #state: State | null = null;
  #version = '';
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isClosed = false;

  constructor(options: KmsProviderOptions) {
    this.name = options.name;
    this.#service = options.service;
    this.#now = options.now ?? Date.now;
    this.#log = options.log ?? (() => {});
    this.#poll = options.poll ?? true;
    this.#observer = options.observer ?? {};
    this.#seeds = new SeedCache(this.#now);
    this.#health = new HealthMemory(this.#now, () => this.#evaluateStatus());
  }

  /** Probes once, then keeps polling. A plugin that is not there yet is no reason to fail. */
  async start(): Promise<void> {
    const error = await this.probe();
    if (this.#poll) this.#schedule(error === null ? POLL_MS : POLL_UNHEALTHY_MS);
  }

  /** The id of the key that writes use; `null` before the first good status. */
  get currentKeyId(): string | null {
    return this.#state?.keyId ?? null;
  }

  /** The health of the provider, remembered for 20 s (healthy) or 3 s; `null` = healthy. */
  checkHealth(): Promise<Error | null> {
    return this.#health.check();
  }

  /** Asks for the status and rotates the seed when the key changed; `null` = healthy. */
  probe(): Promise<Error | null> {
    return this.#health.probe();
  }

  async #evaluateStatus(): Promise<ProbeOutcome> {
    let status: KeyServiceStatus;
    try {
      status = await this.#service.status();
    } catch (cause) {
      const error = new Error(
        `failed to perform status section of the healthz check for KMS Provider ${this.name}, error: ${messageOf(cause)}`,
        { cause },
      );
      this.#log({ message: 'KMS provider is not healthy', error });
      return { error, remembered: cause instanceof Error ? cause : new Error(String(cause)) };
    }
    const faults = await this.#statusFaults(status);
    if (faults.length === 0) return { error: null };
    const error = new Error(`kmsv2 Provider ${this.name} is not healthy, error: ${aggregate(faults)}`);
    this.#log({ message: 'KMS provider is not healthy', error });
    return { error };
  }

  #schedule(ms: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      void this.probe().then((error) => this.#schedule(error === null ? POLL_MS : POLL_UNHEALTHY_MS));
    }, ms);
    (this.#timer as { unref?: () => void }).unref?.();
  }

  async #statusFaults(status: KeyServiceStatus): Promise<string[]> {
    const faults: string[] = [];
    if (status.healthz !== 'ok') faults.push(`got unexpected healthz status: ${status.healthz}`);
    if (status.version !== 'v2' && status.version !== 'v2beta1') faults.push(`expected KMSv2 API version v2, got ${status.version}`);
    else if (this.#version === '') this.#version = status.version;
    else if (this.#version !== status.version) {
      faults.push(`KMSv2 API version should not change after the initial status response version ${this.#version}, got ${status.version}`);
    }
    const fault = keyIdFault(status.keyId);
    if (fault !== null) {
      this.#observer.onInvalidKeyId?.(fault.code);
      return [...faults, `got invalid KMSv2 KeyID hash ${JSON.stringify(keyIdHash(status.keyId))}: ${fault.message}`];
    }
    this.#observer.onStatusKey?.(keyIdHash(status.keyId));
    const failure = await this.#rotate(status.keyId);
    return failure === null ? faults : [...faults, failure];
  }

  /** Makes a seed under the service's current key, unless the present one is; answers what went wrong. */
  async #rotate(statusKeyId: string): Promise<string | null> {
    const state = this.#state;
    // Counted from before the call: three minutes are the upper bound.
    const expiresMs = this.#now() + VALID_MS;
    if (state !== null && state.keyId === statusKeyId) {
      state.expiresMs = expiresMs;
      return null;
    }
    const uid = globalThis.crypto.randomUUID();
    const generated = await this.#generate(uid, expiresMs);
    if (typeof generated !== 'string' && generated.keyId === statusKeyId && !this.#isClosed) {
      this.#state = generated;
      this.#seeds.set(sourceKey(generated.source, generated.keyId, generated.annotations, SEED_TYPE), generated.seed);
      this.#observer.onSeedCache?.(this.#seeds.size);
      this.#log({ message: 'KMS provider uses a new data key', keyIdHash: keyIdHash(generated.keyId) });
      state?.seed.fill(0);
      return null;
    }
    const parts = [
      `uid=${JSON.stringify(uid)}`,
      'useSeed=true',
      `errState=${state === null ? UNPRIMED : '<nil>'}`,
      `errGen=${typeof generated === 'string' ? generated : '<nil>'}`,
      `statusKeyIDHash=${JSON.stringify(keyIdHash(statusKeyId))}`,
      `encryptKeyIDHash=${JSON.stringify(typeof generated === 'string' ? '' : keyIdHash(generated.keyId))}`,
      `stateKeyIDHash=${JSON.stringify(keyIdHash(state?.keyId ?? ''))}`,
      `expirationTimestamp=${state === null ? NEVER : rfc3339(state.expiresMs)}`,
    ];
    return `failed to rotate DEK ${parts.join(', ')}`;
  }

  /** A fresh seed, or why there is none. */
  async #generate(uid: string, expiresMs: number): Promise<State | string> {
    const startedMs = performance.now();
    const done = (isFailure: boolean): void =>
      this.#observer.onSeedGenerated?.({ seconds: (performance.now() - startedMs) / 1000, isFailure });
    const seed = primitives.randomBytes(SEED_BYTES);
    let made: State;
    try {
      const { ciphertext, keyId, annotations } = await this.#service.encrypt(seed, uid);
      made = { seed, keyId, source: ciphertext, annotations: { ...annotations }, expiresMs };
    } catch (error) {
      done(true);
      return `failed to encrypt DEK, error: ${messageOf(error)}`;
    }
    try {
      const { keyId: keyID, source: encryptedDEKSource, annotations } = made;
      const object = { keyID, encryptedDEKSource, annotations, encryptedDEKSourceType: SEED_TYPE, encryptedData: Uint8Array.of(0) };
      checkEncryptedObject(object as EncryptedObject, this.name);
    } catch (error) {
      done(true);
      return messageOf(error);
    }
    done(false);
    return made;
  }

  encrypt(data: Uint8Array, authenticated: Uint8Array): Uint8Array {
    const state = this.#state;
    const fail = (text: string): TransformError => new TransformError(text, 'kms', this.name);
    if (state === null) throw fail(UNPRIMED);
    if (this.#now() > state.expiresMs) {
      throw fail(
        `encryptedDEKSource with keyID hash ${JSON.stringify(keyIdHash(state.keyId))} expired at ${rfc3339(state.expiresMs)} (current time is ${rfc3339(this.#now())})`,
      );
    }
    if (this.#observer.onKeyUse !== undefined) this.#observer.onKeyUse({ direction: 'to_storage', keyIdHash: keyIdHash(state.keyId) });
    return encodeEncryptedObject(
      {
        encryptedData: sealExtended(state.seed, data, authenticated),
        keyID: state.keyId,
        encryptedDEKSource: state.source,
        annotations: state.annotations,
        encryptedDEKSourceType: SEED_TYPE,
      },
      this.name,
    );
  }

  decrypt(data: Uint8Array, authenticated: Uint8Array): TransformResult | Promise<TransformResult> {
    const state = this.#state;
    if (state === null) throw new TransformError(UNPRIMED, 'kms', this.name);
    const object = decodeEncryptedObject(data, this.name);
    const { encryptedDEKSource: source, keyID, annotations, encryptedDEKSourceType: type } = object;
    const finish = (seed: Uint8Array): TransformResult => {
      const open = type === SEED_TYPE ? openExtended : openGcm;
      const plain = open(seed, object.encryptedData, authenticated, this.name);
      if (this.#observer.onKeyUse !== undefined) this.#observer.onKeyUse({ direction: 'from_storage', keyIdHash: keyIdHash(keyID) });
      return { data: plain, stale: keyID !== state.keyId || type !== SEED_TYPE, provider: 'kms', keyName: this.name };
    };
    const key = sourceKey(source, keyID, annotations, type);
    const known = this.#seeds.get(key);
    return known === undefined ? this.#ask(key, object).then(finish) : finish(known);
  }

  /** Has the service decrypt a seed, once however many values wait for it. */
  #ask(key: string, object: EncryptedObject): Promise<Uint8Array> {
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    this.#observer.onCacheMiss?.();
    const request = {
      ciphertext: object.encryptedDEKSource,
      uid: globalThis.crypto.randomUUID(),
      keyId: object.keyID,
      annotations: object.annotations,
    };
    const answer = this.#service
      .decrypt(request)
      .then(
        (seed) => {
          if (!this.#isClosed) this.#seeds.set(key, seed);
          this.#observer.onSeedCache?.(this.#seeds.size);
          return seed;
        },
        (cause: unknown) => {
          throw new TransformError(`failed to decrypt DEK, error: ${messageOf(cause)}`, 'kms', this.name, { cause });
        },
      )
      .finally(() => this.#asked.delete(key));
    this.#asked.set(key, answer);
    return answer;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#service.close?.();
    this.#seeds.clear();
    this.#state?.seed.fill(0);
    this.#state = null;
  }
}
