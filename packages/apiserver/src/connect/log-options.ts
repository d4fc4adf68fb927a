/** `PodLogOptions`: from the query of a request to that of a kubelet's `/containerLogs`. */
import { type FieldError, forbidden, invalid, newBadRequest, newInvalid } from '@k/apimachinery';
import type { RequestContext } from '../context.js';
import { parseBoolean } from '../rest/options.js';
import { parseInteger } from '../rest/read-options.js';

const NO_QUERY = new URLSearchParams();
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** What a reader of logs asks for. */
export interface LogOptions {
  /** '' = the only one. */
  container: string;
  /** Does not check the kubelet's certificate. */
  insecureSkipTlsVerify: boolean;
  /** For the kubelet; '' when it is empty. */
  query: string;
}

/** Reads and checks the options. @throws 400 for what is no number or time, 422 for values that do not fit. */
export function parseLogOptions({ query }: RequestContext, podName: string): LogOptions {
  const given = query ?? NO_QUERY;
  const flag = (name: string): boolean => given.has(name) && parseBoolean(given.get(name) ?? '');
  const number = (name: string): number | undefined => parseInteger(given.get(name));
  const numbers = { tailLines: number('tailLines'), limitBytes: number('limitBytes'), sinceSeconds: number('sinceSeconds') };
  const sinceTime = parseTime(given.get('sinceTime'));
  const errors = faultsOf(given, numbers);
  if (errors.length > 0) throw newInvalid({ group: '', kind: 'PodLogOptions' }, podName, errors);
  const passed = new URLSearchParams();
  for (const name of ['follow', 'previous', 'timestamps']) if (flag(name)) passed.set(name, 'true');
  for (const [name, value] of Object.entries(numbers)) if (value !== undefined) passed.set(name, String(value));
  if (sinceTime !== undefined) passed.set('sinceTime', sinceTime);
  passed.sort();
  return {
    container: given.get('container') ?? '',
    insecureSkipTlsVerify: flag('insecureSkipTLSVerifyBackend'),
    query: passed.toString(),
  };
}

function faultsOf(given: URLSearchParams, { tailLines, limitBytes, sinceSeconds }: Record<string, number | undefined>): FieldError[] {
  const errors: FieldError[] = [];
  if (tailLines !== undefined && tailLines < 0) errors.push(invalid('tailLines', tailLines, 'must be greater than or equal to 0'));
  if (limitBytes !== undefined && limitBytes < 1) errors.push(invalid('limitBytes', limitBytes, 'must be greater than 0'));
  if (sinceSeconds !== undefined && given.has('sinceTime')) {
    errors.push(forbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) {
    errors.push(invalid('sinceSeconds', sinceSeconds, 'must be greater than 0'));
  }
  // The feature gate PodLogsQuerySplitStreams is off.
  if (given.has('stream')) errors.push(forbidden('stream', 'may not be specified'));
  return errors;
}

/** A time to the second, in UTC. */
function parseTime(text: string | null): string | undefined {
  if (text === null) return undefined;
  const ms = RFC3339.test(text) ? Date.parse(text.toUpperCase()) : Number.NaN;
  if (Number.isNaN(ms)) {
    const shown = JSON.stringify(text);
    throw newBadRequest(`parsing time ${shown} as "2006-01-02T15:04:05Z07:00": cannot parse ${shown} as "2006"`);
  }
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
