import type { Flags } from './command-line.js';

/**
 * Whether `--feature-gates` leaves a feature on.
 *
 * @param options.default - As in Kubernetes 1.36.
 */
export function featureEnabled(flags: Flags, name: string, options: { default: boolean }): boolean {
  const given = flags.list('feature-gates').findLast((gate) => gate.startsWith(`${name}=`));
  return given === undefined ? options.default : given.endsWith('=true');
}
