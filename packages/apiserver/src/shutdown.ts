import { setMaxListeners } from 'node:events';

/** What ends with the server listens to its signal: every watch does, so there is no limit to how many. */
export function createShutdown(): AbortController {
  const shutdown = new AbortController();
  setMaxListeners(0, shutdown.signal);
  return shutdown;
}
