import type { KubeObject } from '@k/apimachinery';
import { describe, expect, it } from 'vitest';
import { podTable } from '../../src/tables/pods.js';

const NOW = Date.parse('2026-01-10T00:00:00Z');
const running = { state: { running: { startedAt: '2026-01-01T00:00:00Z' } }, ready: true, restartCount: 0 };
const pod = (spec: object, status: object, metadata: object = {}): KubeObject =>
  ({
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'p', creationTimestamp: '2026-01-09T23:00:00Z', ...metadata },
    spec,
    status,
  }) as KubeObject;
const containers = [{ name: 'a' }, { name: 'b' }];
const sidecar = { name: 's', restartPolicy: 'Always' };

/** Ready, Status, Restarts. */
const short = (object: KubeObject): unknown[] => podTable.cells(object, NOW).slice(1, 4);

describe('table of pods', () => {
  it.each<[string, KubeObject, [string, string, string]]>([
    ['no status', pod({ containers }, {}), ['0/2', '', '0']],
    ['pending', pod({ containers }, { phase: 'Pending' }), ['0/2', 'Pending', '0']],
    [
      'one of two ready',
      pod({ containers }, { phase: 'Running', containerStatuses: [running, { ...running, ready: false, restartCount: 3 }] }),
      ['1/2', 'Running', '3'],
    ],
    ['a reason of its own', pod({ containers }, { phase: 'Failed', reason: 'Evicted' }), ['0/2', 'Evicted', '0']],
    [
      'waiting for its gates',
      pod({ containers }, { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }),
      ['0/2', 'SchedulingGated', '0'],
    ],
    [
      'the first container in trouble counts',
      pod(
        { containers },
        {
          phase: 'Running',
          containerStatuses: [
            {
              state: { waiting: { reason: 'CrashLoopBackOff' } },
              restartCount: 5,
              lastState: { terminated: { finishedAt: '2026-01-09T23:58:00Z' } },
            },
            { state: { waiting: { reason: 'ImagePullBackOff' } } },
          ],
        },
      ),
      ['0/2', 'CrashLoopBackOff', '5 (2m ago)'],
    ],
    [
      'ended by a signal',
      pod({ containers }, { phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 137, signal: 9 } } }] }),
      ['0/2', 'Signal:9', '0'],
    ],
    [
      'ended without a reason',
      pod({ containers }, { phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 3 } } }] }),
      ['0/2', 'ExitCode:3', '0'],
    ],
    [
      'one completed, one running and ready',
      pod(
        { containers },
        {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'True' }],
          containerStatuses: [{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }, running],
        },
      ),
      ['1/2', 'Running', '0'],
    ],
    [
      'one completed, one running, not ready',
      pod(
        { containers },
        { phase: 'Running', containerStatuses: [{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }, running] },
      ),
      ['1/2', 'NotReady', '0'],
    ],
    [
      'initialising',
      pod(
        { containers, initContainers: [{ name: 'i' }, { name: 'j' }] },
        {
          phase: 'Pending',
          initContainerStatuses: [
            { name: 'i', state: { terminated: { exitCode: 0 } } },
            { name: 'j', restartCount: 2, state: { waiting: { reason: 'PodInitializing' } } },
          ],
        },
      ),
      ['0/2', 'Init:1/2', '2'],
    ],
    [
      'initialisation failed',
      pod(
        { containers, initContainers: [{ name: 'i' }] },
        { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 1, reason: 'Error' } } }] },
      ),
      ['0/2', 'Init:Error', '0'],
    ],
    [
      'initialisation killed',
      pod(
        { containers, initContainers: [{ name: 'i' }] },
        { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 1, signal: 9 } } }] },
      ),
      ['0/2', 'Init:Signal:9', '0'],
    ],
    [
      'initialisation waits for an image',
      pod(
        { containers, initContainers: [{ name: 'i' }] },
        { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { waiting: { reason: 'ErrImagePull' } } }] },
      ),
      ['0/2', 'Init:ErrImagePull', '0'],
    ],
    [
      'a sidecar counts as a container',
      pod(
        { containers, initContainers: [sidecar] },
        {
          phase: 'Running',
          initContainerStatuses: [{ ...running, name: 's', started: true, restartCount: 1 }],
          containerStatuses: [running, running],
        },
      ),
      ['3/3', 'Running', '1'],
    ],
    [
      'a sidecar has not started',
      pod(
        { containers, initContainers: [sidecar] },
        { phase: 'Pending', initContainerStatuses: [{ ...running, name: 's', started: false, ready: false }] },
      ),
      ['0/3', 'Init:0/1', '0'],
    ],
    [
      'being deleted',
      pod({ containers }, { phase: 'Running', containerStatuses: [running, running] }, { deletionTimestamp: 'x' }),
      ['2/2', 'Terminating', '0'],
    ],
    ['done while being deleted', pod({ containers }, { phase: 'Succeeded' }, { deletionTimestamp: 'x' }), ['0/2', 'Succeeded', '0']],
    [
      'lost with its node',
      pod({ containers }, { phase: 'Running', reason: 'NodeLost' }, { deletionTimestamp: 'x' }),
      ['0/2', 'Unknown', '0'],
    ],
  ])('%s', (_name, object, cells) => {
    expect(short(object)).toEqual(cells);
  });

  it('shows addresses, nodes and readiness gates in wide columns', () => {
    const object = pod(
      { containers, nodeName: 'n1', readinessGates: [{ conditionType: 'x/a' }, { conditionType: 'x/b' }] },
      { podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], nominatedNodeName: 'n2', conditions: [{ type: 'x/a', status: 'True' }] },
    );
    expect(podTable.cells(object, NOW)).toEqual(['p', '0/2', '', '0', '60m', '10.0.0.1', 'n1', 'n2', '1/2']);
    expect(podTable.cells(pod({}, {}), NOW).slice(5)).toEqual(['<none>', '<none>', '<none>', '<none>']);
    expect(podTable.columns.map(({ name, priority }) => `${name}:${priority}`).join(' ')).toBe(
      'Name:0 Ready:0 Status:0 Restarts:0 Age:0 IP:1 Node:1 Nominated Node:1 Readiness Gates:1',
    );
  });

  it('marks rows of pods that have run to their end', () => {
    const rows = ['Succeeded', 'Failed', 'Running'].map((phase) => podTable.conditions?.(pod({}, { phase })));
    expect(rows).toEqual([
      [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }],
      [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }],
      [],
    ]);
  });
});
