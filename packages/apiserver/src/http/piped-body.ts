import type { Readable, Writable } from 'node:stream';

/**
 * Sends what a source brings as fast as it is taken, and ends with it; a target that is closed ends the source.
 *
 * @param onBroken - Called when the source ends before it is complete.
 */
export function pipeBody(source: Readable, target: Writable, onBroken: () => void): void {
  source.on('error', () => {});
  source.once('close', () => {
    if (!source.readableEnded && !target.destroyed) onBroken();
  });
  target.once('close', () => source.destroy());
  source.pipe(target);
}
