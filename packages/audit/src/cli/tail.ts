import { createReadStream, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Paint } from './paint.js';
import type { LoggedEvent } from './read-log.js';

const POLL_MS = 200;

/** One event as one line for people. */
export function showEvent(event: LoggedEvent, paint: Paint): string {
  const { objectRef, responseStatus } = event;
  const code = responseStatus?.code ?? 0;
  const parts = [objectRef?.namespace, objectRef?.resource, objectRef?.name, objectRef?.subresource].filter(Boolean);
  const what = objectRef === undefined ? event.requestURI : parts.join('/');
  const tone = code >= 500 ? 'red' : code >= 400 ? 'yellow' : 'green';
  return [
    event.stageTimestamp,
    paint(code === 0 ? '-' : String(code), tone),
    event.user.username ?? '<none>',
    paint(event.verb, 'cyan'),
    // What clients chose must not steer the terminal.
    JSON.stringify(what).slice(1, -1),
    event.stage === 'ResponseComplete' ? '' : event.stage,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** The lines of a file, and those that are added until `signal` ends it; goes on in a new file after rotation. */
export async function* followFile(file: string, signal: AbortSignal): AsyncGenerator<string> {
  let at = 0;
  let inode = 0;
  let rest = '';
  while (!signal.aborted) {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat !== undefined) {
      if (stat.ino !== inode || stat.size < at) {
        at = 0;
        rest = '';
        inode = stat.ino;
      }
      if (stat.size > at) {
        const chunks: Buffer[] = [];
        for await (const chunk of createReadStream(file, { start: at, end: stat.size - 1 })) chunks.push(chunk as Buffer);
        at = stat.size;
        const lines = (rest + Buffer.concat(chunks).toString('utf8')).split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
        continue;
      }
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
  }
}
