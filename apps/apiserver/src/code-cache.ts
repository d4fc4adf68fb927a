import { closeSync, existsSync, openSync, readdirSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import type { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** Caches in one folder: one for each version and set of flags of V8 that has been used. */
const FILES_MAX = 4;
const PREFIX = 'code-cache-';
/** CRC-32 of the index, length of the index. */
const HEAD_BYTES = 8;
const INDEX_BYTES_MAX = 64 * 1024;

/** Where a module's code lies behind the index, and which source it is of. */
interface Entry {
  offset: number;
  sizeBytes: number;
  crc: number;
  sourceCrc: number;
}

/**
 * Compiled code of modules, kept in one file in the folder of the modules. Whatever is wrong with it — not there, cut
 * off, damaged, of other sources, of another V8 — it is as if there were none.
 */
export class CodeCache {
  readonly #file: string;
  #entries: ReadonlyMap<string, Entry> = new Map();
  #descriptor: number | null = null;
  #codeAt = 0;
  /** Modules of this start; null when it is over. */
  #compiled: Map<string, { source: Buffer; script: Script }> | null = new Map();
  #isComplete = true;

  private constructor(file: string) {
    this.#file = file;
  }

  /** Opens the cache of a folder that fits this V8. */
  static open(folder: string): CodeCache {
    const cache = new CodeCache(join(folder, fileName()));
    try {
      cache.#open();
    } catch {
      cache.#entries = new Map();
    }
    return cache;
  }

  #open(): void {
    if (!existsSync(this.#file)) return;
    this.#descriptor = openSync(this.#file, 'r');
    const head = this.#read(0, HEAD_BYTES);
    const index = this.#read(HEAD_BYTES, Math.min(head.readUInt32LE(4), INDEX_BYTES_MAX));
    if (head.readUInt32LE(0) !== crc32(index)) return;
    this.#entries = new Map(Object.entries(JSON.parse(index.toString('utf8')) as Record<string, Entry>));
    this.#codeAt = HEAD_BYTES + index.length;
  }

  #read(position: number, sizeBytes: number): Buffer {
    const bytes = Buffer.allocUnsafe(sizeBytes);
    if (readSync(this.#descriptor as number, bytes, 0, sizeBytes, position) !== sizeBytes) throw new RangeError('the cache was cut off');
    return bytes;
  }

  /** The code of a module; undefined = compile it. */
  codeOf(name: string, source: Buffer): Buffer | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.sourceCrc !== crc32(source)) return undefined;
    try {
      const code = this.#read(this.#codeAt + entry.offset, entry.sizeBytes);
      return crc32(code) === entry.crc ? code : undefined;
    } catch {
      return undefined;
    }
  }

  /** Notes a module that has been compiled, or taken from here. */
  add(name: string, source: Buffer, script: Script): void {
    // Undefined = there was no code, true = V8 did not take it.
    if (script.cachedDataRejected !== false) this.#isComplete = false;
    this.#compiled?.set(name, { source, script });
  }

  /** Writes for the next start what this one had to compile; what is loaded from now on is not kept. */
  keep(): void {
    if (!this.#isComplete && this.#compiled !== null) this.#write(this.#compiled);
    this.#compiled = null;
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
    this.#entries = new Map();
  }

  #write(compiled: ReadonlyMap<string, { source: Buffer; script: Script }>): void {
    const folder = join(this.#file, '..');
    const draft = `${this.#file}.${process.pid}`;
    try {
      const others = readdirSync(folder).filter((name) => name.startsWith(PREFIX) && !this.#file.endsWith(name));
      if (others.length >= FILES_MAX) return;
      writeFileSync(draft, this.#serialise(compiled));
      renameSync(draft, this.#file);
    } catch {
      // A folder that cannot be written, a full disk: the next start compiles again.
      rmSync(draft, { force: true });
    }
  }

  /** This start's modules, and those of starts with other flags. */
  #serialise(compiled: ReadonlyMap<string, { source: Buffer; script: Script }>): Buffer {
    const entries: Record<string, Entry> = {};
    const parts: Buffer[] = [];
    let offset = 0;
    const add = (name: string, code: Buffer, sourceCrc: number): void => {
      entries[name] = { offset, sizeBytes: code.length, crc: crc32(code), sourceCrc };
      offset += code.length;
      parts.push(code);
    };
    for (const [name, { source, script }] of compiled) add(name, script.createCachedData(), crc32(source));
    for (const [name, entry] of this.#entries) {
      if (compiled.has(name) || !existsSync(join(this.#file, '..', name))) continue;
      add(name, this.#read(this.#codeAt + entry.offset, entry.sizeBytes), entry.sourceCrc);
    }
    const index = Buffer.from(JSON.stringify(entries));
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32LE(crc32(index), 0);
    head.writeUInt32LE(index.length, 4);
    return Buffer.concat([head, index, ...parts]);
  }
}

/** V8's tag covers its version, its flags and the processor's features. */
function fileName(): string {
  return `${PREFIX}${process.arch}-${cachedDataVersionTag().toString(16)}.bin`;
}
