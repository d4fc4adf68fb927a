import type { Duplex } from 'node:stream';
import { pipeBody } from '../http/piped-body.js';

/** Milliseconds that one direction may go on after the other has ended. */
const LINGER_MS = 10_000;

/** Hands on what either side brings until one of them ends; what was read ahead goes first. */
export function splice(here: Duplex, there: Duplex, ahead: { fromHere: Buffer; fromThere: Buffer }): void {
  if (ahead.fromThere.length > 0) here.write(ahead.fromThere);
  if (ahead.fromHere.length > 0) there.write(ahead.fromHere);
  const linger = (): void => {
    const timer = setTimeout(() => {
      here.destroy();
      there.destroy();
    }, LINGER_MS);
    timer.unref();
    for (const side of [here, there]) side.once('close', () => clearTimeout(timer));
  };
  here.once('end', linger);
  there.once('end', linger);
  pipeBody(here, there, () => there.destroy());
  pipeBody(there, here, () => here.destroy());
}
