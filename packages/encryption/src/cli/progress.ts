/** How far a scan is. */
export interface Progress {
  /** @param total - `null` when it is not known. */
  start(total: number | null): void;
  advance(count: number): void;
  end(): void;
}

/** Says nothing. */
export const SILENT: Progress = { start: () => {}, advance: () => {}, end: () => {} };

const REDRAW_MS = 100;
const WIDTH = 30;

/** What a bar is drawn on. */
export interface ProgressStream {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** A bar on a terminal, redrawn ten times a second; silence on anything else. */
export function progressBar(label: string, stream: ProgressStream, now: () => number = Date.now): Progress {
  if (stream.isTTY !== true) return SILENT;
  let total: number | null = null;
  let done = 0;
  let startedMs = 0;
  let drawnMs = Number.NEGATIVE_INFINITY;
  const draw = (): void => {
    drawnMs = now();
    const rate = Math.round(done / Math.max((now() - startedMs) / 1000, 0.001));
    if (total === null) {
      stream.write(`\r\x1b[K${label} ${done} (${rate}/s)`);
      return;
    }
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.');
    stream.write(`\r\x1b[K${label} [${bar}] ${Math.floor(share * 100)}% ${done}/${total} (${rate}/s)`);
  };
  return {
    start(count) {
      total = count;
      done = 0;
      startedMs = now();
      draw();
    },
    advance(count) {
      done += count;
      if (now() - drawnMs >= REDRAW_MS) draw();
    },
    end: () => void stream.write('\r\x1b[K'),
  };
}
