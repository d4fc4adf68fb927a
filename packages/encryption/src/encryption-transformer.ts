/** From a configuration to the transformer of each resource. */
import type { EncryptionConfiguration, ProviderEntry } from './config/types.js';
import { decodeBase64, splitResource } from './config/validate.js';
import { EncryptionConfigError } from './errors.js';
import { type PrefixEntry, prefixTransformer, type TransformObserver } from './prefix-transformer.js';
import { aesCbcTransformer } from './providers/aes-cbc.js';
import { aesGcmTransformer } from './providers/aes-gcm.js';
import { identityTransformer } from './providers/identity.js';
import { secretboxTransformer } from './providers/secretbox.js';
import type { Transformer, TransformResult } from './transformer.js';

/** What a KMS provider needs; `@k/encryption/kms` makes them. */
export type KmsFactory = (config: NonNullable<ProviderEntry['kms']>) => Transformer | Promise<Transformer>;

/** Options of {@link EncryptionTransformer.fromConfig}. */
export interface EncryptionTransformerOptions {
  /** Makes the transformers of `kms` entries, e.g. `createKmsTransformer` of `@k/encryption/kms`. Absent: such entries are refused. */
  kms?: KmsFactory;
  /** Hears of every use of a provider and key. */
  observe?: (resource: string, use: Parameters<TransformObserver>[0]) => void;
  /** Hears warnings, e.g. that a key has written often enough to be rotated. */
  warn?: (message: string) => void;
}

const PREFIX = { aesgcm: 'k8s:enc:aesgcm:v1:', aescbc: 'k8s:enc:aescbc:v1:', secretbox: 'k8s:enc:secretbox:v1:' } as const;
const encoder = new TextEncoder();

function keyed(
  provider: 'aesgcm' | 'aescbc' | 'secretbox',
  entry: ProviderEntry,
  observe: TransformObserver | undefined,
  warn: ((message: string) => void) | undefined,
): PrefixEntry {
  const entries = (entry[provider]?.keys ?? []).map(({ name, secret }): PrefixEntry => {
    const key = decodeBase64(secret);
    if (key === null) throw new EncryptionConfigError(`could not obtain secret for named key ${name}: secrets must be base64 encoded`);
    const make = { aesgcm: aesGcmTransformer, aescbc: aesCbcTransformer, secretbox: secretboxTransformer }[provider];
    const transformer = make(key, { keyName: name, ...(warn === undefined ? {} : { warn }) });
    key.fill(0);
    return { prefix: `${name}:`, transformer };
  });
  const family = provider === 'secretbox' ? 'Secretbox' : 'AES';
  return {
    prefix: PREFIX[provider],
    transformer: prefixTransformer(entries, `no matching key was found for the provided ${family} transformer`, observe),
  };
}

/** The masking rule for `resource`, if an earlier entry has one. */
function maskOf(resource: string, seen: ReadonlySet<string>): string | undefined {
  if (seen.has('*.*')) return '*.*';
  const wildcard = `*.${splitResource(resource).group}`;
  return resource !== wildcard && seen.has(wildcard) ? wildcard : undefined;
}

/** Encrypts and decrypts the values of a key-value store, each resource as the configuration says. */
export class EncryptionTransformer {
  readonly #transformers: ReadonlyMap<string, Transformer>;
  readonly #fallback: Transformer = identityTransformer();
  readonly #close: readonly (() => void)[];

  private constructor(transformers: ReadonlyMap<string, Transformer>, close: readonly (() => void)[]) {
    this.#transformers = transformers;
    this.#close = close;
  }

  /**
   * Builds every transformer of a checked configuration.
   *
   * @throws {EncryptionConfigError} for rules that earlier ones mask, and for KMS entries that cannot be made.
   */
  static async fromConfig(
    configuration: EncryptionConfiguration,
    options: EncryptionTransformerOptions = {},
  ): Promise<EncryptionTransformer> {
    const byResource = new Map<string, PrefixEntry[]>();
    const close: (() => void)[] = [];
    const seen = new Set<string>();
    for (const entry of configuration.resources) {
      for (const resource of entry.resources) {
        const mask = maskOf(resource, seen);
        if (mask !== undefined) {
          throw new EncryptionConfigError(
            `error while building transformers: resource ${JSON.stringify(resource)} is masked by earlier rule ${JSON.stringify(mask)}`,
          );
        }
      }
      const kms = new Map<ProviderEntry, Transformer>();
      for (const provider of entry.providers) {
        if (provider.kms === undefined) continue;
        if (options.kms === undefined) throw new EncryptionConfigError(`KMS provider "${provider.kms.name}" needs a KMS client`);
        const transformer = await options.kms(provider.kms);
        close.push(() => transformer.close?.());
        kms.set(provider, transformer);
      }
      for (const resource of entry.resources) {
        const observe: TransformObserver | undefined = options.observe && ((use) => options.observe?.(resource, use));
        const entries = entry.providers.map((provider): PrefixEntry => {
          const { kms: config } = provider;
          if (config !== undefined)
            return { prefix: `k8s:enc:kms:${config.apiVersion}:${config.name}:`, transformer: kms.get(provider) as Transformer };
          for (const name of ['aesgcm', 'aescbc', 'secretbox'] as const) {
            if (provider[name] !== undefined) return keyed(name, provider, observe, options.warn);
          }
          return { prefix: '', transformer: identityTransformer() };
        });
        byResource.set(resource, [...(byResource.get(resource) ?? []), ...entries]);
        seen.add(resource);
      }
    }
    const transformers = new Map<string, Transformer>();
    for (const [resource, entries] of byResource) {
      const observe: TransformObserver | undefined = options.observe && ((use) => options.observe?.(resource, use));
      transformers.set(resource, prefixTransformer(entries, 'no matching prefix found', observe));
      for (const { transformer } of entries) close.push(() => transformer.close?.());
    }
    return new EncryptionTransformer(transformers, close);
  }

  /** The transformer of a resource (`secrets`, `deployments.apps`); undefined when no rule names it. */
  transformerFor(resource: string): Transformer | undefined {
    const { group } = splitResource(resource);
    return this.#transformers.get(resource) ?? this.#transformers.get(`*.${group}`) ?? this.#transformers.get('*.*');
  }

  /** @param key - The full key under which the value will lie, e.g. `/registry/secrets/default/a`. */
  async encryptForResource(resource: string, data: Uint8Array, key: string): Promise<Uint8Array> {
    return (this.transformerFor(resource) ?? this.#fallback).encrypt(data, encoder.encode(key));
  }

  /**
   * @param key - The full key under which the value lies.
   * @throws {TransformError} when no provider can read the value.
   */
  async decryptForResource(resource: string, data: Uint8Array, key: string): Promise<TransformResult> {
    return (this.transformerFor(resource) ?? this.#fallback).decrypt(data, encoder.encode(key));
  }

  /** Zeroes the keys; nothing can be read with this object any more. */
  close(): void {
    for (const end of this.#close) end();
  }
}
