import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileFault, LineSplitter } from './log-lines.js';
import type { Paint } from './paint.js';
import { type LoggedEvent, whoAsked } from './read-log.js';
import { visible } from './visible.js';

const POLL_MS = 200;
const CHUNK_BYTES = 64 * 1024;

/** One event as one line for people. */
export function showEvent(event: LoggedEvent, paint: Paint): string {
  const { objectRef, responseStatus } = event;
  const code = responseStatus?.code ?? 0;
  const parts = [objectRef?.namespace, objectRef?.resource, objectRef?.name, objectRef?.subresource].filter(Boolean);
  const what = objectRef === undefined ? event.requestURI : parts.join('/');
  const tone = code >= 500 ? 'red' : code >= 400 ? 'yellow' : 'green';
  return [
    visible(event.stageTimestamp),
    paint(code === 0 ? '-' : String(code), tone),
    visible(whoAsked(event)),
    paint(visible(event.verb), 'cyan'),
    visible(what),
    event.stage === 'ResponseComplete' ? '' : event.stage,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** A file that is being read; keeps what was renamed, so that its last lines are not missed. */
class OpenLog {
  readonly #handle: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  #lines = new LineSplitter();
  #at = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** The lines that were added since. */
  async *read(): AsyncGenerator<string | null> {
    for (;;) {
      const { bytesRead } = await this.#handle.read(this.#buffer, 0, CHUNK_BYTES, this.#at);
      if (bytesRead === 0) return;
      this.#at += bytesRead;
      yield* this.#lines.add(Buffer.from(this.#buffer.subarray(0, bytesRead)));
    }
  }

  /** Whether the path leads to this file still; one that was emptied is read from its start. */
  async isAt(file: string): Promise<boolean> {
    const [mine, there] = [await this.#handle.stat(), await stat(file).catch(() => null)];
    if (mine.size < this.#at) {
      this.#at = 0;
      this.#lines = new LineSplitter();
    }
    return there === null || (there.ino === mine.ino && there.dev === mine.dev);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/**
 * The lines of a file, and those that are added until `signal` ends it; goes on in a new file after rotation.
 * Null stands for a line that is longer than any event.
 *
 * @throws {Error} naming the file, when it cannot be read.
 */
export async function* followFile(file: string, signal: AbortSignal): AsyncGenerator<string | null> {
  let log: OpenLog | null = null;
  try {
    log = new OpenLog(await open(file));
    while (!signal.aborted) {
      yield* log.read();
      if (await log.isAt(file)) {
        await sleep(POLL_MS, undefined, { signal }).catch(() => {});
        continue;
      }
      const next = await open(file);
      // Whoever writes may have used the old file a little longer.
      yield* log.read();
      await log.close();
      log = new OpenLog(next);
    }
  } catch (error) {
    throw fileFault(file, error);
  } finally {
    await log?.close();
  }
}
