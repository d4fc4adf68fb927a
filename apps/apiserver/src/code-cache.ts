import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** Caches in one folder: one for each version and set of flags of V8 that has been used. */
const FILES_MAX = 4;
const PREFIX = 'code-cache-';
/** CRC-32 of the index, length of the index. */
const HEAD_BYTES = 8;
const INDEX_BYTES_MAX = 64 * 1024;

/** Memory that is touched for the first time is the dearest part of reading: all files are read into the same. */
let scratch = Buffer.allocUnsafeSlow(256 * 1024);

/** @returns Valid until the next call. */
function read(descriptor: number, position: number, sizeBytes: number): Buffer {
  if (scratch.length < sizeBytes) scratch = Buffer.allocUnsafeSlow(2 * sizeBytes);
  const bytes = scratch.subarray(0, sizeBytes);
  if (readSync(descriptor, bytes, 0, sizeBytes, position) !== sizeBytes) throw new RangeError('the file was cut off');
  return bytes;
}

/** A module's text, which is ASCII, and the CRC-32 of its bytes. */
function readSource(file: string): { text: string; crc: number } {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = read(descriptor, 0, fstatSync(descriptor).size);
    return { text: bytes.toString('latin1'), crc: crc32(bytes) };
  } finally {
    closeSync(descriptor);
  }
}

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
  readonly #folder: string;
  readonly #file: string;
  #entries: ReadonlyMap<string, Entry> = new Map();
  #descriptor: number | null = null;
  #codeAt = 0;
  /** Modules of this start; null when it is over. */
  #compiled: Map<string, { script: Script; sourceCrc: number }> | null = new Map();
  #isComplete = true;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#file = join(folder, fileName());
  }

  /** Opens the cache of a folder that fits this V8. */
  static open(folder: string): CodeCache {
    const cache = new CodeCache(folder);
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
    const crc = head.readUInt32LE(0);
    const index = this.#read(HEAD_BYTES, Math.min(head.readUInt32LE(4), INDEX_BYTES_MAX));
    if (crc !== crc32(index)) return;
    this.#entries = new Map(Object.entries(JSON.parse(index.toString('utf8')) as Record<string, Entry>));
    this.#codeAt = HEAD_BYTES + index.length;
  }

  #read(position: number, sizeBytes: number): Buffer {
    return read(this.#descriptor as number, position, sizeBytes);
  }

  /** The code of a module; undefined = compile it. */
  #codeOf(name: string, sourceCrc: number): Buffer | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.sourceCrc !== sourceCrc) return undefined;
    try {
      const code = this.#read(this.#codeAt + entry.offset, entry.sizeBytes);
      return crc32(code) === entry.crc ? code : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * A module of the folder, from its code where there is some.
   *
   * @throws When there is no such module, or it is no script.
   */
  compile(name: string): Script {
    const filename = join(this.#folder, name);
    const { text, crc } = readSource(filename);
    const script = new Script(text, { filename, cachedData: this.#codeOf(name, crc) });
    // Undefined = there was no code, true = V8 did not take it.
    if (script.cachedDataRejected !== false) this.#isComplete = false;
    this.#compiled?.set(name, { script, sourceCrc: crc });
    return script;
  }

  /** Writes for the next start what this one had to compile; what is loaded from now on is not kept. */
  keep(): void {
    if (!this.#isComplete && this.#compiled !== null) this.#write(this.#compiled);
    this.#compiled = null;
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
    this.#entries = new Map();
    scratch = Buffer.alloc(0);
  }

  #write(compiled: ReadonlyMap<string, { script: Script; sourceCrc: number }>): void {
    const draft = `${this.#file}.${process.pid}`;
    try {
      const others = readdirSync(this.#folder).filter((name) => name.startsWith(PREFIX) && !this.#file.endsWith(name));
      if (others.length >= FILES_MAX) return;
      writeFileSync(draft, this.#serialise(compiled));
      renameSync(draft, this.#file);
    } catch {
      // A folder that cannot be written, a full disk: the next start compiles again.
      rmSync(draft, { force: true });
    }
  }

  /** This start's modules, and those of starts with other flags. */
  #serialise(compiled: ReadonlyMap<string, { script: Script; sourceCrc: number }>): Buffer {
    const entries: Record<string, Entry> = {};
    const parts: Buffer[] = [];
    let offset = 0;
    const add = (name: string, code: Buffer, sourceCrc: number): void => {
      entries[name] = { offset, sizeBytes: code.length, crc: crc32(code), sourceCrc };
      offset += code.length;
      parts.push(code);
    };
    for (const [name, { script, sourceCrc }] of compiled) add(name, script.createCachedData(), sourceCrc);
    for (const [name, entry] of this.#entries) {
      if (compiled.has(name) || !existsSync(join(this.#folder, name))) continue;
      add(name, Buffer.from(this.#read(this.#codeAt + entry.offset, entry.sizeBytes)), entry.sourceCrc);
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
