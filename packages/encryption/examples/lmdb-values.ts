/** LMDB values through one transformer, without promises: the ciphers on this machine answer at once. */
import { aesGcmTransformer, type Transformer, type TransformResult } from '@k/encryption';
import { open, type RootDatabase } from 'lmdb';

/** An LMDB database of encrypted bytes. */
export class EncryptedLmdb {
  readonly #database: RootDatabase<Buffer, string>;
  readonly #transformer: Transformer;

  /** @param key - 32 bytes. */
  constructor(path: string, key: Uint8Array) {
    this.#database = open<Buffer, string>({ path, encoding: 'binary' });
    this.#transformer = aesGcmTransformer(key, { keyName: 'disk' });
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    const stored = this.#transformer.encrypt(value, Buffer.from(key)) as Uint8Array;
    await this.#database.put(key, Buffer.from(stored));
  }

  get(key: string): Uint8Array | null {
    const stored = this.#database.get(key);
    return stored === undefined ? null : (this.#transformer.decrypt(stored, Buffer.from(key)) as TransformResult).data;
  }

  async close(): Promise<void> {
    this.#transformer.close?.();
    await this.#database.close();
  }
}
