/** Notices that a file may have changed. */
import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';

const LOOK_MS = 60_000;
/** Writers touch a file several times in a row. */
const SETTLE_MS = 50;

/**
 * Calls `look` soon after something happened in the file's folder, and every minute in any case. The folder is watched because
 * editors and Kubernetes' volumes put another file in the place of the old one.
 *
 * @param options.onError - Hears that the folder cannot be watched; the looks of every minute go on.
 * @returns What ends it.
 */
export function followFile(file: string, options: { look: () => void; onError: (error: Error) => void }): () => void {
  let watcher: FSWatcher | undefined;
  let settling: NodeJS.Timeout | undefined;
  const begin = (): void => {
    try {
      watcher = watch(dirname(file), { persistent: false }, () => {
        settling ??= setTimeout(() => {
          settling = undefined;
          options.look();
        }, SETTLE_MS).unref();
      });
      watcher.once('error', (error) => {
        watcher = undefined;
        options.onError(error);
      });
    } catch (error) {
      options.onError(error as Error);
    }
  };
  begin();
  const timer = setInterval(() => {
    // The folder itself may have been replaced, which a watcher of the old one does not hear of.
    watcher?.close();
    begin();
    options.look();
  }, LOOK_MS).unref();
  return () => {
    clearInterval(timer);
    clearTimeout(settling);
    watcher?.close();
  };
}
