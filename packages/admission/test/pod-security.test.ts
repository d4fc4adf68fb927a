import type { KubeObject } from '@k/apimachinery';
import { describe, expect, it } from 'vitest';
import { ask, type Cluster, namespaceOf, podOf } from './pod-security-fixture.js';

const QUIET = { message: '', status: null, warnings: [], annotations: {}, counted: [] };
const HOST = { hostNetwork: true };
const TEXT = 'host namespaces (hostNetwork=true)';
const count = (rest: string): string => `evaluations_total ${rest}`;

describe('a pod', () => {
  it('is refused with the text of kube-apiserver', async () => {
    const outcome = await ask({ namespaces: [namespaceOf({ enforce: 'baseline', 'enforce-version': 'v1.30' })] }, { object: podOf(HOST) });
    expect(outcome).toEqual({
      message: `pods "p" is forbidden: violates PodSecurity "baseline:v1.30": ${TEXT}`,
      status: expect.objectContaining({ code: 403, reason: 'Forbidden', details: { name: 'p', kind: 'pods' } }),
      warnings: [],
      annotations: { 'enforce-policy': 'baseline:v1.30' },
      counted: [
        count('decision=deny mode=enforce policy_level=baseline policy_version=v1.30 request_operation=create resource=pod subresource='),
      ],
    });
  });

  it('without a name is refused without one', async () => {
    const outcome = await ask({ namespaces: [namespaceOf({ enforce: 'baseline' })] }, { object: podOf(HOST, '') });
    expect(outcome.message).toBe(`pods is forbidden: violates PodSecurity "baseline:latest": ${TEXT}`);
  });

  it('is warned of, recorded and counted per mode; what is refused is not warned of', async () => {
    const labels = { audit: 'baseline', 'audit-version': 'v1.99', warn: 'baseline' };
    const open = await ask({ namespaces: [namespaceOf(labels)] }, { object: podOf(HOST) });
    expect(open).toEqual({
      ...QUIET,
      warnings: [`would violate PodSecurity "baseline:latest": ${TEXT}`],
      annotations: { 'enforce-policy': 'privileged:latest', 'audit-violations': `would violate PodSecurity "baseline:v1.99": ${TEXT}` },
      counted: [
        count(
          'decision=allow mode=enforce policy_level=privileged policy_version=latest request_operation=create resource=pod subresource=',
        ),
        count('decision=deny mode=audit policy_level=baseline policy_version=future request_operation=create resource=pod subresource='),
        count('decision=deny mode=warn policy_level=baseline policy_version=latest request_operation=create resource=pod subresource='),
      ],
    });
    const closed = await ask({ namespaces: [namespaceOf({ ...labels, enforce: 'baseline' })] }, { object: podOf(HOST) });
    expect(closed.warnings).toEqual([]);
    expect(closed.annotations['audit-violations']).toBe(`would violate PodSecurity "baseline:v1.99": ${TEXT}`);
  });

  it('in a namespace without levels is let through at once', async () => {
    expect(await ask({ namespaces: [namespaceOf({ 'enforce-version': 'v1.20' })] }, { object: podOf(HOST) })).toEqual({
      ...QUIET,
      annotations: { 'enforce-policy': 'privileged:latest' },
      counted: [
        count(
          'decision=allow mode=enforce policy_level=privileged policy_version=latest request_operation=create resource=pod subresource=',
        ),
      ],
    });
  });

  it('is held to restricted when the label means nothing', async () => {
    const { message, annotations, counted } = await ask(
      { namespaces: [namespaceOf({ enforce: 'high', warn: 'low' })] },
      { object: podOf() },
    );
    expect(message).toContain('violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c"');
    expect(annotations['error']).toBe(
      'Failed to parse policy: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "high": must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: "low": must be one of privileged, baseline, restricted]',
    );
    expect(counted[0]).toBe('errors_total fatal=false request_operation=create resource=pod subresource=');
  });

  it('needs its namespace, from the cache or read live', async () => {
    const live = await ask({ liveNamespaces: [namespaceOf({ enforce: 'baseline' })] }, { object: podOf(HOST) });
    expect(live.message).toContain('violates PodSecurity');
    expect(await ask({}, { object: podOf() })).toEqual({
      ...QUIET,
      message: 'Internal error occurred: failed to lookup namespace "ns"',
      status: expect.objectContaining({ code: 500, reason: 'InternalError' }),
      annotations: { error: 'Internal error occurred: failed to lookup namespace "ns": namespaces "ns" not found' },
      counted: ['errors_total fatal=true request_operation=create resource=pod subresource='],
    });
  });

  it('that cannot be read is a bad request', async () => {
    const outcome = await ask({ namespaces: [namespaceOf({ enforce: 'baseline' })] }, { object: podOf({ hostPID: 'yes' }) });
    expect(outcome.message).toBe('failed to decode pod');
    expect(outcome.status?.code).toBe(400);
    expect(outcome.annotations['error']).toBe('failed to decode pod: spec.hostPID: expected a boolean, got a string');
    expect(outcome.counted).toContain('errors_total fatal=true request_operation=create resource=pod subresource=');
  });

  it.each(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status'])(
    'is not looked at in %s',
    async (subresource) => {
      expect(await ask({ namespaces: [namespaceOf({ enforce: 'baseline' })] }, { subresource, object: podOf(HOST) })).toEqual(QUIET);
    },
  );

  it.each(['ephemeralcontainers', 'resize', 'novel'])('is looked at in %s', async (subresource) => {
    const outcome = await ask({ namespaces: [namespaceOf({ enforce: 'baseline' })] }, { subresource, object: podOf(HOST) });
    expect(outcome.message).toContain('violates PodSecurity');
  });
});

describe('exemptions', () => {
  const cluster = (exemptions: object): Cluster => ({
    namespaces: [namespaceOf({ enforce: 'restricted', warn: 'restricted' })],
    options: { exemptions },
  });
  it.each<[string, object, object]>([
    ['namespace', { namespaces: ['ns'], usernames: ['alice'] }, {}],
    ['user', { usernames: ['alice'], namespaces: [''] }, {}],
    ['runtimeClass', { runtimeClasses: ['gvisor'] }, { runtimeClassName: 'gvisor' }],
  ])('%s', async (reason, exemptions, spec) => {
    const counted = (resource: string): string => `exemptions_total request_operation=create resource=${resource} subresource=`;
    expect(await ask(cluster(exemptions), { object: podOf({ ...HOST, ...spec }) })).toEqual({
      ...QUIET,
      annotations: { exempt: reason },
      counted: [counted('pod')],
    });
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' }, spec: { template: { spec } } } as KubeObject;
    expect(await ask(cluster(exemptions), { resource: 'jobs.batch', object: job })).toEqual({
      ...QUIET,
      annotations: { exempt: reason },
      counted: [counted('controller')],
    });
  });

  it('never hold for empty names', async () => {
    const exemptions = { usernames: [''], namespaces: [''], runtimeClasses: [''] };
    const outcome = await ask(cluster(exemptions), { username: '', object: podOf({ ...HOST, runtimeClassName: '' }) });
    expect(outcome.message).toContain('violates PodSecurity');
  });
});

describe('an update', () => {
  const old = podOf({ ...HOST, initContainers: [{ name: 'i', image: 'i:1' }], ephemeralContainers: [{ name: 'e', image: 'e:1' }] });
  const spec = (change: object): KubeObject => ({ ...old, spec: { ...(old as { spec: object }).spec, ...change } }) as KubeObject;
  it.each<[string, object, boolean]>([
    ['nothing', {}, false],
    ['a deadline', { activeDeadlineSeconds: 1 }, false],
    ['an image', { containers: [{ name: 'c', image: 'i:2' }] }, true],
    ['a name only', { containers: [{ name: 'd', image: 'i:1' }] }, false],
    [
      'one container more',
      {
        containers: [
          { name: 'c', image: 'i:1' },
          { name: 'd', image: 'i:1' },
        ],
      },
      true,
    ],
    ['an init image', { initContainers: [{ name: 'i', image: 'i:2' }] }, true],
    ['no init containers', { initContainers: null }, true],
    [
      'an ephemeral container more',
      {
        ephemeralContainers: [
          { name: 'e', image: 'e:1' },
          { name: 'f', image: 'e:1' },
        ],
      },
      true,
    ],
    ['an ephemeral image', { ephemeralContainers: [{ name: 'e', image: 'e:2' }] }, true],
    ['no ephemeral containers', { ephemeralContainers: [] }, false],
  ])('of %s', async (_what, change, isEvaluated) => {
    const outcome = await ask(
      { namespaces: [namespaceOf({ enforce: 'baseline' })] },
      { operation: 'UPDATE', object: spec(change), oldObject: old },
    );
    if (isEvaluated) expect(outcome.message).toContain(TEXT);
    else expect(outcome).toEqual(QUIET);
  });

  it('of other things than images does not count as exempt', async () => {
    const pod = podOf({ ...HOST, runtimeClassName: 'gvisor' });
    const cluster = { namespaces: [namespaceOf({ enforce: 'baseline' })], options: { exemptions: { runtimeClasses: ['gvisor'] } } };
    expect(await ask(cluster, { operation: 'UPDATE', object: pod, oldObject: pod })).toEqual(QUIET);
  });
});

describe('a workload', () => {
  const template = { spec: { ...HOST, containers: [{ name: 'c' }] } };
  it.each<[string, string, object]>([
    ['replicationcontrollers', 'ReplicationController', { spec: { template } }],
    ['podtemplates', 'PodTemplate', { template }],
    ['replicasets.apps', 'ReplicaSet', { spec: { template } }],
    ['deployments.apps', 'Deployment', { spec: { template } }],
    ['statefulsets.apps', 'StatefulSet', { spec: { template } }],
    ['daemonsets.apps', 'DaemonSet', { spec: { template } }],
    ['jobs.batch', 'Job', { spec: { template } }],
    ['cronjobs.batch', 'CronJob', { spec: { jobTemplate: { spec: { template } } } }],
  ])('%s is warned of and recorded, never refused', async (resource, kind, body) => {
    const group = resource.split('.')[1] ?? '';
    const object = { apiVersion: group === '' ? 'v1' : `${group}/v1`, kind, metadata: { name: 'w' }, ...body } as KubeObject;
    const cluster = { namespaces: [namespaceOf({ enforce: 'baseline', audit: 'baseline' })] };
    for (const operation of ['CREATE', 'UPDATE'] as const) {
      const at = `request_operation=${operation.toLowerCase()} resource=controller subresource=`;
      expect(await ask(cluster, { operation, resource, object, oldObject: object })).toEqual({
        ...QUIET,
        warnings: [`would violate PodSecurity "baseline:latest": ${TEXT}`],
        annotations: { 'audit-violations': `would violate PodSecurity "baseline:latest": ${TEXT}` },
        counted: [
          count(`decision=deny mode=audit policy_level=baseline policy_version=latest ${at}`),
          count(`decision=deny mode=warn policy_level=baseline policy_version=latest ${at}`),
        ],
      });
    }
    expect(await ask(cluster, { resource, object, subresource: 'scale' })).toEqual(QUIET);
    expect(await ask({ namespaces: [namespaceOf({ enforce: 'baseline', warn: 'privileged' })] }, { resource, object })).toEqual(QUIET);
  });

  const controller = { apiVersion: 'v1', kind: 'ReplicationController', metadata: { name: 'w' }, spec: {} } as KubeObject;
  it('without a template is let through', async () => {
    expect(
      await ask({ namespaces: [namespaceOf({ warn: 'restricted' })] }, { resource: 'replicationcontrollers', object: controller }),
    ).toEqual(QUIET);
  });

  it('is let through when its namespace or template cannot be read', async () => {
    expect(await ask({}, { resource: 'replicationcontrollers', object: controller })).toEqual({
      ...QUIET,
      annotations: { error: 'failed to lookup namespace "ns": namespaces "ns" not found' },
      counted: ['errors_total fatal=true request_operation=create resource=controller subresource='],
    });
    const broken = { ...controller, spec: { template: { spec: { hostPID: 1 } } } } as KubeObject;
    expect(
      (await ask({ namespaces: [namespaceOf({ warn: 'baseline' })] }, { resource: 'replicationcontrollers', object: broken })).annotations,
    ).toEqual({
      error: 'failed to decode object: spec.hostPID: expected a boolean, got the number 1',
    });
  });

  it('of another group is not looked at', async () => {
    const other = { apiVersion: 'example.com/v1', kind: 'Deployment', spec: { template } } as KubeObject;
    expect(await ask({ namespaces: [namespaceOf({ warn: 'baseline' })] }, { resource: 'deployments.example.com', object: other })).toEqual(
      QUIET,
    );
  });
});

describe('defaults of the configuration', () => {
  it('hold where labels say nothing', async () => {
    const level = { level: 'baseline', version: 'v1.20' } as const;
    const options = { defaults: { enforce: level, audit: level, warn: level } };
    expect((await ask({ namespaces: [namespaceOf()], options }, { object: podOf(HOST) })).message).toBe(
      `pods "p" is forbidden: violates PodSecurity "baseline:v1.20": ${TEXT}`,
    );
    expect((await ask({ namespaces: [namespaceOf({ enforce: 'privileged' })], options }, { object: podOf(HOST) })).warnings).toEqual([
      `would violate PodSecurity "baseline:v1.20": ${TEXT}`,
    ]);
  });
});
