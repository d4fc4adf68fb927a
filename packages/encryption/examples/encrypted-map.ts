/** A Redis-like store of text: whatever has get and set can hold encrypted values. */
import type { EncryptionTransformer } from '@k/encryption';

/** The part of a client, e.g. of `redis`, that is used. */
export interface TextStore {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<unknown>;
}

/** Stores text under keys, encrypted as the rule of `resource` says. */
export class EncryptedMap {
  readonly #store: TextStore;
  readonly #encryption: EncryptionTransformer;
  readonly #resource: string;

  constructor(store: TextStore, encryption: EncryptionTransformer, resource: string) {
    this.#store = store;
    this.#encryption = encryption;
    this.#resource = resource;
  }

  async set(key: string, text: string): Promise<void> {
    const stored = await this.#encryption.encryptForResource(this.#resource, new TextEncoder().encode(text), key);
    await this.#store.set(key, Buffer.from(stored).toString('base64'));
  }

  /** Values of an old key are written anew as they are read. */
  async get(key: string): Promise<string | null> {
    const stored = await this.#store.get(key);
    if (stored === null) return null;
    const { data, stale } = await this.#encryption.decryptForResource(this.#resource, Buffer.from(stored, 'base64'), key);
    const text = new TextDecoder().decode(data);
    if (stale) await this.set(key, text);
    return text;
  }
}
