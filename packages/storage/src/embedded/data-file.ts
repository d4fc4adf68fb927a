import { closeSync, fstatSync, ftruncateSync, openSync, readSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { StorageError } from '../errors.js';

/** LMDB's data file begins with two copies of its head, one page each; these are the places in a copy. */
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const PAGE_SIZE_AT = 48;
const LAST_PAGE_AT = 144;
const TXN_ID_AT = 152;
const HEAD_BYTES = 160;

/**
 * Looks at LMDB's data file before it is mapped: the library trusts its head, and a file that is not LMDB's, or has been
 * cut, would end the process with a signal.
 *
 * @returns True when the file was shorter than its head says; it has been filled with zeros, and what it holds must be
 *   read through before it can be trusted.
 * @throws StorageError `STORAGE_CORRUPT` naming the file.
 */
export function checkDataFile(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    const sizeBytes = fstatSync(file).size;
    if (sizeBytes === 0) return false;
    const pageBytes = readHead(file, 0, path).readUInt32LE(PAGE_SIZE_AT);
    if (pageBytes < 512 || pageBytes > 65536 || (pageBytes & (pageBytes - 1)) !== 0) throw damaged(path, 'its page size makes no sense');
    const heads = [readHead(file, 0, path), readHead(file, pageBytes, path)] as const;
    const newest = heads[0].readBigUInt64LE(TXN_ID_AT) >= heads[1].readBigUInt64LE(TXN_ID_AT) ? heads[0] : heads[1];
    const needed = (Number(newest.readBigUInt64LE(LAST_PAGE_AT)) + 1) * pageBytes;
    if (sizeBytes >= needed) return false;
    ftruncateSync(file, needed);
    return true;
  } finally {
    closeSync(file);
  }
}

function readHead(file: number, at: number, path: string): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  if (readSync(file, head, 0, HEAD_BYTES, at) < HEAD_BYTES) throw damaged(path, 'it ends inside its head');
  if (head.readUInt32LE(MAGIC_AT) !== MAGIC) throw damaged(path, 'it does not begin like an LMDB file');
  return head;
}

function damaged(path: string, reason: string): StorageError<'STORAGE_CORRUPT'> {
  return new StorageError('STORAGE_CORRUPT', `the data file "${path}" cannot be used: ${reason}`, { key: path, reason });
}

/**
 * True when the data file cannot grow: LMDB reports a short write as an input/output error, whatever its cause.
 *
 * Tries to write a file as far out as the next pages of the data file would lie.
 */
export function isDiskFull(path: string): boolean {
  const probe = `${path}.probe`;
  const block = Buffer.alloc(256 * 1024);
  try {
    const { bavail, bsize } = statfsSync(path);
    if (bavail * bsize < block.length) return true;
    const end = statSync(path).size;
    const file = openSync(probe, 'w', 0o600);
    try {
      return writeSync(file, block, 0, block.length, end) < block.length;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  } finally {
    rmSync(probe, { force: true });
  }
}
