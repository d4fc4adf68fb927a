import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import { FIELD_NUMBERS } from '../src/protobuf/field-numbers.js';
import { decodeProtobuf, hasProtobufForm, ProtobufError, readProtobufEnvelope } from '../src/protobuf/index.js';
import { parseFieldNumbers } from '../src/protobuf/notation.js';
import { schemaOf } from '../src/schemas/notation.js';
import { schemaPackages } from '../src/schemas/packages.js';

type Part = (writer: BinaryWriter) => void;
const message = (...parts: Part[]): Uint8Array => {
  const writer = new BinaryWriter();
  for (const part of parts) part(writer);
  return writer.finish();
};
const text =
  (number: number, value: string): Part =>
  (writer) =>
    void writer.tag(number, WireType.LengthDelimited).string(value);
const bytes =
  (number: number, value: Uint8Array): Part =>
  (writer) =>
    void writer.tag(number, WireType.LengthDelimited).bytes(value);
const int =
  (number: number, value: number | bigint): Part =>
  (writer) =>
    void writer.tag(number, WireType.Varint).int64(value);
const nested = (number: number, ...parts: Part[]): Part => bytes(number, message(...parts));
const envelope = (...parts: Part[]): Buffer => Buffer.concat([Buffer.from('k8s\0', 'latin1'), message(...parts)]);

describe('readProtobufEnvelope', () => {
  it('opens what a client sends', () => {
    const raw = message(text(1, 'x'));
    const body = envelope(nested(1, text(1, 'v1'), text(2, 'Pod')), bytes(2, raw), text(3, ''), text(4, ''));
    const opened = readProtobufEnvelope(body);
    expect({ ...opened, raw: Buffer.from(opened.raw).toString('hex') }).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      raw: Buffer.from(raw).toString('hex'),
    });
  });

  it.each([
    ['no prefix', Buffer.from('{"kind":"Pod"}'), 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]'],
    ['a compressed content', envelope(nested(1, text(2, 'Pod')), text(3, 'gzip')), 'content encoding "gzip" is not supported'],
  ])('refuses %s', (_name, body, reason) => {
    expect(() => readProtobufEnvelope(body)).toThrow(new ProtobufError(reason));
  });

  it('refuses a body that ends early', () => {
    const body = envelope(nested(1, text(1, 'v1'), text(2, 'Pod')));
    expect(() => readProtobufEnvelope(body.subarray(0, body.length - 2))).toThrow(ProtobufError);
  });
});

describe('decodeProtobuf', () => {
  const decode = (name: string, ...parts: Part[]): unknown => decodeProtobuf(message(...parts), schemaOf(name));

  it('leaves out scalars that are zero because Go always writes them, and keeps those that mean something', () => {
    const metadata = nested(1, text(1, 'web'), text(2, ''), text(3, 'default'), int(7, 0), nested(8));
    const spec = nested(2, int(1, 0), nested(3), int(5, 0));
    expect(decode('apps.v1/Deployment', metadata, spec)).toEqual({
      metadata: { name: 'web', namespace: 'default' },
      spec: { replicas: 0, template: {} },
    });
  });

  it('spreads messages that have no field in JSON into their parent', () => {
    const volume = nested(1, text(1, 'data'), nested(2, nested(6, text(1, 'creds'), int(3, 0))));
    const probe = nested(
      10,
      nested(1, nested(2, text(1, '/healthz'), nested(2, int(1, 1), int(2, 0), text(3, 'http')))),
      int(2, 0),
      int(4, 5),
    );
    const spec = nested(2, volume, nested(2, text(1, 'app'), probe));
    expect(decode('core.v1/Pod', spec)).toEqual({
      spec: {
        volumes: [{ name: 'data', secret: { secretName: 'creds', defaultMode: 0 } }],
        containers: [{ name: 'app', livenessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 5 } }],
      },
    });
  });

  it('reads times, quantities, bytes, maps and integers beyond doubles', () => {
    const metadata = nested(1, nested(8, int(1, 1_767_225_600)), nested(11, text(1, 'a'), text(2, 'b')), int(10, 9_007_199_254_740_993n));
    expect(decode('core.v1/Secret', metadata, nested(2, text(1, 'k'), bytes(2, Buffer.from('v'))))).toEqual({
      metadata: { creationTimestamp: '2026-01-01T00:00:00Z', labels: { a: 'b' }, deletionGracePeriodSeconds: 9_007_199_254_740_993n },
      data: { k: 'dg==' },
    });
    expect(decode('core.v1/ResourceQuota', nested(2, nested(1, text(1, 'pods'), nested(2, text(1, '3')))))).toEqual({
      spec: { hard: { pods: '3' } },
    });
    expect(decode('coordination.v1/Lease', nested(2, nested(3, int(1, 1_767_225_600), int(2, 1_500_000))))).toEqual({
      spec: { acquireTime: '2026-01-01T00:00:00.001500Z' },
    });
  });

  it('reads lists inside maps, raw JSON and JSON schemas', () => {
    const extra = nested(5, text(1, 'scopes'), nested(2, text(1, 'x'), text(1, 'y')));
    expect(decode('authorization.v1/SubjectAccessReview', nested(2, text(3, 'alice'), extra))).toEqual({
      spec: { user: 'alice', extra: { scopes: ['x', 'y'] } },
    });
    expect(decode('apps.v1/ControllerRevision', bytes(2, message(bytes(1, Buffer.from('{"a":1}')))), int(3, 7))).toEqual({
      data: { a: 1 },
      revision: 7,
    });
    const items = nested(24, nested(1, text(5, 'string')));
    expect(decode('apiextensions.v1/JSONSchemaProps', text(5, 'array'), items)).toEqual({ type: 'array', items: { type: 'string' } });
  });

  it('takes a key of a map as it is, __proto__ too', () => {
    const decoded = decode('core.v1/ConfigMap', nested(2, text(1, '__proto__'), text(2, 'v'))) as { data: object };
    expect(Object.entries(decoded.data)).toEqual([['__proto__', 'v']]);
    expect(Object.getPrototypeOf(decoded.data)).toBe(Object.prototype);
  });

  it('skips fields that it does not know, and refuses bytes that are no message', () => {
    expect(decode('core.v1/Pod', int(99, 1))).toEqual({});
    expect(() => decodeProtobuf(Buffer.from([0x0a, 0xff]), schemaOf('core.v1/Pod'))).toThrow(ProtobufError);
    expect(() => decodeProtobuf(Buffer.from([0xff, 0xff, 0xff]), schemaOf('core.v1/Pod'))).toThrow(ProtobufError);
  });

  it.each([
    ['a message that is longer than the one around it', '0a050a0161', 'the message ends early'],
    ['a text that is longer than the message around it', '0a020a0361626364', 'premature EOF'],
    ['a number that goes on behind its message', '0a0238ff7f', 'premature EOF'],
    ['an entry of a map that is longer than the map', '1205' + '0a016b', 'the message ends early'],
  ])('refuses %s', (_name, hex, reason) => {
    expect(() => decodeProtobuf(Buffer.from(hex, 'hex'), schemaOf('core.v1/ConfigMap'))).toThrow(new ProtobufError(reason));
  });

  it('has no form for custom resources', () => {
    expect(hasProtobufForm({ type: 'object' })).toBe(false);
    expect(hasProtobufForm(schemaOf('core.v1/Pod'))).toBe(true);
  });
});

it('numbers every field of every definition', () => {
  const structural = new Set(['kind', 'apiVersion']);
  const missing: string[] = [];
  for (const [label, { table }] of Object.entries(schemaPackages)) {
    const numbers = FIELD_NUMBERS[label] ?? {};
    const namesIn = (definition: string): string[] =>
      [...parseFieldNumbers(numbers[definition] ?? '').values()].flatMap(({ name, inlined }) =>
        inlined === '' ? [name] : namesIn(inlined),
      );
    for (const [definition, fields] of Object.entries(table)) {
      if (numbers[definition] === undefined) continue;
      const known = new Set(namesIn(definition));
      for (const field of Object.keys(fields)) {
        if (!field.startsWith('@') && !structural.has(field) && !known.has(field)) missing.push(`${label}/${definition}.${field}`);
      }
    }
  }
  expect(missing).toEqual([]);
});
