/**
 * A configuration that follows its file. Reads the file every minute; when its bytes changed, builds the new
 * transformers, waits for their key services, swaps all resources at once, and drops the old ones when no call can be
 * under way in them any more. Whatever fails leaves the old ones at work.
 */
import type { EncryptionTransformerOptions, KmsEntry } from '../encryption-transformer.js';
import { checkAll, kmsCloseGraceMs } from '../kms/health-checks.js';
import { identityTransformer } from '../providers/identity.js';
import { WriteCounters } from '../providers/write-counters.js';
import type { Transformer, TransformResult } from '../transformer.js';
import { buildEncryption, type LoadedEncryption, loadEncryptionConfiguration, readConfigurationFile } from './load.js';

const POLL_MS = 60_000;
const RETRY_MS = 5;
const RETRY_MS_MAX = 1_000_000;
const HEALTH_POLL_MS = 100;
const HEALTH_WAIT_MS = 10_000;

/** What became of one look at the file. */
export type ReloadOutcome =
  | { status: 'unchanged' }
  | { status: 'success'; hash: string }
  /** `error.message` is kube-apiserver's. */
  | { status: 'failure'; error: Error };

/** How {@link watchEncryptionConfiguration} works. */
export interface WatchEncryptionOptions extends EncryptionTransformerOptions {
  file: string;
  /** Milliseconds between looks at the file. Default 60_000. */
  pollMs?: number;
  /** Milliseconds, at least, that new key services may take to become healthy. Default 10_000. */
  healthWaitMs?: number;
  /** Hears of successes and failures, not of looks at an unchanged file. */
  onReload?: (outcome: ReloadOutcome) => void;
}

/** Starts with the file as it is, then follows it. */
export async function watchEncryptionConfiguration(options: WatchEncryptionOptions): Promise<ReloadingEncryption> {
  const counters = options.counters ?? new WriteCounters(options.warn === undefined ? {} : { warn: options.warn });
  const complete = { ...options, counters };
  const first = await loadEncryptionConfiguration(options.file, { ...complete, reload: true });
  const reloading = new ReloadingEncryption(complete, first);
  reloading.start();
  return reloading;
}

/** Made by {@link watchEncryptionConfiguration}. */
export class ReloadingEncryption {
  readonly #options: WatchEncryptionOptions;
  readonly #views = new Map<string, Transformer>();
  readonly #fallback = identityTransformer();
  readonly #dropping = new Map<ReturnType<typeof setTimeout>, LoadedEncryption>();
  #loaded: LoadedEncryption;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #failureCount = 0;
  #isClosed = false;
  #running: Promise<ReloadOutcome> | null = null;

  constructor(options: WatchEncryptionOptions, loaded: LoadedEncryption) {
    this.#options = options;
    this.#loaded = loaded;
  }

  /** `sha256:<hex>` of the file that is in force. */
  get hash(): string {
    return this.#loaded.hash;
  }

  /** The `kms` entries that are in force, for health checks. */
  get kms(): readonly KmsEntry[] {
    return this.#loaded.transformer.kms;
  }

  /** The transformer of a resource, good for as long as this object: each call uses the configuration then in force. */
  transformerFor(resource: string): Transformer {
    const known = this.#views.get(resource);
    if (known !== undefined) return known;
    const current = (): Transformer => this.#loaded.transformer.transformerFor(resource) ?? this.#fallback;
    const view: Transformer = {
      encrypt: (data, authenticated) => current().encrypt(data, authenticated),
      decrypt: (data, authenticated) => current().decrypt(data, authenticated),
    };
    this.#views.set(resource, view);
    return view;
  }

  /** @param key - The full key under which the value will lie. */
  async encryptForResource(resource: string, data: Uint8Array, key: string): Promise<Uint8Array> {
    return this.transformerFor(resource).encrypt(data, new TextEncoder().encode(key));
  }

  /**
   * @param key - The full key under which the value lies.
   * @throws {TransformError} when no provider can read the value.
   */
  async decryptForResource(resource: string, data: Uint8Array, key: string): Promise<TransformResult> {
    return this.transformerFor(resource).decrypt(data, new TextEncoder().encode(key));
  }

  /** Begins to follow the file. */
  start(): void {
    this.#schedule(this.#options.pollMs ?? POLL_MS);
  }

  /** Looks at the file now. Concurrent callers share one look. */
  checkNow(): Promise<ReloadOutcome> {
    this.#running ??= this.#reload().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Stops following and drops everything, zeroing the keys. */
  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const [timer, { transformer }] of this.#dropping) {
      clearTimeout(timer);
      transformer.close();
    }
    this.#dropping.clear();
    this.#loaded.transformer.close();
  }

  #schedule(ms: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      void this.checkNow().then(({ status }) => {
        const pollMs = this.#options.pollMs ?? POLL_MS;
        // A failure is tried again soon, then ever later; the next regular look comes in any case.
        this.#schedule(status === 'failure' ? Math.min(pollMs, RETRY_MS_MAX, RETRY_MS * 2 ** this.#failureCount++) : pollMs);
      });
    }, ms);
    this.#timer.unref();
  }

  async #reload(): Promise<ReloadOutcome> {
    const { file, onReload = () => {} } = this.#options;
    let next: LoadedEncryption | null = null;
    let outcome: ReloadOutcome;
    try {
      const read = readConfigurationFile(file);
      if (read.hash === this.#loaded.hash) {
        this.#failureCount = 0;
        return { status: 'unchanged' };
      }
      next = await buildEncryption(file, read, { ...this.#options, reload: true });
      await this.#waitUntilHealthy(next);
      if (this.#isClosed) throw new Error('the server is stopping');
      this.#swap(next);
      this.#failureCount = 0;
      outcome = { status: 'success', hash: next.hash };
    } catch (error) {
      next?.transformer.close();
      outcome = { status: 'failure', error: error instanceof Error ? error : new Error(String(error)) };
    }
    onReload(outcome);
    return outcome;
  }

  async #waitUntilHealthy({ transformer }: LoadedEncryption): Promise<void> {
    const untilMs = Date.now() + Math.max(this.#options.healthWaitMs ?? HEALTH_WAIT_MS, kmsCloseGraceMs(transformer.kms));
    for (;;) {
      const fault = await checkAll(transformer.kms);
      if (fault === null) return;
      if (Date.now() >= untilMs || this.#isClosed) {
        throw new Error(`health check for new transformers failed, polling error context deadline exceeded: ${fault.message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, HEALTH_POLL_MS).unref());
    }
  }

  #swap(next: LoadedEncryption): void {
    const old = this.#loaded;
    this.#loaded = next;
    const timer = setTimeout(() => {
      this.#dropping.delete(timer);
      old.transformer.close();
    }, kmsCloseGraceMs(old.transformer.kms));
    timer.unref();
    this.#dropping.set(timer, old);
  }
}
