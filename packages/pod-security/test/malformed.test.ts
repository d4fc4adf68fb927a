import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluatePod, evaluateWorkload, type LevelVersion, type Pod, PodSecurityError } from '../src/index.js';
import { arbitraryPod, arbitraryVersion } from './arbitrary-pod.js';

const RESTRICTED: LevelVersion = { level: 'restricted', version: 'latest' };
const wild = (pod: unknown): Pod => pod as Pod;

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (PodSecurityError.is(error, 'POD_SECURITY_MALFORMED_POD')) return `${error.data.field} | ${error.message}`;
    throw error;
  }
  return 'nothing was thrown';
}

const inContainer = (container: unknown): unknown => ({ spec: { containers: [container] } });
const inContext = (securityContext: unknown): unknown => inContainer({ name: 'a', securityContext });
const at = 'spec.containers[0]';

describe('null is absent', () => {
  it.each([
    {},
    { spec: null },
    { spec: { containers: null, initContainers: null, ephemeralContainers: null } },
    { metadata: null, spec: { volumes: null, securityContext: null, os: null } },
    { metadata: { annotations: null }, spec: { hostNetwork: null, hostUsers: null } },
  ])('%j passes', (pod) => {
    expect(evaluatePod(wild(pod), RESTRICTED)).toEqual({ allowed: true, reason: '', detail: '', violations: [] });
  });

  it('a null container is one without a name', () => {
    expect(evaluatePod(wild({ spec: { containers: [null] } }), { level: 'restricted', version: 'v1.0' }).detail).toBe(
      'runAsNonRoot != true (pod or container "" must set securityContext.runAsNonRoot=true)',
    );
  });

  it('a null annotation is an empty one', () => {
    const pod = { metadata: { annotations: { 'seccomp.security.alpha.kubernetes.io/pod': null } }, spec: {} };
    expect(evaluatePod(wild(pod), { level: 'baseline', version: 'v1.0' }).detail).toBe(
      'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="")',
    );
  });
});

describe('a wrong type is refused with its place', () => {
  it.each<[unknown, string]>([
    [null, ' | pod: expected an object, got null'],
    [undefined, ' | pod: expected an object, got a undefined'],
    ['pod', ' | pod: expected an object, got a string'],
    [[], ' | pod: expected an object, got a list'],
    [{ metadata: 1 }, 'metadata | metadata: expected an object, got the number 1'],
    [{ metadata: { annotations: [] } }, 'metadata.annotations | metadata.annotations: expected an object, got a list'],
    [
      { metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/a': 5 } } },
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/a] | metadata.annotations[container.apparmor.security.beta.kubernetes.io/a]: expected a string, got the number 5',
    ],
    [{ spec: [] }, 'spec | spec: expected an object, got a list'],
    [{ spec: { hostNetwork: 'true' } }, 'spec.hostNetwork | spec.hostNetwork: expected a boolean, got a string'],
    [{ spec: { hostUsers: 0 } }, 'spec.hostUsers | spec.hostUsers: expected a boolean, got the number 0'],
    [{ spec: { os: 'windows' } }, 'spec.os | spec.os: expected an object, got a string'],
    [{ spec: { containers: {} } }, 'spec.containers | spec.containers: expected a list, got an object'],
    [{ spec: { volumes: ['a'] } }, 'spec.volumes[0] | spec.volumes[0]: expected an object, got a string'],
    [{ spec: { volumes: [{ name: 1 }] } }, 'spec.volumes[0].name | spec.volumes[0].name: expected a string, got the number 1'],
    [
      { spec: { volumes: [{ name: 'a', nfs: true }] } },
      'spec.volumes[0].nfs | spec.volumes[0].nfs: expected an object, got the boolean true',
    ],
    [
      { spec: { securityContext: { sysctls: [{ name: false }] } } },
      'spec.securityContext.sysctls[0].name | spec.securityContext.sysctls[0].name: expected a string, got the boolean false',
    ],
    [inContainer(7), `${at} | ${at}: expected an object, got the number 7`],
    [inContainer({ name: {} }), `${at}.name | ${at}.name: expected a string, got an object`],
    [inContainer({ ports: [{ hostPort: '80' }] }), `${at}.ports[0].hostPort | ${at}.ports[0].hostPort: expected an integer, got a string`],
    [
      inContainer({ ports: [{ hostPort: 1.5 }] }),
      `${at}.ports[0].hostPort | ${at}.ports[0].hostPort: expected an integer, got the number 1.5`,
    ],
    [
      inContainer({ lifecycle: { preStop: { httpGet: { host: 1 } } } }),
      `${at}.lifecycle.preStop.httpGet.host | ${at}.lifecycle.preStop.httpGet.host: expected a string, got the number 1`,
    ],
    [inContext(true), `${at}.securityContext | ${at}.securityContext: expected an object, got the boolean true`],
    [
      inContext({ privileged: 'no' }),
      `${at}.securityContext.privileged | ${at}.securityContext.privileged: expected a boolean, got a string`,
    ],
    [
      inContext({ capabilities: { drop: 'ALL' } }),
      `${at}.securityContext.capabilities.drop | ${at}.securityContext.capabilities.drop: expected a list, got a string`,
    ],
    [
      inContext({ capabilities: { add: [{}] } }),
      `${at}.securityContext.capabilities.add[0] | ${at}.securityContext.capabilities.add[0]: expected a string, got an object`,
    ],
    [inContext({ runAsUser: '0' }), `${at}.securityContext.runAsUser | ${at}.securityContext.runAsUser: expected an integer, got a string`],
  ])('%j', (pod, expected) => {
    expect(messageOf(() => evaluatePod(wild(pod), RESTRICTED))).toBe(expected);
  });

  it('counts from the root of a workload', () => {
    const list = { kind: 'List', items: [{ kind: 'Job', spec: { template: { spec: { hostPID: 1 } } } }] };
    expect(messageOf(() => evaluateWorkload(list, RESTRICTED))).toBe(
      'items[0].spec.template.spec.hostPID | items[0].spec.template.spec.hostPID: expected a boolean, got the number 1',
    );
  });

  it('leaves the evaluator as good as before', () => {
    expect(() => evaluatePod(wild({ spec: { hostPID: 1 } }), RESTRICTED)).toThrow(PodSecurityError);
    expect(evaluatePod({ spec: { hostPID: true } }, RESTRICTED).reason).toBe('host namespaces');
  });
});

describe('whatever it is given', () => {
  it('throws nothing else', () => {
    const place = (value: unknown, path: readonly number[], wrong: unknown): unknown => {
      const [first, ...rest] = path;
      if (first === undefined || typeof value !== 'object' || value === null) return wrong;
      const keys = Object.keys(value);
      const key = keys[first % Math.max(1, keys.length)] ?? '0';
      const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
      copy[key] = place(copy[key], rest, wrong);
      return copy;
    };
    let thrown = 0;
    fc.assert(
      fc.property(arbitraryPod(), fc.array(fc.nat(20), { maxLength: 7 }), fc.jsonValue(), arbitraryVersion, (pod, path, wrong, version) => {
        try {
          evaluatePod(wild(place(pod, path, wrong)), { level: 'restricted', version });
        } catch (error) {
          thrown++;
          expect(PodSecurityError.is(error, 'POD_SECURITY_MALFORMED_POD')).toBe(true);
        }
      }),
      { numRuns: process.env['SLOW'] === '1' ? 50_000 : 1500 },
    );
    expect(thrown).toBeGreaterThan(100);
  });

  it('copes with 10,000 containers', () => {
    const containers = Array.from({ length: 10_000 }, (_, i) => ({ name: `c${i}`, securityContext: { privileged: i === 9999 } }));
    const { violations } = evaluatePod({ spec: { containers } }, { level: 'baseline', version: 'latest' });
    expect(violations).toEqual([
      {
        check: 'privileged',
        level: 'baseline',
        reason: 'privileged',
        detail: 'container "c9999" must not set securityContext.privileged=true',
        fields: ['spec.containers[9999].securityContext.privileged'],
      },
    ]);
  });
});

describe('a target that is none', () => {
  it.each<[string, string, string]>([
    ['Baseline', 'latest', '"level" must be one of privileged, baseline, restricted, got "Baseline"'],
    ['baseline', '1.30', '"version" must be "latest" or "v1.x", got "1.30"'],
    ['privileged', 'v2', '"version" must be "latest" or "v1.x", got "v2"'],
  ])('%s:%s', (level, version, message) => {
    expect(() => evaluatePod({}, { level, version } as LevelVersion)).toThrow(new RangeError(message));
  });
});
