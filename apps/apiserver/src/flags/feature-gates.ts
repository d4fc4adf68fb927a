import type { Flags } from './command-line.js';
import { FlagError } from './flag.js';

/** Texts that Go takes for booleans. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

/** Gates of this server that can be off or on. */
const STAGES = { ComponentFlagz: 'Beta', ComponentStatusz: 'Beta', KMSv1: 'Deprecated' } as const;

function gatesOf(flags: Flags): Map<string, boolean> {
  const refuse = (gate: string, why: string): Error =>
    new FlagError(`invalid argument ${JSON.stringify(gate)} for "--feature-gates" flag: ${why}`);
  return new Map(
    flags.list('feature-gates').map((gate) => {
      // A component may be named, of which there is one here.
      const [, name = '', text] = /^(?:kube:)?([^=]*)(?:=(.*))?$/s.exec(gate.trim()) ?? [];
      if (text === undefined) throw refuse(gate, `missing bool value for ${name}`);
      const isOn = BOOLEANS.get(text.trim());
      if (isOn === undefined) {
        const why = `strconv.ParseBool: parsing ${JSON.stringify(text.trim())}: invalid syntax`;
        throw refuse(gate, `invalid value of ${name}=${text.trim()}, err: ${why}`);
      }
      return [name.trim(), isOn];
    }),
  );
}

/**
 * Checks `--feature-gates`.
 *
 * @returns What is to be said of names that no release 1.36 is known to have: a later patch may, so they are taken.
 * @throws {@link FlagError} for what is no gate with a boolean, and for gates that are locked to the other value.
 */
export async function checkFeatureGates(flags: Flags): Promise<string[]> {
  const gates = gatesOf(flags);
  if (gates.size === 0) return [];
  const { isKnownFeature, lockedFeatureFault } = await import('./known-features.js');
  for (const [name, isOn] of gates) {
    const fault = lockedFeatureFault(name, isOn);
    if (fault !== null) throw new FlagError(`invalid argument "${name}=${isOn}" for "--feature-gates" flag: ${fault}`);
  }
  return [...gates.keys()].filter((name) => !isKnownFeature(name)).map((name) => `unrecognized feature gate: ${name}`);
}

/**
 * Whether `--feature-gates` leaves a feature on; the last word about it counts, or else that about all of its stage.
 *
 * @param options.default - As in Kubernetes 1.36.
 */
export function featureEnabled(flags: Flags, name: keyof typeof STAGES, options: { default: boolean }): boolean {
  const gates = gatesOf(flags);
  return gates.get(name) ?? gates.get(`All${STAGES[name]}`) ?? options.default;
}
