/** What the engine promises besides results: no garbage on the allowed path, no Node in browsers. */
import { setFlagsFromString } from 'node:v8';
import { createContext, runInContext, runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { createEvaluator, DEFAULT_CHECKS, evaluatePod, type LevelVersion, type Pod } from '../src/index.js';

const secure = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
const allowed: Pod = {
  metadata: { name: 'p', annotations: { 'example.com/a': 'b' } },
  spec: {
    securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies' }] },
    initContainers: [{ name: 'i', securityContext: secure }],
    containers: [
      { name: 'a', securityContext: secure, ports: [{ hostPort: 0 }], livenessProbe: { httpGet: { host: '' } } },
      { name: 'b', securityContext: secure },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
  },
};
const target: LevelVersion = { level: 'restricted', version: 'latest' };

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${import.meta.dirname}/../src/index.ts`],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'podSecurity',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

describe('the allowed path', () => {
  it('gives all pods one frozen result', () => {
    const result = evaluatePod(allowed, target);
    expect(result).toBe(evaluatePod(structuredClone(allowed), { level: 'baseline', version: 'v1.20' }));
    expect(result).toBe(evaluatePod({ spec: { hostPID: true } }, { level: 'privileged', version: 'latest' }));
    expect(Object.isFrozen(result) && Object.isFrozen(result.violations)).toBe(true);
  });

  it('allocates nothing', async () => {
    // The package as it is shipped: the test runner's wrapping of imports allocates on its own.
    const bundled = runInContext(`${await bundle()};podSecurity.evaluatePod`, createContext({})) as typeof evaluatePod;
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const count = 100_000;
    const run = (): number => {
      collect();
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < count; i++) bundled(allowed, target);
      return (process.memoryUsage().heapUsed - before) / count;
    };
    run();
    // Compiling in the background allocates too, so the quietest round counts.
    const bytes = Math.min(run(), run(), run(), run());
    expect(bytes).toBeLessThan(2);
  });
});

describe('a check that evaluates a pod itself', () => {
  it('does not disturb the evaluation it is part of', () => {
    const evaluate = createEvaluator([
      {
        id: 'aNested',
        level: 'baseline',
        revisions: [
          {
            since: 0,
            run(view) {
              if (view.containers.length === 1) return null;
              const nested = evaluate(
                { spec: { containers: [{ name: 'nested', securityContext: { privileged: true } }] } },
                { level: 'baseline', version: 'latest' },
              );
              return { reason: nested.detail, detail: '', fields: [] };
            },
          },
        ],
      },
      ...DEFAULT_CHECKS,
    ]);
    const pod: Pod = { spec: { containers: [{ name: 'a', securityContext: { privileged: true } }, { name: 'b' }] } };
    expect(evaluate(pod, { level: 'baseline', version: 'latest' }).detail).toBe(
      'privileged (container "nested" must not set securityContext.privileged=true), privileged (container "a" must not set securityContext.privileged=true)',
    );
  });
});

describe('a list of checks that makes no sense', () => {
  const run = (): null => null;
  const revisions = [{ since: 0, run }];
  it.each<[string, Parameters<typeof createEvaluator>[0]]>([
    [
      'multiple checks registered for ID a',
      [
        { id: 'a', level: 'baseline', revisions },
        { id: 'a', level: 'restricted', revisions },
      ],
    ],
    ['check a: invalid level privileged', [{ id: 'a', level: 'privileged' as 'baseline', revisions }]],
    ['check a: empty', [{ id: 'a', level: 'baseline', revisions: [] }]],
    ['check a: undefined version found', [{ id: 'a', level: 'baseline', revisions: [{ since: Number.NaN, run }] }]],
    ["check a: version cannot be 'latest'", [{ id: 'a', level: 'baseline', revisions: [{ since: Number.POSITIVE_INFINITY, run }] }]],
    [
      'check a: duplicate version v1.3',
      [
        {
          id: 'a',
          level: 'baseline',
          revisions: [
            { since: 3, run },
            { since: 3, run },
          ],
        },
      ],
    ],
    [
      'check a: versions must be strictly increasing',
      [
        {
          id: 'a',
          level: 'baseline',
          revisions: [
            { since: 3, run },
            { since: 2, run },
          ],
        },
      ],
    ],
    [
      'check a: only restricted checks may set overrides',
      [{ id: 'a', level: 'baseline', revisions: [{ since: 0, run, overrides: ['b'] }] }],
    ],
    [
      'check a: overrides restricted check b',
      [
        { id: 'a', level: 'restricted', revisions: [{ since: 0, run, overrides: ['b'] }] },
        { id: 'b', level: 'restricted', revisions },
      ],
    ],
  ])('%s', (message, checks) => {
    expect(() => createEvaluator(checks)).toThrow(new RangeError(message));
  });
});

describe('in a browser', () => {
  it('loads and evaluates without anything of Node', async () => {
    const script = await bundle();
    expect(script).not.toMatch(/node:|require\(/);
    // A context of its own has the language's globals and nothing else: no process, no Buffer, no require.
    const context = createContext({});
    runInContext(script, context);
    const detail: unknown = runInContext(
      `typeof process + ': ' + podSecurity.evaluatePod({ spec: { hostNetwork: true } }, { level: 'baseline', version: 'latest' }).detail`,
      context,
    );
    expect(detail).toBe('undefined: host namespaces (hostNetwork=true)');
  });
});
