import { request } from 'node:http';
import { deserialize, serialize } from 'node:v8';
import {
  type GetResult,
  type KeyValueStore,
  type PutOptions,
  type RangeOptions,
  type RangeResult,
  StorageError,
  type WriteResult,
} from '@k/storage';
import { type ControlMethod, controlSocketPath } from './control-socket.js';

/** A store as another process of the same user has it open: enough to read it and to replace single values. */
export class ControlStore implements KeyValueStore {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** The store of the server that runs on a data folder; null when none does. */
  static async connect(dataDir: string): Promise<ControlStore | null> {
    const store = new ControlStore(controlSocketPath(dataDir));
    try {
      await store.currentRevision();
      return store;
    } catch (error) {
      if (['ENOENT', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
      throw error;
    }
  }

  get(key: string, options: { revision?: number } = {}): Promise<GetResult> {
    return this.#call('get', [key, options]);
  }

  range(options: RangeOptions): Promise<RangeResult> {
    return this.#call('range', [options]);
  }

  update(key: string, value: Uint8Array, modRevision: number, options: PutOptions = {}): Promise<WriteResult> {
    return this.#call('update', [key, value, modRevision, options]);
  }

  currentRevision(): Promise<number> {
    return this.#call('currentRevision', []);
  }

  async checkHealth(): Promise<void> {
    await this.currentRevision();
  }

  async close(): Promise<void> {}

  create(): never {
    throw new TypeError('keys of a running server are created through its API');
  }

  delete(): never {
    throw new TypeError('keys of a running server are deleted through its API');
  }

  watch(): never {
    throw new TypeError('a running server is watched through its API');
  }

  compact(): never {
    throw new TypeError('a running server compacts by itself');
  }

  async #call<T>(method: ControlMethod, args: unknown[]): Promise<T> {
    const body = await new Promise<Buffer>((resolve, reject) => {
      const call = request({ socketPath: this.#path, method: 'POST', path: '/' }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks)));
        response.on('error', reject);
      });
      call.on('error', reject);
      call.end(serialize({ method, args }));
    });
    const { result, error } = deserialize(body) as { result: T; error?: { message: string; code?: string; data?: object } };
    if (error === undefined) return revive(result);
    if (error.code !== undefined) throw new StorageError(error.code as 'STORAGE_CLOSED', error.message, (error.data ?? {}) as never);
    throw new Error(error.message);
  }
}

/** Values arrive as plain bytes; the store's interface has Buffers. */
function revive<T>(value: T): T {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength) as unknown as T;
  if (Array.isArray(value)) return value.map(revive) as unknown as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revive(item)])) as T;
}
