import type { ServerOptions } from '@k/apiserver';
import type { Flags } from '../flags/command-line.js';
import { featureEnabled } from '../flags/feature-gates.js';

/** `/statusz` and `/flagz`, each behind its feature gate. */
export function setUpZPages(flags: Flags): NonNullable<ServerOptions['zPages']> {
  const on = { default: true };
  return {
    statusz: featureEnabled(flags, 'ComponentStatusz', on),
    ...(featureEnabled(flags, 'ComponentFlagz', on) ? { flagz: () => flags.shown() } : {}),
  };
}
