/** From a configuration to the transformer of each resource. */
import type { EncryptionConfiguration, KmsConfiguration, ProviderEntry, ResourceEntry } from './config/types.js';
import { decodeBase64, splitResource } from './config/validate.js';
import { EncryptionConfigError } from './errors.js';
import { type PrefixEntry, prefixTransformer, type TransformObserver } from './prefix-transformer.js';
import { aesCbcTransformer } from './providers/aes-cbc.js';
import { aesGcmTransformer } from './providers/aes-gcm.js';
import { identityTransformer } from './providers/identity.js';
import { secretboxTransformer } from './providers/secretbox.js';
import { WriteCounters } from './providers/write-counters.js';
import type { HealthCheckedTransformer, Transformer, TransformResult } from './transformer.js';

/** What a KMS provider needs; `@k/encryption/kms` makes them. */
export type KmsFactory = (config: KmsConfiguration) => Transformer | Promise<Transformer>;

/** Options of {@link EncryptionTransformer.fromConfig}. */
export interface EncryptionTransformerOptions {
  /** Makes the transformers of `kms` entries, e.g. `createKmsTransformer` of `@k/encryption/kms`. Absent: such entries are refused. */
  kms?: KmsFactory;
  /** Hears of every use of a provider and key. */
  observe?: (resource: string, use: Parameters<TransformObserver>[0]) => void;
  /** Hears warnings, e.g. that a key has written often enough to be rotated. */
  warn?: (message: string) => void;
  /** Writes so far of each AES-GCM key; share one among configurations that follow each other. Default: starts at 0. */
  counters?: WriteCounters;
}

/** Who writes the values of a resource. */
export interface Writer {
  provider: 'aesgcm' | 'aescbc' | 'secretbox' | 'kms' | 'identity';
  /** The first key, or the KMS provider; '' for identity. */
  keyName: string;
  /** The transformer of a KMS provider. */
  kms?: Transformer;
}

/** A `kms` entry and what stands for it, in the order of the configuration. */
export interface KmsEntry {
  config: KmsConfiguration;
  transformer: Transformer;
}

const PREFIX = { aesgcm: 'k8s:enc:aesgcm:v1:', aescbc: 'k8s:enc:aescbc:v1:', secretbox: 'k8s:enc:secretbox:v1:' } as const;
const KEYED = ['aesgcm', 'aescbc', 'secretbox'] as const;
const encoder = new TextEncoder();

/** A provider of the configuration, made once; each resource that uses it reports under its own name. */
interface BuiltProvider {
  prefix: string;
  writer: Writer;
  forResource(observe: TransformObserver | undefined): Transformer;
  close(): void;
}

function buildKeyed(provider: (typeof KEYED)[number], entry: ProviderEntry, counters: WriteCounters): BuiltProvider {
  const entries = (entry[provider]?.keys ?? []).map(({ name, secret }): PrefixEntry => {
    const key = decodeBase64(secret);
    if (key === null) throw new EncryptionConfigError(`could not obtain secret for named key ${name}: secrets must be base64 encoded`);
    try {
      const options = { keyName: name };
      const transformer =
        provider === 'aesgcm'
          ? aesGcmTransformer(key, { ...options, counter: counters.of(key) })
          : provider === 'aescbc'
            ? aesCbcTransformer(key, options)
            : secretboxTransformer(key, options);
      return { prefix: `${name}:`, transformer };
    } finally {
      key.fill(0);
    }
  });
  const notFound = `no matching key was found for the provided ${provider === 'secretbox' ? 'Secretbox' : 'AES'} transformer`;
  return {
    prefix: PREFIX[provider],
    writer: { provider, keyName: entry[provider]?.keys[0]?.name ?? '' },
    forResource: (observe) => prefixTransformer(entries, notFound, { observe, provider }),
    close: () => {
      for (const { transformer } of entries) transformer.close?.();
    },
  };
}

/** Refuses a rule that can never apply, because an earlier one takes the whole group or everything. */
function checkMask(resource: string, seen: ReadonlySet<string>): void {
  const mask = [`*.${splitResource(resource).group}`, '*.*'].find((wildcard) => seen.has(wildcard));
  if (mask === undefined) return;
  throw new EncryptionConfigError(
    `error while building transformers: resource ${JSON.stringify(resource)} is masked by earlier rule ${JSON.stringify(mask)}`,
  );
}

/** Encrypts and decrypts the values of a key-value store, each resource as the configuration says. */
export class EncryptionTransformer {
  /** The `kms` entries, e.g. for health checks. */
  readonly kms: readonly KmsEntry[];
  readonly #rules: ReadonlyMap<string, readonly BuiltProvider[]>;
  readonly #made = new Map<string, Transformer>();
  readonly #fallback: Transformer = identityTransformer();
  readonly #providers: readonly BuiltProvider[];
  readonly #observe: EncryptionTransformerOptions['observe'];

  private constructor(
    rules: ReadonlyMap<string, readonly BuiltProvider[]>,
    providers: readonly BuiltProvider[],
    kms: readonly KmsEntry[],
    observe: EncryptionTransformerOptions['observe'],
  ) {
    this.#rules = rules;
    this.#providers = providers;
    this.kms = kms;
    this.#observe = observe;
  }

  /**
   * Builds every transformer of a checked configuration.
   *
   * @throws {EncryptionConfigError} for rules that earlier ones mask, and for KMS entries that cannot be made; what was
   * made before is closed.
   */
  static async fromConfig(
    configuration: EncryptionConfiguration,
    options: EncryptionTransformerOptions = {},
  ): Promise<EncryptionTransformer> {
    const counters = options.counters ?? new WriteCounters(options.warn === undefined ? {} : { warn: options.warn });
    const byResource = new Map<string, BuiltProvider[]>();
    const providers: BuiltProvider[] = [];
    const kms: KmsEntry[] = [];
    try {
      for (const entry of configuration.resources) {
        const built = await buildEntry(entry, options.kms, counters, kms, providers);
        for (const resource of entry.resources) {
          checkMask(resource, new Set(byResource.keys()));
          byResource.set(resource, [...(byResource.get(resource) ?? []), ...built]);
        }
      }
    } catch (error) {
      for (const provider of providers) provider.close();
      throw error;
    }
    return new EncryptionTransformer(byResource, providers, kms, options.observe);
  }

  /** The transformer of a resource (`secrets`, `deployments.apps`); undefined when no rule names it. */
  transformerFor(resource: string): Transformer | undefined {
    const known = this.#made.get(resource);
    if (known !== undefined) return known;
    const list = this.#rulesFor(resource);
    if (list === undefined) return undefined;
    const hear = this.#observe;
    const observe: TransformObserver | undefined = hear === undefined ? undefined : (use) => hear(resource, use);
    const entries = list.map((built): PrefixEntry => ({ prefix: built.prefix, transformer: built.forResource(observe) }));
    const made = prefixTransformer(entries, 'no matching prefix found', { observe });
    this.#made.set(resource, made);
    return made;
  }

  /** Who writes values of a resource; undefined when no rule names it, which writes clear text. */
  writerFor(resource: string): Writer | undefined {
    return this.#rulesFor(resource)?.[0]?.writer;
  }

  /** The resources that rules name, wildcards included, in the order of the configuration. */
  get resources(): string[] {
    return [...this.#rules.keys()];
  }

  #rulesFor(resource: string): readonly BuiltProvider[] | undefined {
    return this.#rules.get(resource) ?? this.#rules.get(`*.${splitResource(resource).group}`) ?? this.#rules.get('*.*');
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

  /** Zeroes the keys and ends background work; nothing can be read or written with this object any more. */
  close(): void {
    for (const provider of this.#providers) provider.close();
  }
}

async function buildEntry(
  entry: ResourceEntry,
  factory: KmsFactory | undefined,
  counters: WriteCounters,
  kms: KmsEntry[],
  providers: BuiltProvider[],
): Promise<BuiltProvider[]> {
  const built: BuiltProvider[] = [];
  for (const provider of entry.providers) {
    let made: BuiltProvider | undefined;
    const { kms: config } = provider;
    if (config !== undefined) {
      if (factory === undefined) {
        throw new EncryptionConfigError(`KMS provider ${JSON.stringify(config.name)} needs a KMS client: give the option "kms"`);
      }
      const transformer = await factory(config);
      kms.push({ config, transformer });
      made = {
        prefix: `k8s:enc:kms:${config.apiVersion}:${config.name}:`,
        writer: { provider: 'kms', keyName: config.name, kms: transformer },
        forResource: () => transformer,
        close: () => transformer.close?.(),
      };
    }
    for (const name of KEYED) if (provider[name] !== undefined) made ??= buildKeyed(name, provider, counters);
    made ??= { prefix: '', writer: { provider: 'identity', keyName: '' }, forResource: () => identityTransformer(), close: () => {} };
    built.push(made);
    providers.push(made);
  }
  return built;
}

/** True for transformers that can tell their health, as those of `@k/encryption/kms` do. */
export function isHealthChecked(transformer: Transformer): transformer is HealthCheckedTransformer {
  return 'checkHealth' in transformer;
}
