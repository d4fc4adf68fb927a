import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuditEvent, createMicroTime, formatEvent, microTime } from '../src/index.js';
import { event } from './support/events.js';

/** What JSON.stringify makes of an event, with everything that is empty left out: slow, and plainly right. */
function reference(given: AuditEvent): unknown {
  const { requestReceivedMicros, stageMicros, requestObject, responseObject, annotations, ...rest } = given;
  const body = (text: string | undefined): object => (text === undefined ? {} : JSON.parse(text));
  const full = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    ...rest,
    ...(requestObject === undefined ? {} : { requestObject: body(requestObject) }),
    ...(responseObject === undefined ? {} : { responseObject: body(responseObject) }),
    requestReceivedTimestamp: new Date(requestReceivedMicros / 1000).toISOString().replace('Z', '000Z'),
    stageTimestamp: new Date(stageMicros / 1000).toISOString().replace('Z', '000Z'),
    annotations,
  };
  const isEmpty = (value: unknown): boolean =>
    value === '' ||
    (Array.isArray(value) && value.length === 0) ||
    (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
  const clean = (value: unknown): unknown =>
    typeof value !== 'object' || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined && !isEmpty(item)));
  const out = JSON.parse(JSON.stringify(full)) as Record<string, unknown>;
  for (const part of ['user', 'impersonatedUser', 'objectRef']) if (out[part] !== undefined) out[part] = clean(out[part]);
  for (const part of ['sourceIPs', 'userAgent', 'annotations']) if (isEmpty(out[part])) delete out[part];
  return out;
}

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '"', '\\', '<b>&', '\u2028\u2029', '\n\t\u0000\u007f', 'ä€😀', '\ud800', '\udc00x', 'a'.repeat(300)),
);
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const user = fc.record(
  { username: text, uid: text, groups: fc.array(text), extra: fc.dictionary(text, fc.array(text)) },
  { requiredKeys: [] },
);
const keys = ['resource', 'namespace', 'name', 'uid', 'apiGroup', 'apiVersion', 'resourceVersion', 'subresource'] as const;
const events: fc.Arbitrary<AuditEvent> = fc.record({
  level: fc.constantFrom('Metadata', 'Request', 'RequestResponse'),
  auditID: text,
  stage: fc.constantFrom('RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'),
  requestURI: text,
  verb: text,
  user,
  impersonatedUser: optional(user),
  authenticationMetadata: optional(fc.record({ impersonationConstraint: text })),
  sourceIPs: optional(fc.array(text)),
  userAgent: optional(text),
  objectRef: optional(fc.record(Object.fromEntries(keys.map((key) => [key, text])), { requiredKeys: [] })),
  responseStatus: optional(
    fc.record({
      metadata: fc.constant({}),
      status: fc.constantFrom('Success', 'Failure'),
      message: text.filter((value) => value !== ''),
      reason: fc.constant('NotFound'),
      details: fc.dictionary(text, fc.jsonValue()),
      code: fc.integer({ min: 100, max: 599 }),
    }),
  ),
  requestObject: optional(fc.dictionary(text, fc.jsonValue()).map((value) => JSON.stringify(value))),
  responseObject: optional(fc.dictionary(text, fc.jsonValue()).map((value) => JSON.stringify(value))),
  requestReceivedMicros: fc.integer({ min: 0, max: 4_000_000_000_000 }).map((ms) => ms * 1000),
  stageMicros: fc.integer({ min: 0, max: 4_000_000_000_000 }).map((ms) => ms * 1000),
  annotations: optional(fc.dictionary(text, text)),
});

it('an event of any texts is one line of JSON that says what the event says, escaped as Go does', () => {
  const time = createMicroTime();
  fc.assert(
    fc.property(events, (given) => {
      const line = formatEvent(given, true, time);
      expect(line).not.toMatch(/[<>&\u2028\u2029\n]/);
      expect(JSON.parse(line)).toEqual(reference(given));
      expect(line).toBe(formatEvent(given));
      // Half a surrogate pair would be replaced on the way to the file.
      expect(Buffer.from(line).toString()).toBe(line);
    }),
    { numRuns: process.env['SLOW'] === '1' ? 20_000 : 150 },
  );
});

describe('an event', () => {
  it('has its keys in upstream order', () => {
    const line = formatEvent(
      event(1, {
        annotations: { b: '2', a: '1' },
        responseObject: '{}',
        requestObject: '{}',
        responseStatus: { metadata: {}, code: 200, message: 'm', status: 'Success', reason: 'r', details: {} },
        objectRef: {
          subresource: 's',
          resourceVersion: '1',
          apiVersion: 'v1',
          apiGroup: 'g',
          uid: 'u',
          name: 'n',
          namespace: 'ns',
          resource: 'r',
        },
        userAgent: 'agent',
        sourceIPs: ['1.1.1.1'],
        authenticationMetadata: { impersonationConstraint: 'impersonate:user-info' },
        impersonatedUser: { extra: { z: ['1'], y: [] }, groups: ['g'], uid: 'u', username: 'n' },
      }),
    );
    expect(line).toBe(
      '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"id-1","stage":"ResponseComplete","requestURI":"/","verb":"get","user":{},"impersonatedUser":{"username":"n","uid":"u","groups":["g"],"extra":{"y":[],"z":["1"]}},"authenticationMetadata":{"impersonationConstraint":"impersonate:user-info"},"sourceIPs":["1.1.1.1"],"userAgent":"agent","objectRef":{"resource":"r","namespace":"ns","name":"n","uid":"u","apiGroup":"g","apiVersion":"v1","resourceVersion":"1","subresource":"s"},"responseStatus":{"metadata":{},"status":"Success","message":"m","reason":"r","details":{},"code":200},"requestObject":{},"responseObject":{},"requestReceivedTimestamp":"1970-01-01T00:00:00.000000Z","stageTimestamp":"1970-01-01T00:00:00.000000Z","annotations":{"a":"1","b":"2"}}',
    );
  });

  it.each([
    [0, '1970-01-01T00:00:00.000000Z'],
    [1_767_225_599_999_999, '2025-12-31T23:59:59.999999Z'],
    [1_767_225_600_000_001, '2026-01-01T00:00:00.000001Z'],
    [1_000_001.5, '1970-01-01T00:00:01.000001Z'],
  ])('has its times to the microsecond: %d', (micros, expected) => {
    expect(microTime(micros)).toBe(expected);
  });
});
