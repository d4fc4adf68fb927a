/**
 * A KMS v2 provider: one data key seed at a time, encrypted by the key service, reused for many values and replaced
 * when the service says that its key changed.
 */
import { primitives } from '#primitives';
import { aggregate, TransformError } from '../errors.js';
import type { Transformer, TransformResult } from '../transformer.js';
import { checkEncryptedObject, decodeEncryptedObject, encodeEncryptedObject, keyIdFault } from './encrypted-object.js';
import { openExtended, openGcm, SEED_BYTES, sealExtended } from './extended-nonce.js';
import type { EncryptedObject } from './gen/kms_pb.js';
import type { KeyService, KeyServiceStatus } from './key-service.js';

const VALID_MS = 3 * 60_000;
const POLL_MS = 60_000;
const POLL_UNHEALTHY_MS = 10_000;
const HEALTHY_CACHE_MS = 20_000;
const UNHEALTHY_CACHE_MS = 3_000;
const SEED_CACHE_MS = 24 * 3_600_000;
const SEED_CACHE_MAX = 10_000;
/** `HKDF_SHA256_XNONCE_AES_GCM_SEED`. */
const SEED_TYPE = 1;

/** The seed that writes use now. */
interface State {
  seed: Uint8Array;
  keyId: string;
  source: Uint8Array;
  annotations: Record<string, Uint8Array>;
  uid: string;
  expiresMs: number;
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
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** `sha256:<hex>` of a key id, which may itself be confidential; '' for ''. */
export function keyIdHash(keyId: string): string {
  return keyId === '' ? '' : `sha256:${hex(primitives.sha256(new TextEncoder().encode(keyId)))}`;
}

const rfc3339 = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The transformer of one `kms` entry with `apiVersion: v2`. */
export class KmsProvider implements Transformer {
  readonly name: string;
  readonly #service: KeyService;
  readonly #now: () => number;
  readonly #log: NonNullable<KmsProviderOptions['log']>;
  readonly #seeds = new Map<string, { seed: Uint8Array; setMs: number }>();
  readonly #poll: boolean;
  #state: State | null = null;
  #version = '';
  #health: { atMs: number; error: Error | null } | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #closed = false;

  constructor(options: KmsProviderOptions) {
    this.name = options.name;
    this.#service = options.service;
    this.#now = options.now ?? Date.now;
    this.#log = options.log ?? (() => {});
    this.#poll = options.poll ?? true;
  }

  /** Probes once, then keeps polling. A plugin that is not there yet is no reason to fail. */
  async start(): Promise<void> {
    const error = await this.probe();
    if (this.#poll) this.#schedule(error === null ? POLL_MS : POLL_UNHEALTHY_MS);
  }

  /** The health of the provider, remembered for 20 s (healthy) or 3 s; null = healthy. */
  async checkHealth(): Promise<Error | null> {
    const known = this.#health;
    if (known !== null && this.#now() - known.atMs < (known.error === null ? HEALTHY_CACHE_MS : UNHEALTHY_CACHE_MS)) return known.error;
    return this.probe();
  }

  /** Asks for the status and rotates the seed when the key changed; null = healthy. */
  async probe(): Promise<Error | null> {
    let error: Error | null = null;
    try {
      let status: KeyServiceStatus;
      try {
        status = await this.#service.status();
      } catch (cause) {
        throw new Error(`failed to perform status section of the healthz check for KMS Provider ${this.name}, error: ${messageOf(cause)}`);
      }
      await this.#evaluate(status);
    } catch (cause) {
      error = cause instanceof Error ? cause : new Error(String(cause));
      this.#log({ message: 'KMS provider is not healthy', error });
    }
    this.#health = { atMs: this.#now(), error };
    return error;
  }

  #schedule(ms: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      void this.probe().then((error) => this.#schedule(error === null ? POLL_MS : POLL_UNHEALTHY_MS));
    }, ms);
    (this.#timer as { unref?: () => void }).unref?.();
  }

  async #evaluate(status: KeyServiceStatus): Promise<void> {
    const faults: string[] = [];
    if (status.healthz !== 'ok') faults.push(`got unexpected healthz status: ${status.healthz}`);
    if (status.version !== 'v2' && status.version !== 'v2beta1') faults.push(`expected KMSv2 API version v2, got ${status.version}`);
    else if (this.#version === '') this.#version = status.version;
    else if (this.#version !== status.version) {
      faults.push(`KMSv2 API version should not change after the initial status response version ${this.#version}, got ${status.version}`);
    }
    const fault = keyIdFault(status.keyId);
    if (fault !== null) faults.push(`got invalid KMSv2 KeyID hash ${JSON.stringify(keyIdHash(status.keyId))}: ${fault}`);
    else {
      try {
        await this.#rotate(status.keyId);
      } catch (error) {
        faults.push(messageOf(error));
      }
    }
    if (faults.length > 0) throw new Error(`kmsv2 Provider ${this.name} is not healthy, error: ${aggregate(faults)}`);
  }

  async #rotate(statusKeyId: string): Promise<void> {
    const state = this.#state;
    if (state !== null && state.keyId === statusKeyId) {
      state.expiresMs = this.#now() + VALID_MS;
      return;
    }
    const uid = globalThis.crypto.randomUUID();
    const seed = primitives.randomBytes(SEED_BYTES);
    const askedMs = this.#now();
    let encryptedKeyId = '';
    try {
      const answer = await this.#service.encrypt(seed, uid);
      encryptedKeyId = answer.keyId;
      if (answer.keyId !== statusKeyId) throw new Error('the key id of the answer is not the one of the status');
      const annotations = { ...answer.annotations };
      checkEncryptedObject(
        {
          encryptedData: Uint8Array.of(0),
          keyID: answer.keyId,
          encryptedDEKSource: answer.ciphertext,
          annotations,
          encryptedDEKSourceType: SEED_TYPE,
        } as EncryptedObject,
        this.name,
      );
      this.#state = { seed, keyId: answer.keyId, source: answer.ciphertext, annotations, uid, expiresMs: askedMs + VALID_MS };
      this.#remember(cacheKey(answer.ciphertext, answer.keyId, annotations, SEED_TYPE), seed);
      this.#log({ message: 'KMS provider uses a new data key', keyIdHash: keyIdHash(answer.keyId) });
    } catch (error) {
      throw new Error(
        `failed to rotate DEK uid=${JSON.stringify(uid)}, useSeed=true, errState=${state === null ? 'got unexpected nil transformer' : '<nil>'}, errGen=failed to encrypt DEK, error: ${messageOf(error)}, statusKeyIDHash=${JSON.stringify(keyIdHash(statusKeyId))}, encryptKeyIDHash=${JSON.stringify(keyIdHash(encryptedKeyId))}, stateKeyIDHash=${JSON.stringify(keyIdHash(state?.keyId ?? ''))}, expirationTimestamp=${rfc3339(state?.expiresMs ?? 0)}`,
      );
    }
  }

  #remember(key: string, seed: Uint8Array): void {
    this.#seeds.delete(key);
    this.#seeds.set(key, { seed, setMs: this.#now() });
    for (const [old, { setMs }] of this.#seeds) {
      if (this.#seeds.size <= SEED_CACHE_MAX && this.#now() - setMs < SEED_CACHE_MS) break;
      this.#seeds.delete(old);
    }
  }

  encrypt(data: Uint8Array, authenticated: Uint8Array): Uint8Array {
    const state = this.#state;
    const fail = (text: string): TransformError => new TransformError(text, 'kms', this.name);
    if (state === null) throw fail('got unexpected nil transformer');
    if (this.#now() > state.expiresMs) {
      throw fail(
        `encryptedDEKSource with keyID hash ${JSON.stringify(keyIdHash(state.keyId))} expired at ${rfc3339(state.expiresMs)} (current time is ${rfc3339(this.#now())})`,
      );
    }
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
    if (state === null) throw new TransformError('got unexpected nil transformer', 'kms', this.name);
    const object = decodeEncryptedObject(data, this.name);
    const key = cacheKey(object.encryptedDEKSource, object.keyID, object.annotations, object.encryptedDEKSourceType);
    const known = this.#seeds.get(key);
    const finish = (seed: Uint8Array): TransformResult => ({
      data:
        object.encryptedDEKSourceType === SEED_TYPE
          ? openExtended(seed, object.encryptedData, authenticated, this.name)
          : openGcm(seed, object.encryptedData, authenticated, this.name),
      stale: object.keyID !== state.keyId || object.encryptedDEKSourceType !== SEED_TYPE,
      provider: 'kms',
      keyName: this.name,
    });
    if (known !== undefined) return finish(known.seed);
    return this.#decryptSeed(object).then((seed) => {
      this.#remember(key, seed);
      return finish(seed);
    });
  }

  async #decryptSeed(object: EncryptedObject): Promise<Uint8Array> {
    try {
      return await this.#service.decrypt({
        ciphertext: object.encryptedDEKSource,
        uid: globalThis.crypto.randomUUID(),
        keyId: object.keyID,
        annotations: object.annotations,
      });
    } catch (error) {
      throw new TransformError(`failed to decrypt DEK, error: ${messageOf(error)}`, 'kms', this.name, { cause: error });
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#service.close?.();
    for (const { seed } of this.#seeds.values()) seed.fill(0);
    this.#seeds.clear();
    this.#state?.seed.fill(0);
    this.#state = null;
  }
}

/** What names a data key: everything that its decryption depends on. */
function cacheKey(source: Uint8Array, keyId: string, annotations: Readonly<Record<string, Uint8Array>>, type: number): string {
  const parts = Object.keys(annotations)
    .sort()
    .map((name) => `${name}=${hex(annotations[name] as Uint8Array)}`);
  return hex(primitives.sha256(new TextEncoder().encode(JSON.stringify([type, hex(source), keyId, parts]))));
}
