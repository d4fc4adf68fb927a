/** What the chain itself promises, whatever its controllers do. */
import type { KubeObject } from '@k/apimachinery';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import {
  AdmissionChain,
  type AdmissionController,
  type AdmissionRequest,
  allow,
  type ChainOptions,
  createAdmissionRequest,
  deny,
  MemoryObjects,
  memoryDependencies,
} from '../src/index.js';
import { createAdmissionMetrics } from '../src/metrics.js';

const pod = (): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'ns', labels: { a: 'b' } } });
const request = (more: Partial<Parameters<typeof createAdmissionRequest>[0]> = {}): AdmissionRequest =>
  createAdmissionRequest({ operation: 'CREATE', resource: { group: '', version: 'v1', resource: 'pods' }, object: pod(), ...more });
const controller = (more: Partial<AdmissionController>): AdmissionController => ({ name: 'Mine', supportsOperation: () => true, ...more });
const chainOf = (controllers: AdmissionController[], options: ChainOptions = {}) => new AdmissionChain({ ...options, controllers });

describe('admit', () => {
  it('answers with the object, one patch for all changes, warnings and audit annotations', async () => {
    const chain = new AdmissionChain()
      .withController(
        controller({
          admit: () =>
            allow({
              patch: [{ op: 'add', path: '/metadata/labels/admitted', value: 'true' }],
              warnings: ['careful'],
              auditAnnotations: { why: 'because', 'other.io/x': 'y' },
            }),
        }),
      )
      .withController(
        controller({
          name: 'InPlace',
          admit: ({ object }) => {
            (object as KubeObject)['spec'] = {};
            return undefined;
          },
        }),
      );
    const given = request();
    const outcome = await chain.admit(given);
    expect(outcome).toEqual({
      allowed: true,
      object: { ...pod(), metadata: { name: 'p', namespace: 'ns', labels: { a: 'b', admitted: 'true' } }, spec: {} },
      patch: [
        { op: 'add', path: '/metadata/labels/admitted', value: 'true' },
        { op: 'add', path: '/spec', value: {} },
      ],
      warnings: ['careful'],
      auditAnnotations: { 'Mine/why': 'because', 'other.io/x': 'y' },
    });
    expect(given.object).toEqual(pod());
  });

  it('answers with the reason of the first refusal', async () => {
    const chain = chainOf([
      controller({ admit: () => deny('not today', { code: 422, warnings: ['tomorrow'] }) }),
      controller({ name: 'Never', admit: () => expect.unreachable() }),
    ]);
    const outcome = await chain.admit(request());
    expect(outcome).toMatchObject({ allowed: false, reason: 'not today', code: 422, warnings: ['tomorrow'] });
    if (!outcome.allowed) expect(outcome.error.message).toBe('pods "p" is forbidden: not today');
  });

  it('names objects without a name as upstream does', async () => {
    const chain = chainOf([controller({ validate: () => deny('no') })]);
    const message = async (object: KubeObject | null): Promise<string> => {
      const outcome = await chain.admit(request({ object, name: '', namespace: 'ns' }));
      return outcome.allowed ? '' : outcome.error.message;
    };
    expect(await message({ metadata: { generateName: 'web-' } })).toBe('pods "web-" is forbidden: no');
    expect(await message(null)).toBe('pods "Unknown" is forbidden: no');
  });
});

describe('order', () => {
  it('mutates before it validates, and charges quotas last', async () => {
    const calls: string[] = [];
    const spy = (name: string): AdmissionController =>
      controller({ name, admit: () => void calls.push(`${name} admit`), validate: () => void calls.push(`${name} validate`) });
    const chain = chainOf([spy('A'), spy('ResourceQuota')]).withController(spy('B'));
    await chain.admit(request());
    expect(calls).toEqual(['A admit', 'B admit', 'ResourceQuota admit', 'A validate', 'B validate', 'ResourceQuota validate']);
  });

  it('leaves a chain as it is when another one is made from it', () => {
    const chain = new AdmissionChain().withController(controller({}));
    chain.withController(controller({ name: 'Other' }));
    expect(chain.controllers.map(({ name }) => name)).toEqual(['Mine']);
  });

  it('skips operations that a controller does not support', async () => {
    const chain = chainOf([controller({ supportsOperation: (operation) => operation === 'DELETE', validate: () => deny('no') })]);
    expect((await chain.admit(request())).allowed).toBe(true);
    expect((await chain.admit(request({ operation: 'DELETE', object: null, oldObject: pod() }))).allowed).toBe(false);
  });

  it('runs the mutating phase once more, and no more, when a controller asks for it', async () => {
    const passes: boolean[] = [];
    const chain = chainOf([
      controller({
        admit: ({ reinvocation }) => {
          passes.push(reinvocation?.isReinvocation === true);
          if (reinvocation !== undefined) reinvocation.reinvoke = true;
          return undefined;
        },
      }),
    ]);
    await chain.admit(request());
    expect(passes).toEqual([false, true]);
  });
});

describe('controllers that fail', () => {
  const failing = (more: Partial<AdmissionController>, options: ChainOptions = {}) => {
    const logged: unknown[] = [];
    const log = { warn: () => {}, error: (data: object) => logged.push((data as { err?: unknown }).err) };
    return { logged, outcome: chainOf([controller(more)], { ...options, log }).admit(request()) };
  };
  const FAILED = 'admission controller "Mine" failed unexpectedly; the cause is in the log of the server';

  it.each([
    [
      'throws',
      () => {
        throw new Error('secret detail');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret detail'))],
  ] as const)('%s: refused, the cause goes to the log only', async (_name, admit) => {
    const { outcome, logged } = failing({ admit });
    expect(await outcome).toMatchObject({ allowed: false, reason: FAILED, code: 403 });
    expect(logged).toEqual([new Error('secret detail')]);
  });

  it('never answers: refused when its time is over', async () => {
    const { outcome } = failing({ validate: () => new Promise(() => {}), timeoutMs: 20 });
    expect(await outcome).toMatchObject({ allowed: false, reason: 'admission controller "Mine" did not answer within 20 ms', code: 403 });
  });

  it('is slow: the whole phase has a budget', async () => {
    const slow = controller({ name: 'Slow', validate: () => new Promise((resolve) => setTimeout(() => resolve(undefined), 25)) });
    const outcome = await chainOf([slow, slow, slow], { phaseTimeoutMs: 40 }).admit(request());
    expect(outcome.allowed ? '' : outcome.reason).toMatch(/^admission controller "Slow" did not answer within \d+ ms$/);
  });

  it('sends a patch that does not apply: refused', async () => {
    const { outcome } = failing({ admit: () => allow({ patch: [{ op: 'remove', path: '/spec/none' }] }) });
    expect(await outcome).toMatchObject({ allowed: false, code: 422 });
  });
});

it('counts every controller and phase under the names of upstream', async () => {
  const registry = new Registry();
  const metrics = createAdmissionMetrics(registry);
  const chain = chainOf([controller({ admit: () => undefined, validate: () => deny('no') })], { metrics });
  await chain.admit(request());
  await chain.admit(request());
  const text = await registry.metrics();
  const counted = text.split('\n').filter((line) => line.includes('_count{'));
  expect(counted).toEqual([
    'apiserver_admission_controller_admission_duration_seconds_count{name="Mine",type="admit",operation="CREATE",rejected="false"} 2',
    'apiserver_admission_controller_admission_duration_seconds_count{name="Mine",type="validate",operation="CREATE",rejected="true"} 2',
    'apiserver_admission_step_admission_duration_seconds_count{type="admit",operation="CREATE",rejected="false"} 2',
    'apiserver_admission_step_admission_duration_seconds_count{type="validate",operation="CREATE",rejected="true"} 2',
  ]);
  expect(text).toContain('seconds_bucket{name="Mine",type="admit",operation="CREATE",rejected="false",le="+Inf"} 2');
});

it('refuses more than the limit when many ask at once, and charges each passed one', async () => {
  const objects = new MemoryObjects();
  objects.set('', 'resourcequotas', {
    metadata: { name: 'q', namespace: 'ns' },
    spec: { hard: { configmaps: '10' } },
    status: { hard: { configmaps: '10' }, used: { configmaps: '0' } },
  });
  objects.set('', 'namespaces', { metadata: { name: 'ns' } });
  const chain = new AdmissionChain().withBuiltInControllers(memoryDependencies(objects));
  const outcomes = await Promise.all(
    Array.from({ length: 64 }, (_, i) =>
      chain.admit(
        request({
          resource: { group: '', version: 'v1', resource: 'configmaps' },
          object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: `c${i}`, namespace: 'ns' } },
        }),
      ),
    ),
  );
  expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(10);
  expect(objects.get('', 'resourcequotas', 'ns', 'q')?.['status']).toEqual({ hard: { configmaps: '10' }, used: { configmaps: '10' } });
});
