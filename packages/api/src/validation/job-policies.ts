import type { FieldErrors } from './field-errors.js';
import type { JobSpec } from './job-updates.js';
import { isQualifiedName } from './names.js';

const RULES_MAX = 20;
const PATTERNS_MAX = 20;
const EXIT_CODES_MAX = 255;
const INDEXES_BYTES_MAX = 64 * 1024;
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const STATUSES = ['False', 'True', 'Unknown'];

interface FailureRule {
  action?: string;
  onExitCodes?: { containerName?: string; operator?: string; values?: number[] };
  onPodConditions?: { type?: string; status?: string }[];
}

/** What to do about failed pods. */
export interface PodFailurePolicy {
  rules?: FailureRule[];
}

/** When a job counts as done before all its pods succeed. */
export interface SuccessPolicy {
  rules?: { succeededIndexes?: string; succeededCount?: number }[];
}

function quoted(values: readonly string[]): string {
  return `valid values: [${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}

function validateExitCodes(
  codes: NonNullable<FailureRule['onExitCodes']>,
  names: ReadonlySet<string>,
  at: string,
  errors: FieldErrors,
): void {
  const { operator = '', containerName, values = [] } = codes;
  if (operator === '') errors.required(`${at}.operator`, quoted(['In', 'NotIn']));
  else errors.oneOf(`${at}.operator`, operator, ['In', 'NotIn']);
  if (containerName !== undefined && !names.has(containerName)) {
    const detail = 'must be one of the container or initContainer names in the pod template';
    errors.invalid(`${at}.containerName`, containerName, detail);
  }
  if (values.length === 0) errors.invalid(`${at}.values`, codes.values ?? null, 'at least one value is required');
  else if (values.length > EXIT_CODES_MAX) errors.tooMany(`${at}.values`, values.length, EXIT_CODES_MAX);
  const seen = new Set<number>();
  let ordered = true;
  values.forEach((value, i) => {
    if (operator === 'In' && value === 0) errors.invalid(`${at}.values[${i}]`, value, 'must not be 0 for the In operator');
    if (seen.has(value)) errors.duplicate(`${at}.values[${i}]`, value);
    seen.add(value);
    if (i > 0 && (values[i - 1] as number) > value) ordered = false;
  });
  if (!ordered) errors.invalid(`${at}.values`, values, 'must be ordered');
}

/** The rules about failed pods. */
export function validateFailurePolicy(spec: JobSpec, policy: PodFailurePolicy, at: string, errors: FieldErrors): void {
  const rules = policy.rules ?? [];
  if (rules.length > RULES_MAX) errors.tooMany(`${at}.rules`, rules.length, RULES_MAX);
  const pod = spec.template?.spec ?? {};
  const names = new Set([...(pod.containers ?? []), ...(pod.initContainers ?? [])].map(({ name = '' }) => name));
  rules.forEach(({ action = '', onExitCodes, onPodConditions = [] }, i) => {
    const path = `${at}.rules[${i}]`;
    if (action === '') errors.required(`${path}.action`, quoted(ACTIONS));
    else if (action === 'FailIndex') {
      if (spec.backoffLimitPerIndex === undefined) {
        errors.invalid(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set');
      }
    } else errors.oneOf(`${path}.action`, action, ACTIONS);
    if (onExitCodes !== undefined) validateExitCodes(onExitCodes, names, `${path}.onExitCodes`, errors);
    if (onPodConditions.length > PATTERNS_MAX) errors.tooMany(`${path}.onPodConditions`, onPodConditions.length, PATTERNS_MAX);
    onPodConditions.forEach(({ type = '', status = '' }, j) => {
      const where = `${path}.onPodConditions[${j}]`;
      errors.invalidEach(`${where}.type`, type, isQualifiedName(type));
      if (status === '') errors.required(`${where}.status`, quoted(STATUSES));
      else errors.oneOf(`${where}.status`, status, STATUSES);
    });
    const both = onExitCodes !== undefined && onPodConditions.length > 0;
    if (both) errors.invalidWhole(path, 'specifying both OnExitCodes and OnPodConditions is not supported');
    if (onExitCodes === undefined && onPodConditions.length === 0) {
      errors.invalidWhole(path, 'specifying one of OnExitCodes and OnPodConditions is required');
    }
  });
}

function parseIndex(text: string, completions: number): number {
  if (!/^[+-]?\d+$/.test(text)) throw new RangeError(`cannot convert string to integer for index: ${JSON.stringify(text)}`);
  const index = Number(text);
  if (index >= completions) throw new RangeError(`too large index: ${JSON.stringify(text)}`);
  return index;
}

/** Counts the indexes in `0,2-4`. Throws RangeError with upstream's reason when the text is malformed. */
export function countIndexes(text: string, completions: number): number {
  if (text === '') return 0;
  let last: number | undefined;
  let total = 0;
  for (const interval of text.split(',')) {
    const limits = interval.split('-');
    if (limits.length > 2) {
      const what = JSON.stringify(interval);
      throw new RangeError(
        `the fragment ${what} violates the requirement that an index interval can have at most two parts separated by '-'`,
      );
    }
    const from = parseIndex(limits[0] as string, completions);
    const to = limits.length === 2 ? parseIndex(limits[1] as string, completions) : from;
    if (limits.length === 2 && from >= to) throw new RangeError(`non-increasing order, previous: ${from}, current: ${to}`);
    if (last !== undefined && last >= from) throw new RangeError(`non-increasing order, previous: ${last}, current: ${from}`);
    total += to - from + 1;
    last = to;
  }
  return total;
}

/** The rules about early success. */
export function validateSuccessPolicy(spec: JobSpec, policy: SuccessPolicy, at: string, errors: FieldErrors): void {
  const rules = policy.rules ?? [];
  const completions = spec.completions ?? 0;
  if (rules.length === 0) errors.required(`${at}.rules`, 'at least one rules must be specified when the successPolicy is specified');
  if (rules.length > RULES_MAX) errors.tooMany(`${at}.rules`, rules.length, RULES_MAX);
  rules.forEach(({ succeededIndexes: indexes, succeededCount: count }, i) => {
    const path = `${at}.rules[${i}]`;
    if (indexes === undefined && count === undefined) {
      errors.required(path, 'at least one of succeededCount or succeededIndexes must be specified');
    }
    let total = 0;
    if (indexes !== undefined) {
      if (Buffer.byteLength(indexes) > INDEXES_BYTES_MAX) errors.tooLong(`${path}.succeededIndexes`, INDEXES_BYTES_MAX);
      try {
        total = countIndexes(indexes, completions);
      } catch (error) {
        errors.invalid(`${path}.succeededIndexes`, indexes, `error parsing succeededIndexes: ${(error as RangeError).message}`);
      }
    }
    if (count === undefined) return;
    errors.nonNegative(`${path}.succeededCount`, count);
    if (count > completions) {
      const detail = `must be less than or equal to ${completions} (the number of specified completions)`;
      errors.invalid(`${path}.succeededCount`, count, detail);
    }
    if (indexes !== undefined && count > total) {
      const detail = `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`;
      errors.invalid(`${path}.succeededCount`, count, detail);
    }
  });
}
