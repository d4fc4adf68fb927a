import type { KubeObject } from '@k/apimachinery';
import type { FieldErrors } from './field-errors.js';
import { countIndexes } from './job-policies.js';
import type { JobSpec } from './job-updates.js';

interface JobStatus {
  active?: number;
  succeeded?: number;
  failed?: number;
  ready?: number;
  terminating?: number;
  startTime?: string;
  completionTime?: string;
  completedIndexes?: string;
  failedIndexes?: string;
  conditions?: { type?: string; status?: string }[];
  uncountedTerminatedPods?: { succeeded?: string[]; failed?: string[] };
}

function statusOf(object: KubeObject): JobStatus {
  return (object['status'] as JobStatus | undefined) ?? {};
}

function holds(status: JobStatus, type: string): boolean {
  return (status.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');
}

function validateUncounted(status: JobStatus, errors: FieldErrors): void {
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed'] as const) {
    status.uncountedTerminatedPods?.[list]?.forEach((uid, i) => {
      const at = `status.uncountedTerminatedPods.${list}[${i}]`;
      if (uid === '') errors.invalid(at, uid, 'must not be empty');
      else if (seen.has(uid)) errors.duplicate(at, uid);
      seen.add(uid);
    });
  }
}

function validateIndexes(status: JobStatus, spec: JobSpec, errors: FieldErrors): void {
  if (spec.completions === undefined) return;
  for (const field of ['completedIndexes', 'failedIndexes'] as const) {
    const text = status[field];
    if (text === undefined || (field === 'failedIndexes' && spec.backoffLimitPerIndex === undefined)) continue;
    try {
      countIndexes(text, spec.completions);
    } catch (error) {
      errors.invalid(`status.${field}`, text, `error parsing ${field}: ${(error as RangeError).message}`);
    }
  }
}

/** A finished job stands still: no pods, start and end known. */
function validateFinished(status: JobStatus, errors: FieldErrors): void {
  const complete = holds(status, 'Complete');
  const failed = holds(status, 'Failed');
  const conditions = 'status.conditions';
  const { active = 0, terminating = 0, uncountedTerminatedPods: uncounted } = status;
  if (complete && failed) errors.invalidWhole(conditions, 'cannot set Complete=True and Failed=true conditions');
  if (complete && holds(status, 'FailureTarget')) {
    errors.invalidWhole(conditions, 'cannot set Complete=True and FailureTarget=true conditions');
  }
  if (status.completionTime !== undefined && !complete) {
    const detail = 'cannot set completionTime when there is no Complete=True condition';
    errors.invalid('status.completionTime', status.completionTime, detail);
  }
  if (complete && status.completionTime === undefined) {
    errors.required('status.completionTime', 'completionTime is required for Complete jobs');
  }
  const { startTime, completionTime } = status;
  if (startTime !== undefined && completionTime !== undefined && Date.parse(completionTime) < Date.parse(startTime)) {
    errors.invalid('status.completionTime', completionTime, 'must be equal to or after `startTime`');
  }
  if (failed && !holds(status, 'FailureTarget')) {
    errors.invalidWhole(conditions, 'cannot set Failed=True condition without the FailureTarget=true condition');
  }
  if (complete && !holds(status, 'SuccessCriteriaMet')) {
    errors.invalidWhole(conditions, 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  }
  if (!complete && !failed) return;
  if (active > 0) errors.invalid('status.active', active, 'active>0 is invalid for finished job');
  if (startTime === undefined) errors.required('status.startTime', 'startTime is required for finished job');
  if ((uncounted?.succeeded ?? []).length + (uncounted?.failed ?? []).length > 0) {
    errors.invalid('status.uncountedTerminatedPods', uncounted, 'must be empty for finished job');
  }
  if (terminating > 0) errors.invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job');
}

/** A change of a job's status, as the job controller writes it. */
export function validateJobStatus(object: KubeObject, old: KubeObject, errors: FieldErrors): void {
  const status = statusOf(object);
  const before = statusOf(old);
  const spec = (object['spec'] as JobSpec | undefined) ?? {};
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) {
    errors.nonNegative(`status.${field}`, status[field]);
  }
  validateUncounted(status, errors);
  validateFinished(status, errors);
  validateIndexes(status, spec, errors);
  const { completedIndexes = '', ready = 0, active = 0 } = status;
  if (completedIndexes !== '' && spec.completionMode !== 'Indexed') {
    const detail = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    errors.invalid('status.completedIndexes', completedIndexes, detail);
  }
  if (spec.backoffLimitPerIndex === undefined && status.failedIndexes !== undefined) {
    const detail = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    errors.invalid('status.failedIndexes', status.failedIndexes, detail);
  }
  if (ready > active) errors.invalid('status.ready', ready, 'cannot set more ready pods than active');
  const conditions = 'status.conditions';
  const met = holds(status, 'SuccessCriteriaMet');
  if (met && holds(status, 'Failed')) errors.invalidWhole(conditions, 'cannot set SuccessCriteriaMet=True and Failed=true conditions');
  if (met && holds(status, 'FailureTarget')) {
    errors.invalidWhole(conditions, 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  }
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (holds(before, type) && !holds(status, type)) errors.invalidWhole(conditions, `cannot disable the terminal ${type}=True condition`);
  }
  for (const field of ['failed', 'succeeded'] as const) {
    const count = status[field] ?? 0;
    if (count < (before[field] ?? 0)) errors.invalid(`status.${field}`, count, `cannot decrease the ${field} counter`);
  }
  if (before.startTime !== undefined && before.startTime !== status.startTime && spec.suspend !== true) {
    errors.required('status.startTime', 'startTime cannot be removed for unsuspended job');
  }
  if (holds(before, 'SuccessCriteriaMet') && !met) {
    errors.invalidWhole(conditions, 'cannot disable the SuccessCriteriaMet=True condition');
  }
}
