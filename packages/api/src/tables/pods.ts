import type { KubeObject } from '@k/apimachinery';
import type { TableDefinition, TableRowCondition } from '../definition.js';
import { age } from './age.js';
import { AGE, ageOf, column, NAME, wide } from './columns.js';
import { at, conditionStatus, type Fields, integer, isDeleting, list, nameOf, text, textOr } from './fields.js';

/** What the containers of a pod add up to. */
interface PodSummary {
  reason: string;
  ready: number;
  total: number;
  restarts: number;
  /** Milliseconds since the epoch; 0 = no container was restarted. */
  restartedAt: number;
}

/** Restarts of some containers, and when the last of them was. */
class RestartCount {
  count = 0;
  lastAt = 0;

  add(status: Fields): void {
    this.count += integer(status, 'restartCount');
    const finishedAt = text(status, 'lastState.terminated.finishedAt');
    if (finishedAt !== '') this.lastAt = Math.max(this.lastAt, Date.parse(finishedAt));
  }
}

/** Why a terminated container ended. */
function terminationText(terminated: unknown): string {
  const reason = text(terminated, 'reason');
  if (reason !== '') return reason;
  const signal = integer(terminated, 'signal');
  return signal === 0 ? `ExitCode:${integer(terminated, 'exitCode')}` : `Signal:${signal}`;
}

/** What keeps a pod from being initialised; null when this container does not. */
function initReason(status: Fields, index: number, count: number, isSidecar: boolean): string | null {
  const terminated = at(status, 'state.terminated');
  if (terminated !== undefined && integer(terminated, 'exitCode') === 0) return null;
  if (isSidecar && status['started'] === true) return null;
  if (terminated !== undefined) return `Init:${terminationText(terminated)}`;
  const waiting = text(status, 'state.waiting.reason');
  return waiting !== '' && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${count}`;
}

function summarize(pod: KubeObject): PodSummary {
  const containers = list(pod, 'spec.containers');
  const initContainers = list(pod, 'spec.initContainers');
  const sidecars = new Set(initContainers.filter((entry) => entry['restartPolicy'] === 'Always').map((entry) => text(entry, 'name')));
  const summary: PodSummary = { reason: '', ready: 0, total: containers.length + sidecars.size, restarts: 0, restartedAt: 0 };
  summary.reason = text(pod, 'status.reason') || text(pod, 'status.phase');
  const scheduled = list(pod, 'status.conditions').find((entry) => entry['type'] === 'PodScheduled');
  if (scheduled?.['reason'] === 'SchedulingGated') summary.reason = 'SchedulingGated';

  const all = new RestartCount();
  const restarts = new RestartCount();
  let initializing = false;
  for (const [index, status] of list(pod, 'status.initContainerStatuses').entries()) {
    const isSidecar = sidecars.has(text(status, 'name'));
    all.add(status);
    if (isSidecar) restarts.add(status);
    const reason = initReason(status, index, initContainers.length, isSidecar);
    if (reason !== null) {
      summary.reason = reason;
      initializing = true;
      break;
    }
    if (isSidecar && status['ready'] === true && at(status, 'state.terminated') === undefined) summary.ready++;
  }
  if (initializing && conditionStatus(pod, 'Initialized') !== 'True') {
    return { ...summary, restarts: all.count, restartedAt: all.lastAt };
  }
  // The last container's word counts first, the first one's stays.
  let hasRunning = false;
  for (const status of [...list(pod, 'status.containerStatuses')].reverse()) {
    restarts.add(status);
    const waiting = text(status, 'state.waiting.reason');
    const terminated = at(status, 'state.terminated');
    if (waiting !== '') summary.reason = waiting;
    else if (terminated !== undefined) summary.reason = terminationText(terminated);
    else if (status['ready'] === true && at(status, 'state.running') !== undefined) {
      hasRunning = true;
      summary.ready++;
    }
  }
  if (summary.reason === 'Completed' && hasRunning) {
    summary.reason = conditionStatus(pod, 'Ready') === 'True' ? 'Running' : 'NotReady';
  }
  return { ...summary, restarts: restarts.count, restartedAt: restarts.lastAt };
}

function statusText(pod: KubeObject, reason: string): string {
  if (!isDeleting(pod)) return reason;
  if (text(pod, 'status.reason') === 'NodeLost') return 'Unknown';
  const phase = text(pod, 'status.phase');
  return phase === 'Succeeded' || phase === 'Failed' ? reason : 'Terminating';
}

function readinessGates(pod: KubeObject): string {
  const gates = list(pod, 'spec.readinessGates');
  if (gates.length === 0) return '<none>';
  return `${gates.filter((gate) => conditionStatus(pod, text(gate, 'conditionType')) === 'True').length}/${gates.length}`;
}

const COMPLETED: Readonly<Record<string, readonly TableRowCondition[]>> = {
  Succeeded: [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }],
  Failed: [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }],
};

/** Pods. */
export const podTable: TableDefinition = {
  columns: [
    NAME,
    column('Ready'),
    column('Status'),
    column('Restarts'),
    AGE,
    wide('IP'),
    wide('Node'),
    wide('Nominated Node'),
    wide('Readiness Gates'),
  ],
  cells: (pod, now) => {
    const { reason, ready, total, restarts, restartedAt } = summarize(pod);
    const ago = restarts !== 0 && restartedAt !== 0 ? ` (${age(new Date(restartedAt).toISOString(), now)} ago)` : '';
    return [
      nameOf(pod),
      `${ready}/${total}`,
      statusText(pod, reason),
      `${restarts}${ago}`,
      ageOf(pod, now),
      textOr(list(pod, 'status.podIPs')[0], 'ip', textOr(pod, 'status.podIP', '<none>')),
      textOr(pod, 'spec.nodeName', '<none>'),
      textOr(pod, 'status.nominatedNodeName', '<none>'),
      readinessGates(pod),
    ];
  },
  conditions: (pod) => COMPLETED[text(pod, 'status.phase')] ?? [],
};
