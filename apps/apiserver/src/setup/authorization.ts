import { type Authorizer, alwaysAllowAuthorizer, alwaysDenyAuthorizer } from '@k/auth';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';

/**
 * The authorizers of `--authorization-mode`, in order.
 *
 * @throws {@link FlagError} for a mode that is named twice, or none at all.
 */
export function setUpAuthorizers(flags: Flags): readonly ('RBAC' | 'Node' | Authorizer)[] {
  const modes = flags.list('authorization-mode');
  if (modes.length === 0) throw new FlagError('at least one authorization-mode must be passed');
  const twice = modes.find((mode, i) => modes.indexOf(mode) !== i);
  if (twice !== undefined) throw new FlagError(`authorization-mode ${JSON.stringify(modes)} has mode specified more than once`);
  return modes.map((mode) => {
    if (mode === 'AlwaysAllow') return alwaysAllowAuthorizer;
    if (mode === 'AlwaysDeny') return alwaysDenyAuthorizer;
    return mode === 'Node' ? 'Node' : 'RBAC';
  });
}
