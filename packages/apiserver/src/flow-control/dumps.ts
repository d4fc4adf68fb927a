/** Tables of what flow control does at the moment, for people: kube-apiserver's columns. */
import type { RequestContext } from '../context.js';
import { durationText } from '../latency-tracker.js';
import type { FlowController } from './flow-controller.js';
import type { FlowRequest } from './flow-request.js';
import type { PriorityLevel } from './priority-level.js';

const LEVEL_COLUMNS = [
  ...['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests'],
  ...['DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests'],
];
const QUEUE_COLUMNS = [
  ...['PriorityLevelName', 'Index', 'PendingRequests', 'ExecutingRequests', 'SeatsInUse', 'NextDispatchR'],
  ...['InitialSeatsSum', 'MaxSeatsSum', 'TotalWorkSum'],
];
const REQUEST_COLUMNS = [
  ...['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistingsher', 'ArriveTime'],
  ...['InitialSeats', 'FinalSeats', 'AdditionalLatency', 'StartTime'],
];
const DETAIL_COLUMNS = ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource'];

type Cell = string | number | boolean;

/** The table of a name, e.g. `dump_queues`; null when there is none. */
export function dump(controller: FlowController, name: string, { withDetails }: { withDetails: boolean }): string | null {
  const levels = controller.levels();
  if (name === 'dump_priority_levels') return tableText([LEVEL_COLUMNS, ...levels.map(levelRow)]);
  if (name === 'dump_queues') return tableText([QUEUE_COLUMNS, ...levels.flatMap(queueRows)]);
  if (name !== 'dump_requests') return null;
  const columns = withDetails ? [...REQUEST_COLUMNS, ...DETAIL_COLUMNS] : REQUEST_COLUMNS;
  return tableText([columns, ...levels.flatMap((level) => requestRows(level, withDetails))]);
}

function levelRow({ name, isQuiescing, queueSet }: PriorityLevel): Cell[] {
  const { queues, isIdle, waiting, executing, totals } = queueSet;
  const active = queues.filter((queue) => queue.waiting.length > 0).length;
  const { dispatched, rejected, timedOut, cancelled } = totals;
  return [name, active, isIdle, isQuiescing, waiting, executing.length, dispatched, rejected, timedOut, cancelled];
}

function queueRows({ name, queueSet }: PriorityLevel): Cell[][] {
  return queueSet.queues.map(({ index, waiting, executing, seatsInUse, nextDispatchR, waitingWork }) => {
    const sum = (pick: 'initialSeats' | 'seats'): number => waiting.reduce((total, request) => total + request[pick], 0);
    const seats = [sum('initialSeats'), sum('seats')];
    return [name, index, waiting.length, executing, seatsInUse, workText(nextDispatchR), ...seats, workText(waitingWork)];
  });
}

function requestRows({ name, queueSet }: PriorityLevel, withDetails: boolean): Cell[][] {
  const row = (request: FlowRequest, queueIndex: number, index: number): Cell[] => {
    const { flow, arrivalMs, initialSeats, finalSeats, lingerMs, startMs, state } = request;
    const latency = lingerMs === 0 ? '0s' : durationText(lingerMs);
    const start = state === 'waiting' ? '0001-01-01T00:00:00Z' : timeText(startMs);
    const seats = [initialSeats, finalSeats];
    const cells = [name, flow.schema, queueIndex, index, flow.distinguisher, timeText(arrivalMs), ...seats, latency, start];
    return withDetails ? [...cells, ...detailsOf(request.subject as RequestContext)] : cells;
  };
  const executing = [...queueSet.executing].sort((a, b) => a.startMs - b.startMs);
  return [
    ...queueSet.queues.flatMap((queue) => [
      ...queue.waiting.map((request, index) => row(request, queue.index, index)),
      ...executing.filter((request) => request.queue === queue).map((request) => row(request, queue.index, -1)),
    ]),
    ...executing.filter(({ queue }) => queue === null).map((request) => row(request, -1, -1)),
  ];
}

function detailsOf({ user, info }: RequestContext): Cell[] {
  const version = info.apiGroup === '' ? info.apiVersion : `${info.apiGroup}/${info.apiVersion}`;
  return [user.username, info.verb, info.path, info.namespace, info.name, version, info.resource, info.subresource];
}

/** Hundred-millionths of a seat-second. */
const workText = (work: number): string => `${(work / 1e8).toFixed(8)}ss`;

/** A time of the process's clock, to the microsecond. */
function timeText(ms: number): string {
  const micros = Math.round((performance.timeOrigin + ms) * 1000);
  const fraction = String(micros % 1_000_000)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${new Date(Math.floor(micros / 1e6) * 1000).toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
}

/** Columns below each other, at least eight characters wide, with commas. */
function tableText(rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map((cell, i) => (i < row.length - 1 ? `${cell},` : String(cell))));
  const widths = (texts[0] as string[]).map((_, i) => Math.max(8, ...texts.map((row) => (row[i] as string).length + 1)));
  return texts.map((row) => `${row.map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i] as number) : cell)).join('')}\n`).join('');
}
