import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CHECKS, evaluatePod, fixWorkload, type Level, type LevelVersion, type Pod } from '../src/index.js';
import { arbitraryPod, arbitraryVersion } from './arbitrary-pod.js';

const RUNS = process.env['SLOW'] === '1' ? 20_000 : 500;
function runs<T>(property: fc.IProperty<T>): void {
  fc.assert(property, { numRuns: RUNS });
}
const level = fc.constantFrom<Level>('privileged', 'baseline', 'restricted');

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) deepFreeze(child);
    Object.freeze(value);
  }
  return value;
}

/** A pod made good as far as this is known, so that many of the random ones are allowed. */
const mostlyGood = (os: (string | null)[]): fc.Arbitrary<Pod> =>
  fc.tuple(arbitraryPod({ os }), fc.boolean(), arbitraryVersion).map(([pod, isFixed, version]) => {
    if (!isFixed) return pod;
    const fixed = fixWorkload({ ...pod, kind: 'Pod' }, { level: 'restricted', version }).object;
    const volumes = fixed.spec?.volumes?.filter((volume) => 'emptyDir' in volume || 'configMap' in volume || 'csi' in volume);
    return { ...fixed, spec: { ...fixed.spec, volumes: volumes ?? null } };
  });

describe('properties', () => {
  it('what restricted allows, baseline allows; windows pods are excepted, as restricted replaces checks there without looking', () => {
    let allowed = 0;
    runs(
      fc.property(mostlyGood(['linux', null]), arbitraryVersion, (pod, version) => {
        if (!evaluatePod(pod, { level: 'restricted', version }).allowed) return;
        allowed++;
        expect(evaluatePod(pod, { level: 'baseline', version }).detail).toBe('');
      }),
    );
    expect(allowed).toBeGreaterThan(RUNS / 20);
    const windows: Pod = {
      spec: {
        os: { name: 'windows' },
        containers: [{ name: 'a', securityContext: { runAsNonRoot: true, capabilities: { add: ['SYS_ADMIN'] } } }],
      },
    };
    expect(evaluatePod(windows, { level: 'restricted', version: 'latest' }).allowed).toBe(true);
    expect(evaluatePod(windows, { level: 'baseline', version: 'latest' }).allowed).toBe(false);
  });

  it('the order of containers changes the order of names and fields only', () => {
    const words = (text: string): string[] => text.split(/[",; ()]+/).sort();
    runs(
      fc.property(arbitraryPod(), level, arbitraryVersion, (pod, lvl, version) => {
        const turned: Pod = { ...pod, spec: { ...pod.spec } };
        for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
          const given = pod.spec?.[list];
          if (given && turned.spec) turned.spec[list] = [...given].reverse();
        }
        const a = evaluatePod(pod, { level: lvl, version });
        const b = evaluatePod(turned, { level: lvl, version });
        expect(b.reason).toBe(a.reason);
        expect(words(b.detail)).toEqual(words(a.detail));
        expect(b.violations.map(({ check, fields }) => [check, fields.length])).toEqual(
          a.violations.map(({ check, fields }) => [check, fields.length]),
        );
      }),
    );
  });

  it('evaluating changes nothing and keeps nothing: the same pod gives the same result again', () => {
    runs(
      fc.property(arbitraryPod(), arbitraryPod(), level, arbitraryVersion, (pod, other, lvl, version) => {
        const target: LevelVersion = { level: lvl, version };
        deepFreeze(pod);
        const first = evaluatePod(pod, target);
        const copy = structuredClone(first);
        evaluatePod(other, target);
        expect(first).toEqual(copy);
        expect(evaluatePod(pod, target)).toEqual(copy);
      }),
    );
  });

  it('versions are those of the last change: nothing differs above the newest', () => {
    const newest = Math.max(...DEFAULT_CHECKS.flatMap(({ revisions }) => revisions.map(({ since }) => since)));
    runs(
      fc.property(arbitraryPod(), level, fc.integer({ min: newest, max: 2 ** 40 }), (pod, lvl, minor) => {
        expect(evaluatePod(pod, { level: lvl, version: `v1.${minor}` })).toEqual(evaluatePod(pod, { level: lvl, version: 'latest' }));
      }),
    );
  });

  it('the texts are the sum of the violations', () => {
    runs(
      fc.property(arbitraryPod(), level, arbitraryVersion, (pod, lvl, version) => {
        const { allowed, reason, detail, violations } = evaluatePod(pod, { level: lvl, version });
        expect(allowed).toBe(violations.length === 0);
        expect(reason).toBe(violations.map((one) => one.reason).join(', '));
        expect(detail).toBe(violations.map((one) => (one.detail === '' ? one.reason : `${one.reason} (${one.detail})`)).join(', '));
        for (const { fields } of violations) expect(fields.length).toBeGreaterThan(0);
      }),
    );
  });

  it('fixing leaves volumes only', () => {
    runs(
      fc.property(
        arbitraryPod(),
        fc.constantFrom<Level>('baseline', 'restricted'),
        arbitraryVersion,
        fc.boolean(),
        (pod, lvl, version, apiDefaults) => {
          const object = deepFreeze({ ...pod, kind: 'Pod' });
          const { object: fixed, remaining } = fixWorkload(object, { level: lvl, version }, { apiDefaults });
          expect(remaining.filter(({ check }) => check !== 'hostPathVolumes' && check !== 'restrictedVolumes')).toEqual([]);
          expect(evaluatePod(fixed, { level: lvl, version }).violations.map(({ check }) => check)).toEqual(
            remaining.map(({ check }) => check),
          );
        },
      ),
    );
  });
});
