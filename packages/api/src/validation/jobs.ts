import type { KubeObject } from '@k/apimachinery';
import { isTimeZone, scheduleError } from './cron-schedule.js';
import { deepEqual, type FieldErrors, IMMUTABLE } from './field-errors.js';
import { internalForm, selectorForm } from './internal-form.js';
import { validateFailurePolicy, validateSuccessPolicy } from './job-policies.js';
import { validateJobStatus } from './job-status.js';
import { type JobSpec, validateTemplateUpdate } from './job-updates.js';
import type { KindValidation } from './kind-validation.js';
import { domainPrefixedPathErrors, isDns1123Label } from './names.js';
import { validatePodTemplate, validateTemplateLabels } from './pod-template.js';
import { validateSelector } from './selectors.js';

const INDEXED_MAX = 100_000;
const HIGH_COMPLETIONS_MAX = 10_000;
const MANAGED_BY_MAX = 63;
/** Job names get eleven characters of a time behind a cron job's. */
const CRON_NAME_MAX = 52;
const UID_LABEL = 'batch.kubernetes.io/controller-uid';
const NAME_LABEL = 'batch.kubernetes.io/job-name';

function validateIndexed(spec: JobSpec, at: string, errors: FieldErrors): void {
  const { completions, parallelism, maxFailedIndexes: failed, backoffLimitPerIndex } = spec;
  if (completions === undefined) errors.required(`${at}.completions`, 'when completion mode is Indexed');
  if (parallelism !== undefined && parallelism > INDEXED_MAX) {
    const detail = `must be less than or equal to ${INDEXED_MAX} when completion mode is Indexed`;
    errors.invalid(`${at}.parallelism`, parallelism, detail);
  }
  if (completions !== undefined && failed !== undefined && failed > completions) {
    errors.invalid(`${at}.maxFailedIndexes`, failed, 'must be less than or equal to completions');
  }
  if (failed !== undefined && failed > INDEXED_MAX) {
    errors.invalid(`${at}.maxFailedIndexes`, failed, `must be less than or equal to ${INDEXED_MAX}`);
  }
  if (completions === undefined || completions <= INDEXED_MAX || backoffLimitPerIndex === undefined) return;
  if (failed === undefined) {
    errors.required(`${at}.maxFailedIndexes`, `must be specified when completions is above ${INDEXED_MAX}`);
  }
  const detail = `must be less than or equal to ${HIGH_COMPLETIONS_MAX} when completions are above ${INDEXED_MAX} and used with backoff limit per index`;
  if (parallelism !== undefined && parallelism > HIGH_COMPLETIONS_MAX) errors.invalid(`${at}.parallelism`, parallelism, detail);
  if (failed !== undefined && failed > HIGH_COMPLETIONS_MAX) errors.invalid(`${at}.maxFailedIndexes`, failed, detail);
}

function validateManagedBy(managedBy: string, at: string, errors: FieldErrors): void {
  const problems = domainPrefixedPathErrors(managedBy);
  if (problems === 'required') errors.required(at);
  else for (const { value, text } of problems) errors.invalid(at, value, text);
  if (managedBy.length > MANAGED_BY_MAX) errors.tooLong(at, MANAGED_BY_MAX);
}

/** A job's spec without its selector, which templates of cron jobs lack. */
function validateJobTemplateSpec(spec: JobSpec, at: string, errors: FieldErrors): void {
  const { completionMode: mode, podFailurePolicy, successPolicy, template = {} } = spec;
  errors.nonNegative(`${at}.parallelism`, spec.parallelism);
  errors.nonNegative(`${at}.completions`, spec.completions);
  errors.nonNegative(`${at}.activeDeadlineSeconds`, spec.activeDeadlineSeconds);
  errors.nonNegative(`${at}.backoffLimit`, spec.backoffLimit);
  errors.nonNegative(`${at}.ttlSecondsAfterFinished`, spec.ttlSecondsAfterFinished);
  errors.nonNegative(`${at}.backoffLimitPerIndex`, spec.backoffLimitPerIndex);
  errors.nonNegative(`${at}.maxFailedIndexes`, spec.maxFailedIndexes);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.required(`${at}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified');
  }
  if (spec.managedBy !== undefined) validateManagedBy(spec.managedBy, `${at}.managedBy`, errors);
  if (mode !== undefined) errors.oneOf(`${at}.completionMode`, mode, ['NonIndexed', 'Indexed']);
  if (mode === 'Indexed') validateIndexed(spec, at, errors);
  else if (mode === undefined || mode === 'NonIndexed') {
    for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
      if (spec[field] !== undefined) errors.invalid(`${at}.${field}`, spec[field], 'requires indexed completion mode');
    }
  }
  if (podFailurePolicy !== undefined) validateFailurePolicy(spec, podFailurePolicy, `${at}.podFailurePolicy`, errors);
  if (successPolicy !== undefined) {
    const path = `${at}.successPolicy`;
    if (mode !== 'Indexed') errors.invalid(path, internalForm('SuccessPolicy', successPolicy), 'requires indexed completion mode');
    else validateSuccessPolicy(spec, successPolicy, path, errors);
  }
  if (spec.podReplacementPolicy !== undefined) {
    const allowed = podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'];
    errors.oneOf(`${at}.podReplacementPolicy`, spec.podReplacementPolicy, allowed);
  }
  validatePodTemplate(template, `${at}.template`, errors);
  const { restartPolicy: policy = '' } = template.spec ?? {};
  const path = `${at}.template.spec.restartPolicy`;
  if (policy === '' || policy === 'Always') errors.required(path, 'valid values: "OnFailure", "Never"');
  else if (policy !== 'OnFailure' && policy !== 'Never') errors.notSupported(path, policy, ['OnFailure', 'Never']);
  else if (podFailurePolicy !== undefined && policy !== 'Never') {
    errors.invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified');
  }
}

function validateJobSpec(spec: JobSpec, errors: FieldErrors): void {
  validateJobTemplateSpec(spec, 'spec', errors);
  const { selector, template = {} } = spec;
  const before = errors.list.length;
  if (selector === undefined) errors.required('spec.selector');
  else validateSelector(selector, 'spec.selector', errors);
  if (selector === undefined || errors.list.length === before) validateTemplateLabels(template, selector, 'spec.template', errors);
}

/** The server made the selector and the labels that fit it; nothing else may be among them. */
function validateGenerated(object: KubeObject, spec: JobSpec, errors: FieldErrors): void {
  const { selector } = spec;
  if (spec.manualSelector === true || selector === undefined) return;
  const { uid = '', name = '' } = object.metadata ?? {};
  if (uid === '') errors.required('metadata.uid');
  const labels = spec.template?.metadata?.labels ?? {};
  const expected: [string, string][] = [
    ['controller-uid', uid],
    ['job-name', name],
    [UID_LABEL, uid],
    [NAME_LABEL, name],
  ];
  for (const [key, value] of expected) {
    const at = `spec.template.metadata.labels[${key}]`;
    if (labels[key] === undefined) errors.required(at, `must be '${value}'`);
    else if (labels[key] !== value) errors.invalid(at, labels, `must be '${value}'`);
  }
  const known = new Map(expected);
  const generated =
    (selector.matchExpressions ?? []).length === 0 &&
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => known.get(key) === value);
  if (!generated) errors.invalid('spec.selector', selectorForm(selector), '`selector` not auto-generated');
}

function specOf(object: KubeObject): JobSpec {
  return (object['spec'] as JobSpec | undefined) ?? {};
}

/** Jobs. */
export const jobValidation: KindValidation = {
  create: (object, errors) => {
    const spec = specOf(object);
    const name = object.metadata?.name ?? '';
    validateGenerated(object, spec, errors);
    validateJobSpec(spec, errors);
    if (spec.completionMode !== 'Indexed' || (spec.completions ?? 0) <= 0) return;
    const hostname = `${name}-${(spec.completions as number) - 1}`;
    if (isDns1123Label(hostname).length > 0) {
      errors.invalid('metadata.name', name, `will not able to create pod with invalid DNS label: ${hostname}`);
    }
  },
  update: (object, old, errors) => {
    const spec = specOf(object);
    const before = specOf(old);
    validateJobSpec(spec, errors);
    if (spec.completionMode !== 'Indexed') errors.immutable('spec.completions', spec.completions, before.completions);
    else if (spec.completions !== undefined && spec.completions !== before.completions && spec.completions !== spec.parallelism) {
      errors.invalid('spec.completions', spec.completions, 'can only be modified in tandem with spec.parallelism');
    }
    if (!deepEqual(spec.selector, before.selector)) errors.invalid('spec.selector', selectorForm(spec.selector), IMMUTABLE);
    validateTemplateUpdate(object, old, errors);
    errors.immutable('spec.completionMode', spec.completionMode, before.completionMode);
    const policy = (field: 'podFailurePolicy' | 'successPolicy', type: string): void => {
      if (deepEqual(spec[field], before[field])) return;
      errors.invalid(`spec.${field}`, spec[field] === undefined ? null : internalForm(type, spec[field]), IMMUTABLE);
    };
    policy('podFailurePolicy', 'PodFailurePolicy');
    errors.immutable('spec.backoffLimitPerIndex', spec.backoffLimitPerIndex, before.backoffLimitPerIndex);
    errors.immutable('spec.managedBy', spec.managedBy, before.managedBy);
    policy('successPolicy', 'SuccessPolicy');
  },
  subresources: { status: validateJobStatus },
};

interface CronJobSpec {
  schedule?: string;
  timeZone?: string;
  startingDeadlineSeconds?: number;
  concurrencyPolicy?: string;
  jobTemplate?: { spec?: JobSpec };
  successfulJobsHistoryLimit?: number;
  failedJobsHistoryLimit?: number;
}

function validateTimeZone(zone: string | undefined, errors: FieldErrors): void {
  if (zone === undefined) return;
  const refuse = (detail: string): void => errors.invalid('spec.timeZone', zone, detail);
  if (zone === '') {
    refuse('timeZone must be nil or non-empty string');
    return;
  }
  const wellFormed = zone.split('/').every((part) => part !== '.' && part !== '..' && /^[A-Za-z._0-9+][A-Za-z.\-_0-9+]{0,13}$/.test(part));
  if (!wellFormed) {
    refuse(`unknown time zone ${zone}`);
    return;
  }
  if (zone.toLowerCase() === 'local') refuse('timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones');
  if (zone !== 'Local' && !isTimeZone(zone)) refuse(`unknown time zone ${zone}`);
}

function validateCronJob(object: KubeObject, old: KubeObject | null, errors: FieldErrors): void {
  const spec = (object['spec'] as CronJobSpec | undefined) ?? {};
  const before = old === null ? null : ((old['spec'] as CronJobSpec | undefined) ?? {});
  const { schedule = '', timeZone, concurrencyPolicy: policy = '', jobTemplate } = spec;
  if (schedule === '') errors.required('spec.schedule');
  else {
    const problem = scheduleError(schedule);
    if (problem !== null) errors.invalid('spec.schedule', schedule, problem);
    if (schedule.includes('TZ')) {
      if (!(before?.schedule ?? '').includes('TZ')) {
        errors.invalid('spec.schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
      } else if (timeZone !== undefined) {
        errors.invalid('spec.schedule', schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule');
      }
    }
  }
  errors.nonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds);
  if (before === null || before.timeZone !== timeZone) validateTimeZone(timeZone, errors);
  if (policy === '') errors.required('spec.concurrencyPolicy');
  else errors.oneOf('spec.concurrencyPolicy', policy, ['Allow', 'Forbid', 'Replace']);
  const template = jobTemplate?.spec ?? {};
  validateJobTemplateSpec(template, 'spec.jobTemplate.spec', errors);
  if (template.selector !== undefined) {
    errors.invalid('spec.jobTemplate.spec.selector', selectorForm(template.selector), '`selector` will be auto-generated');
  }
  if (template.manualSelector === true) {
    errors.notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false']);
  }
  errors.nonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit);
  errors.nonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit);
}

/** Cron jobs. */
export const cronJobValidation: KindValidation = {
  create: (object, errors) => {
    validateCronJob(object, null, errors);
    const name = object.metadata?.name ?? '';
    if (name.length > CRON_NAME_MAX) errors.invalid('metadata.name', name, `must be no more than ${CRON_NAME_MAX} characters`);
  },
  update: (object, old, errors) => validateCronJob(object, old, errors),
};
