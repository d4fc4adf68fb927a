import type { KubeObject } from '@k/apimachinery';
import { describe, expect, it } from 'vitest';
import { decode, definitionOf } from './support/kinds.js';

function converted(object: KubeObject, version: string): KubeObject {
  return definitionOf(object).convert?.(object, version) as KubeObject;
}

describe('autoscalers', () => {
  const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 3 };
  const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } };
  const memory = { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } };
  const PREFIX = 'autoscaling.alpha.kubernetes.io/';

  it('carry in annotations what v1 has no fields for, and bring it back', () => {
    const v2 = decode({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      spec: { ...spec, metrics: [cpu, memory], behavior: { scaleDown: { stabilizationWindowSeconds: 5 } } },
    });
    const v1 = converted(v2, 'v1');
    expect(v1['spec']).toEqual({ ...spec, minReplicas: 1, targetCPUUtilizationPercentage: 70 });
    expect(JSON.parse(v1.metadata?.annotations?.[`${PREFIX}metrics`] as string)).toEqual([
      { type: 'Resource', resource: { name: 'memory', targetAverageValue: '1Gi' } },
    ]);
    expect(JSON.parse(v1.metadata?.annotations?.[`${PREFIX}behavior`] as string)).toMatchObject({
      ScaleDown: { StabilizationWindowSeconds: 5, SelectPolicy: 'Max' },
    });
    const back = converted(v1, 'v2');
    expect(back.metadata?.annotations ?? {}).toEqual({});
    expect(back['spec']).toMatchObject({ metrics: [memory, cpu], behavior: { scaleDown: { stabilizationWindowSeconds: 5 } } });
  });

  it('aim at 80 % of the CPU unless they say otherwise', () => {
    const of = (apiVersion: string): unknown => decode({ apiVersion, kind: 'HorizontalPodAutoscaler', spec })['spec'];
    expect(of('autoscaling/v1')).toMatchObject({ minReplicas: 1, targetCPUUtilizationPercentage: 80 });
    expect(of('autoscaling/v2')).toMatchObject({
      minReplicas: 1,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
    });
  });

  it('show the present share of the CPU in either version', () => {
    const v2: KubeObject = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      spec: { ...spec, metrics: [cpu] },
      status: {
        currentReplicas: 2,
        desiredReplicas: 3,
        currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 55, averageValue: '100m' } } }],
      },
    };
    expect(converted(v2, 'v1')['status']).toEqual({ currentReplicas: 2, desiredReplicas: 3, currentCPUUtilizationPercentage: 55 });
  });
});

describe('events', () => {
  it('are the same in both groups, under other names', () => {
    const core = decode({
      apiVersion: 'v1',
      kind: 'Event',
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'ns' },
      reason: 'Started',
      message: 'm',
      source: { component: 'kubelet' },
      count: 3,
      firstTimestamp: '2026-01-01T00:00:00Z',
      type: 'Normal',
    });
    const definition = definitionOf({ apiVersion: 'events.k8s.io/v1', kind: 'Event' } as KubeObject);
    const event = definition.convert?.(core, 'v1') as KubeObject;
    expect(event).toEqual({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'x', namespace: 'ns', uid: 'u' },
      regarding: { kind: 'Pod', name: 'p', namespace: 'ns' },
      reason: 'Started',
      note: 'm',
      deprecatedSource: { component: 'kubelet' },
      deprecatedCount: 3,
      deprecatedFirstTimestamp: '2026-01-01T00:00:00Z',
      deprecatedLastTimestamp: null,
      eventTime: null,
      type: 'Normal',
    });
    expect(converted(event, 'v1')).toMatchObject({ apiVersion: 'events.k8s.io/v1' });
    expect(definitionOf(core).convert?.(event, 'v1')).toEqual(core);
  });
});
