/** Every check, at every version, in every list of containers, both ways. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_CHECKS, evaluatePod, type Pod, type Version } from '../src/index.js';
import type { Case, CheckCases, Fields } from './cases/check-cases.js';
import { HOST_CASES } from './cases/host-cases.js';
import { PRIVILEGE_CASES } from './cases/privilege-cases.js';
import { PROFILE_CASES } from './cases/profile-cases.js';
import { VOLUME_CASES } from './cases/volume-cases.js';

const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const;
const VERSIONS: readonly Version[] = [...Array.from({ length: 40 }, (_, minor): Version => `v1.${minor}`), 'v1.99', 'latest'];
const minorOf = (version: Version): number => (version === 'latest' ? 1000 : Number(version.slice(3)));

const GOOD: Fields = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

function podOf({ container = {}, context = {}, spec = {}, annotations = {} }: Case, list: (typeof LISTS)[number]): Pod {
  const subject = { name: 'x', securityContext: { ...GOOD, ...context }, ...container };
  const others = Object.fromEntries(LISTS.map((other) => [other, [{ name: `good-${other}`, securityContext: GOOD }]]));
  return {
    metadata: { name: 'p', annotations },
    spec: { ...others, [list]: [...(others[list] ?? []), subject], ...spec },
  } as Pod;
}

const CASES: CheckCases[] = [...HOST_CASES, ...PRIVILEGE_CASES, ...PROFILE_CASES, ...VOLUME_CASES];

const found = (pod: Pod, level: 'baseline' | 'restricted', version: Version, check: string): string | null => {
  const violation = evaluatePod(pod, { level, version }).violations.find((one) => one.check === check);
  return violation === undefined ? null : `${violation.reason} (${violation.detail})`;
};

describe.each(CASES)('$check', ({ check, level, reason, overriddenFrom = Number.POSITIVE_INFINITY, fails, passes }) => {
  it.each(fails)('fails: $name', (one) => {
    const { detail, from = 0, until = Number.POSITIVE_INFINITY } = one;
    const text = `${reason} (${detail})`;
    const rows = LISTS.flatMap((list) => {
      const pod = podOf(one, list);
      return VERSIONS.map((version) => {
        const minor = minorOf(version);
        const own = minor >= from && minor < until ? text : null;
        return {
          got: [list, version, found(pod, 'baseline', version, check), found(pod, 'restricted', version, check)],
          // A restricted check is unknown to baseline; a baseline check holds at restricted until it is replaced.
          wanted: [list, version, level === 'baseline' ? own : null, level === 'restricted' || minor < overriddenFrom ? own : null],
        };
      });
    });
    expect(rows.map(({ got }) => got)).toEqual(rows.map(({ wanted }) => wanted));
  });

  it.each(passes)('passes: $name', (one) => {
    const denied = LISTS.flatMap((list) => {
      const pod = podOf(one, list);
      return VERSIONS.map((version) => `${list} ${version} ${evaluatePod(pod, { level: 'restricted', version }).detail}`);
    });
    expect(denied).toEqual(LISTS.flatMap((list) => VERSIONS.map((version) => `${list} ${version} `)));
  });
});

describe('the registry', () => {
  it('has pass and fail cases for every check', () => {
    expect(CASES.map(({ check, level }) => `${level} ${check}`).sort()).toEqual(
      DEFAULT_CHECKS.map(({ id, level }) => `${level} ${id}`).sort(),
    );
    for (const { fails, passes } of CASES) expect(fails.length * passes.length).toBeGreaterThan(0);
  });
});
