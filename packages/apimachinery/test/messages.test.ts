import { describe, expect, it } from 'vitest';
import {
  aggregateFieldErrors,
  duplicate,
  fieldErrorCause,
  forbidden,
  formatDuration,
  formatFieldError,
  goQuote,
  invalid,
  newAlreadyExists,
  newConflict,
  newForbidden,
  newInvalid,
  newNotFound,
  newTimeout,
  notFound,
  notSupported,
  parseDuration,
  required,
  StatusError,
  tooLong,
  tooMany,
} from '../src/index.js';

describe('field errors', () => {
  it.each([
    [required('spec.x'), 'spec.x: Required value'],
    [required('spec.x', 'say why'), 'spec.x: Required value: say why'],
    [invalid('a', 'b"c', 'must fit'), 'a: Invalid value: "b\\"c": must fit'],
    [invalid('a', null, 'must fit'), 'a: Invalid value: null: must fit'],
    [invalid('a', 5, 'must fit'), 'a: Invalid value: 5: must fit'],
    [invalid('a', 9007199254740993n, 'must fit'), 'a: Invalid value: 9007199254740993: must fit'],
    [invalid('a', { b: '<c>' }, 'must fit'), 'a: Invalid value: {"b":"\\u003cc\\u003e"}: must fit'],
    [duplicate('a[1]', 'b'), 'a[1]: Duplicate value: "b"'],
    [notFound('a', 'b'), 'a: Not found: "b"'],
    [notSupported('a', 'c', ['B', 'A']), 'a: Unsupported value: "c": supported values: "A", "B"'],
    [notSupported('a', 'c', []), 'a: Unsupported value: "c"'],
    [forbidden('a', 'not here'), 'a: Forbidden: not here'],
    [tooLong('a', 63), 'a: Too long: may not be more than 63 bytes'],
    [tooMany('a', 2, 1), 'a: Too many: 2: must have at most 1 item'],
    [tooMany('a', 3, 2), 'a: Too many: 3: must have at most 2 items'],
  ])('%#: %s', (error, text) => {
    expect(formatFieldError(error)).toBe(text);
  });

  it('are told once each, and as causes every time', () => {
    const errors = [required('a'), required('a'), forbidden('b', 'no')];
    expect(aggregateFieldErrors(errors)).toBe('[a: Required value, b: Forbidden: no]');
    expect(aggregateFieldErrors(errors.slice(0, 2))).toBe('a: Required value');
    const { status } = newInvalid({ group: 'apps', kind: 'Deployment' }, 'd', errors);
    expect([status.code, status.message]).toEqual([422, 'Deployment.apps "d" is invalid: [a: Required value, b: Forbidden: no]']);
    expect(status.details).toEqual({ name: 'd', group: 'apps', kind: 'Deployment', causes: errors.map(fieldErrorCause) });
  });
});

describe('statuses', () => {
  const pods = { group: '', resource: 'pods' };
  const deployments = { group: 'apps', resource: 'deployments' };

  it.each([
    [newNotFound(pods, 'p'), 404, 'NotFound', 'pods "p" not found'],
    [newNotFound(deployments, 'd'), 404, 'NotFound', 'deployments.apps "d" not found'],
    [newAlreadyExists(deployments, 'd'), 409, 'AlreadyExists', 'deployments.apps "d" already exists'],
    [newConflict(pods, 'p', 'too late'), 409, 'Conflict', 'Operation cannot be fulfilled on pods "p": too late'],
    [newForbidden(pods, 'p', 'not you'), 403, 'Forbidden', 'pods "p" is forbidden: not you'],
    [newForbidden(pods, '', 'not you'), 403, 'Forbidden', 'pods is forbidden: not you'],
    [newTimeout('too slow', 1), 504, 'Timeout', 'Timeout: too slow'],
  ])('%#: %s', (error, code, reason, message) => {
    expect(StatusError.is(error)).toBe(true);
    expect(error.status).toMatchObject({ kind: 'Status', status: 'Failure', code, reason, message });
  });
});

describe('text as Go prints it', () => {
  it.each([
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\n\t\u0000\u007f', '"\\n\\t\\x00\\x7f"'],
    ['ключ 🔑', '"ключ 🔑"'],
    ['\u00a0\u2028\ue000', '"\\u00a0\\u2028\\ue000"'],
  ])('%j', (text, quoted) => {
    expect(goQuote(text)).toBe(quoted);
  });

  it.each([
    ['0', 0],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['-2m', -120_000],
    ['250us', 0.25],
    ['5', null],
    ['', null],
    ['1h 30m', null],
    ['1d', null],
  ])('the duration %j', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    [0, '0s'],
    [250, '250ms'],
    [1500, '1.5s'],
    [90_000, '1m30s'],
    [3_600_000, '1h0m0s'],
    [-120_000, '-2m0s'],
  ])('%i ms', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
