import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { StorageError } from '../errors.js';

/** The holder touches its file this often. */
const HEARTBEAT_MS = 1000;
/** A holder that cannot be looked up (another container, another machine) is dead when its file rests this long. */
const SILENCE_MS = 3500;

/** A folder held for this process. */
export interface FolderLock {
  release(): void;
}

/** Who holds a folder: enough to tell a dead holder from a living one, even when its pid has been given out again. */
interface Holder {
  pid: number;
  /** Start time of the process in clock ticks, '' where the system does not tell. */
  started: string;
  /** Boot and pid namespace: only inside the same one can the pid be looked up. */
  realm: string;
}

/**
 * Holds a folder by a file that names the holder; the file of a dead holder is taken over.
 *
 * @throws StorageError `STORAGE_LOCKED` when a living process has it.
 */
export async function lockFolder(dir: string): Promise<FolderLock> {
  const path = join(dir, 'lock');
  const mine = JSON.stringify(describe(process.pid));
  for (let attempt = 0; attempt < 3; attempt++) {
    if (place(path, mine)) return hold(path, mine);
    const text = readText(path);
    if (text === null) continue;
    const holder = parseHolder(text);
    if (holder !== null && (await isAlive(holder, path))) throw locked(dir, holder);
    takeAway(path, text);
  }
  throw new StorageError('STORAGE_LOCKED', `the data folder "${dir}" could not be locked: other processes are opening it`, { path: dir });
}

function locked(dir: string, holder: Holder): StorageError {
  const who = holder.pid === process.pid ? 'is already open in this process' : `is in use by process ${holder.pid}`;
  return new StorageError('STORAGE_LOCKED', `the data folder "${dir}" ${who}`, { path: dir });
}

/** Creates the file with its content in one step; false when there is one. */
function place(path: string, text: string): boolean {
  const draft = `${path}.${process.pid}`;
  const file = openSync(draft, 'w', 0o600);
  try {
    writeSync(file, text);
    closeSync(file);
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    removeFile(draft);
  }
}

/** Removes a file that may be gone. `rmSync` would do, but that its first call takes milliseconds of a start. */
function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Removes a dead holder's file, unless someone else has put theirs there meanwhile. */
function takeAway(path: string, text: string): void {
  const aside = `${path}.dead.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readText(aside) !== text) linkSync(aside, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  } finally {
    removeFile(aside);
  }
}

function hold(path: string, text: string): FolderLock {
  const timer = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch {
      // The folder was removed under us: the store's own writes will say so.
    }
  }, HEARTBEAT_MS);
  timer.unref();
  return {
    release() {
      clearInterval(timer);
      if (readText(path) === text) removeFile(path);
    },
  };
}

async function isAlive(holder: Holder, path: string): Promise<boolean> {
  const self = describe(process.pid);
  if (holder.realm === self.realm) {
    if (!exists(holder.pid)) return false;
    return holder.started === '' || holder.started === describe(holder.pid).started;
  }
  // Elsewhere: its heartbeat is all there is to see.
  const before = mtime(path);
  for (let waited = 0; waited < SILENCE_MS; waited += 100) {
    if (mtime(path) !== before) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function describe(pid: number): Holder {
  // The 22nd field; the second may hold spaces and parentheses, so count from its end.
  const stat = readText(`/proc/${pid}/stat`) ?? '';
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  const boot = readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  let space = '';
  try {
    space = readlinkSync('/proc/self/ns/pid');
  } catch {
    // Not Linux: one realm per machine.
  }
  return { pid, started, realm: `${boot} ${space}` };
}

function parseHolder(text: string): Holder | null {
  try {
    const { pid, started, realm } = JSON.parse(text) as Partial<Holder>;
    return typeof pid === 'number' && typeof started === 'string' && typeof realm === 'string' ? { pid, started, realm } : null;
  } catch {
    return null;
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function mtime(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return -1;
  }
}
