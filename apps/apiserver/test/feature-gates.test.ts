/** `--feature-gates`: what is refused, what is warned of, and what stands for all. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Flags, parseCommandLine } from '../src/flags/command-line.js';
import { checkFeatureGates, featureEnabled } from '../src/flags/feature-gates.js';
import { runMain, ServerProcess } from './server-process.js';

function flagsOf(...args: string[]): Flags {
  const parsed = parseCommandLine(args, '1.36.2');
  if (!('run' in parsed)) throw new Error('no flags of a server');
  return parsed.run;
}
const check = (gates: string): Promise<string[] | string> =>
  checkFeatureGates(flagsOf(`--feature-gates=${gates}`)).catch((error: Error) => error.message);
const refused = (gate: string, why: string): string => `invalid argument ${JSON.stringify(gate)} for "--feature-gates" flag: ${why}`;

describe('feature gates', () => {
  it.each<[string, string[] | string]>([
    ['KMSv1=true,AllAlpha=true,AllBeta=false', []],
    ['kube:KMSv1=T,WatchList=0', []],
    ['BtreeWatchCache=true,AllowOverwriteTerminationGracePeriodSeconds=false', []],
    ['NoSuchThing=true,KMSv1=true,NorThis=false', ['unrecognized feature gate: NoSuchThing', 'unrecognized feature gate: NorThis']],
    ['KMSv1', refused('KMSv1', 'missing bool value for KMSv1')],
    ['KMSv1=yes', refused('KMSv1=yes', 'invalid value of KMSv1=yes, err: strconv.ParseBool: parsing "yes": invalid syntax')],
    [
      'KMSv1=true,BtreeWatchCache=false',
      refused('BtreeWatchCache=false', 'cannot set feature gate BtreeWatchCache to false, feature is locked to true'),
    ],
    [
      'AllowOverwriteTerminationGracePeriodSeconds=true',
      refused(
        'AllowOverwriteTerminationGracePeriodSeconds=true',
        'cannot set feature gate AllowOverwriteTerminationGracePeriodSeconds to true, feature is locked to false',
      ),
    ],
  ])('%s', async (gates, outcome) => {
    expect(await check(gates)).toEqual(outcome);
  });

  it.each<[string, boolean]>([
    ['', true],
    ['AllAlpha=false', true],
    ['AllBeta=false', false],
    ['ComponentStatusz=true,AllBeta=false', true],
    ['ComponentStatusz=true,ComponentStatusz=f', false],
  ])('%j leaves ComponentStatusz at %s', (gates, isOn) => {
    expect(featureEnabled(flagsOf(`--feature-gates=${gates}`), 'ComponentStatusz', { default: true })).toBe(isOn);
  });

  it('are checked before anything is made, and names that are not known are warned of', async () => {
    const { code, stderr } = await runMain(['--feature-gates=SidecarContainers=false', '--data-dir', join(tmpdir(), 'k-no-start')]);
    expect([code === 0, stderr]).toEqual([
      false,
      expect.stringContaining('cannot set feature gate SidecarContainers to false, feature is locked to true'),
    ]);
    const server = new ServerProcess(() => ['--feature-gates=NoSuchThing=true']);
    try {
      await server.start();
      await expect.poll(() => server.stderr, { timeout: 20_000 }).toContain('unrecognized feature gate: NoSuchThing');
    } finally {
      await server.dispose();
    }
  });
});
