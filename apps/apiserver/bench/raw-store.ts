/** Writing without the server: to etcd with the server's client, and to LMDB as durably as the embedded store does. */
import { openEtcdStore } from '@k/storage/etcd';
import { open } from 'lmdb';

/** An address of etcd, or a folder. */
export type RawPlace = { etcd: string } | { dir: string };

/** Values under new keys. */
export interface RawStore {
  /** Resolves once it is on disk. @throws When etcd has the key. */
  put(key: string, value: Buffer): Promise<void>;
  close(): Promise<unknown>;
}

/** Opens what a place names. */
export async function openRaw(place: RawPlace): Promise<RawStore> {
  if ('etcd' in place) {
    const store = await openEtcdStore({ endpoints: [place.etcd] });
    const put = async (key: string, value: Buffer): Promise<void> => {
      if (!(await store.create(`/raw/${key}`, value)).ok) throw new Error(`key ${key} exists`);
    };
    return { put, close: () => store.close() };
  }
  const database = open<Buffer, string>({ path: place.dir, encoding: 'binary' });
  const put = async (key: string, value: Buffer): Promise<void> => {
    await database.put(key, value);
    await database.flushed;
  };
  return { put, close: () => database.close() };
}
