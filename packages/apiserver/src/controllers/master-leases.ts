import type { KeyValueStore } from '@k/storage';

/** Where the leases lie and how long they last. */
export interface MasterLeaseOptions {
  store: KeyValueStore;
  /** Prefix of every key, e.g. `/registry`. */
  keyPrefix: string;
  /** Seconds after which a lease that is not renewed is gone. */
  ttlSeconds: number;
}

/**
 * One key per running server, as kube-apiserver keeps them: `PREFIX/masterleases/IP`, deleted by the store when its server
 * has not renewed it. The key tells the address; the value is an Endpoints object that says the same.
 */
export class MasterLeases {
  readonly #store: KeyValueStore;
  readonly #prefix: string;
  readonly #ttlSeconds: number;

  constructor({ store, keyPrefix, ttlSeconds }: MasterLeaseOptions) {
    this.#store = store;
    this.#prefix = `${keyPrefix}/masterleases/`;
    this.#ttlSeconds = ttlSeconds;
  }

  /** Addresses whose servers are alive, in the order of their keys. */
  async list(): Promise<string[]> {
    const { kvs } = await this.#store.range({ prefix: this.#prefix, keysOnly: true });
    return kvs.map(({ key }) => key.slice(this.#prefix.length));
  }

  /** Says that the server at `ip` is alive. */
  async renew(ip: string): Promise<void> {
    const key = this.#prefix + ip;
    const options = { ttlSeconds: this.#ttlSeconds };
    let { kv } = await this.#store.get(key);
    for (;;) {
      const value = leaseValue(ip, kv === null ? 1 : generationOf(kv.value) + 1);
      const result =
        kv === null ? await this.#store.create(key, value, options) : await this.#store.update(key, value, kv.modRevision, options);
      if (result.ok) return;
      kv = result.current;
    }
  }

  /** The server at `ip` is there no more. */
  async remove(ip: string): Promise<void> {
    const key = this.#prefix + ip;
    let { kv } = await this.#store.get(key);
    while (kv !== null) {
      const result = await this.#store.delete(key, kv.modRevision);
      if (result.ok) return;
      kv = result.current;
    }
  }
}

function leaseValue(ip: string, generation: number): Buffer {
  const object = { kind: 'Endpoints', apiVersion: 'v1', metadata: { generation }, subsets: [{ addresses: [{ ip }] }] };
  return Buffer.from(JSON.stringify(object));
}

/** 0 for what a kube-apiserver wrote as protobuf. */
function generationOf(value: Buffer): number {
  try {
    const { metadata } = JSON.parse(value.toString('utf8')) as { metadata?: { generation?: number } };
    return metadata?.generation ?? 0;
  } catch {
    return 0;
  }
}
