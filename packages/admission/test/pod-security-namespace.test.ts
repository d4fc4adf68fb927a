import type { KubeObject } from '@k/apimachinery';
import { describe, expect, it } from 'vitest';
import { ask, type Cluster, type Labels, namespaceOf, type Outcome, podOf } from './pod-security-fixture.js';

const KEY = 'pod-security.kubernetes.io';
const create = (labels: Labels, cluster: Cluster = {}): Promise<Outcome> =>
  ask(cluster, { resource: 'namespaces', object: namespaceOf(labels) });
const update = (before: Labels, after: Labels, cluster: Cluster = {}): Promise<Outcome> =>
  ask(cluster, { operation: 'UPDATE', resource: 'namespaces', object: namespaceOf(after), oldObject: namespaceOf(before) });
const named = (name: string, spec: object, owner?: string): KubeObject => {
  const pod = podOf(spec, name);
  if (owner !== undefined)
    pod.metadata = { ...pod.metadata, ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: owner, controller: true }] };
  return pod;
};

describe('labels', () => {
  it('must mean something', async () => {
    const one = await create({ enforce: 'strict' });
    expect(one.message).toBe(
      `Namespace "ns" is invalid: metadata.labels[${KEY}/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted`,
    );
    expect(one.status).toMatchObject({
      code: 422,
      reason: 'Invalid',
      details: {
        name: 'ns',
        kind: 'Namespace',
        causes: [
          {
            reason: 'FieldValueInvalid',
            field: `metadata.labels[${KEY}/enforce]`,
            message: 'Invalid value: "strict": must be one of privileged, baseline, restricted',
          },
        ],
      },
    });
    expect((await create({ warn: 'x', 'enforce-version': 'v2' })).message).toBe(
      `Namespace "ns" is invalid: [metadata.labels[${KEY}/enforce-version]: Invalid value: "v2": must be "latest" or "v1.x", metadata.labels[${KEY}/warn]: Invalid value: "x": must be one of privileged, baseline, restricted]`,
    );
  });

  it('that were bad before may stay, not change', async () => {
    expect((await update({ enforce: 'x' }, { enforce: 'x', audit: 'baseline' })).message).toBe('');
    expect((await update({ enforce: 'x' }, { enforce: 'y' })).status?.code).toBe(422);
    expect((await update({}, { enforce: 'y' })).status?.code).toBe(422);
    expect((await update({ enforce: 'x' }, {})).message).toBe('');
  });

  it('are not looked at in subresources', async () => {
    expect((await ask({}, { resource: 'namespaces', subresource: 'finalize', object: namespaceOf({ enforce: 'x' }) })).message).toBe('');
  });
});

describe('a stricter level', () => {
  const pods = [
    named('plain', {}),
    named('net-b', { hostNetwork: true }),
    named('net-a', { hostNetwork: true }),
    named('net-c', { hostNetwork: true }),
    named('pid', { hostPID: true, hostNetwork: true }),
    named('pid-2', { hostPID: true, hostNetwork: true, hostIPC: true }),
  ];

  it('warns of the pods that it would refuse, by reason', async () => {
    const { warnings, message } = await update({}, { enforce: 'baseline' }, { pods });
    expect(message).toBe('');
    expect(warnings).toEqual([
      'existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:latest"',
      'net-a (and 4 other pods): host namespaces',
    ]);
    const restricted = await update(
      {},
      { enforce: 'restricted', 'enforce-version': 'v1.7' },
      { pods: [named('b', {}), named('a', { hostPID: true }), named('c', {})] },
    );
    expect(restricted.warnings).toEqual([
      'existing pods in namespace "ns" violate the new PodSecurity enforce level "restricted:v1.7"',
      'a: host namespaces, runAsNonRoot != true',
      'b (and 1 other pod): runAsNonRoot != true',
    ]);
  });

  it.each<[string, Labels, Labels, boolean]>([
    ['the same', { enforce: 'baseline' }, { enforce: 'baseline', warn: 'restricted' }, false],
    ['privileged', { enforce: 'baseline' }, { enforce: 'privileged', 'enforce-version': 'v1.1' }, false],
    ['less strict', { enforce: 'restricted' }, { enforce: 'baseline' }, false],
    ['less strict at another version', { enforce: 'restricted' }, { enforce: 'baseline', 'enforce-version': 'v1.30' }, true],
    ['another version', { enforce: 'baseline' }, { enforce: 'baseline', 'enforce-version': 'v1.30' }, true],
    ['stricter', { enforce: 'baseline' }, { enforce: 'restricted' }, true],
  ])('%s', async (_name, before, after, isChecked) => {
    expect((await update(before, after, { pods })).warnings.length > 0).toBe(isChecked);
  });

  it('warns of nothing when all pods pass', async () => {
    expect((await update({}, { enforce: 'baseline' }, { pods: [named('a', {})] })).warnings).toEqual([]);
  });

  it('looks at 3000 pods at most, one of each controller first, none of exempt runtime classes', async () => {
    const many = [
      ...Array.from({ length: 3000 }, (_, i) => named(`a-${String(i).padStart(4, '0')}`, { hostPID: true }, 'one')),
      named('z-other', { hostNetwork: true, containers: [{ name: 'c', securityContext: { privileged: true } }] }, 'two'),
      named('exempt', { hostIPC: true, runtimeClassName: 'gvisor' }),
    ];
    const { warnings } = await update({}, { enforce: 'baseline' }, { pods: many, options: { exemptions: { runtimeClasses: ['gvisor'] } } });
    expect(warnings).toEqual([
      'new PodSecurity enforce level only checked against the first 3000 of 3001 existing pods',
      'existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:latest"',
      'a-0000 (and 2998 other pods): host namespaces',
      'z-other: host namespaces, privileged',
    ]);
  });

  it('stops after a second', async () => {
    let clock = 0;
    const { warnings } = await update({}, { enforce: 'baseline' }, { pods, now: () => (clock += 400) });
    expect(warnings).toEqual([
      'new PodSecurity enforce level only checked against the first 3 of 6 existing pods',
      'existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:latest"',
      'net-a (and 1 other pod): host namespaces',
    ]);
  });

  it('says when pods cannot be listed', async () => {
    expect((await update({}, { enforce: 'baseline' }, { pods: new Error('gone') })).warnings).toEqual([
      'failed to list pods while checking new PodSecurity enforce level',
    ]);
  });
});

describe('an exempt namespace', () => {
  const options = { exemptions: { namespaces: ['ns'] } };
  const text = (policy: string): string => `namespace "ns" is exempt from Pod Security, and the policy (${policy}) will be ignored`;
  it('is told that its labels have no effect', async () => {
    expect((await create({ enforce: 'baseline', 'audit-version': 'v1.30', audit: 'restricted' }, { options })).warnings).toEqual([
      text('enforce=baseline:latest, audit=restricted:v1.30'),
    ]);
    expect((await update({}, { enforce: 'restricted' }, { options, pods: [named('a', {})] })).warnings).toEqual([
      text('enforce=restricted:latest'),
    ]);
    expect((await create({}, { options })).warnings).toEqual([]);
    expect((await create({ 'enforce-version': 'v1.3' }, { options })).warnings).toEqual([]);
  });

  it('is told nothing when they say what is the default', async () => {
    const level = { level: 'baseline', version: 'latest' } as const;
    const defaults = { enforce: level, audit: level, warn: level };
    expect((await create({ enforce: 'baseline' }, { options: { ...options, defaults } })).warnings).toEqual([]);
  });
});
