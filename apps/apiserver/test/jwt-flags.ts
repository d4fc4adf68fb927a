import { createServerMetrics } from '@k/apiserver';
import { pino } from 'pino';
import { parseCommandLine } from '../src/flags/command-line.js';
import { setUpJwt } from '../src/setup/jwt.js';

/** What a server says of flags that tell it of issuers: why it refuses them, `taken`, or `none` when they name no issuer. */
export async function jwtRefusal(...args: string[]): Promise<string> {
  const parsed = parseCommandLine(args, '1.36.2');
  if (!('run' in parsed)) throw new Error('no flags of a server');
  const setup = await setUpJwt(parsed.run, pino({ level: 'silent' }), createServerMetrics()).catch((error: Error) => error);
  if (setup instanceof Error) return setup.message;
  await setup?.close();
  return setup === undefined ? 'none' : 'taken';
}
