import type { KubeObject, Schema } from '@k/apimachinery';
import { describe, expect, it } from 'vitest';
import { createBuiltInCatalogue } from '../src/index.js';
import {
  decodeProtobuf,
  encodeProtobuf,
  encodeProtobufEvent,
  hasProtobufForm,
  ProtobufList,
  readProtobufEnvelope,
} from '../src/protobuf/index.js';
import { schemaOf } from '../src/schemas/notation.js';

/** An object in which every field of the kind is set, each to a value of its own. */
function filled(schema: Schema, seed: { next: number }, depth = 0): unknown {
  const number = ++seed.next;
  if (schema.definition?.endsWith('.FieldsV1')) return { 'f:spec': { 'f:replicas': {} } };
  if (schema.definition?.endsWith('.RawExtension')) return { raw: number };
  if (/\.JSONSchemaPropsOr(Array|Bool|StringArray)$/.test(schema.definition ?? '')) {
    return schema.definition?.endsWith('OrBool')
      ? true
      : schema.definition?.endsWith('OrArray')
        ? [{ title: `t${number}` }]
        : [`s${number}`];
  }
  if (schema.definition?.endsWith('.v1.JSON')) return { json: [number, null, 2n ** 62n + 1n] };
  switch (schema.type) {
    case 'string':
      if (schema.format === 'byte') return Buffer.from(`b${number}`).toString('base64');
      if (schema.format === 'date-time') return '2026-11-25T01:02:03Z';
      if (schema.format === 'micro-time') return '2026-11-25T01:02:03.000456Z';
      return schema.format === 'quantity' ? `${number}Mi` : `s${number}`;
    case 'boolean':
      return true;
    case 'integer':
      return number % 2 === 0 ? number : 2_000_000 + number;
    case 'number':
      return number + 0.5;
    case 'int-or-string':
      return number % 2 === 0 ? number : `p${number}`;
    case 'array':
      return Array.from({ length: depth > 3 ? 1 : 2 }, () => filled(schema.items as Schema, seed, depth + 1));
    default: {
      if (schema.values !== undefined) return { a: filled(schema.values, seed, depth + 1), b: filled(schema.values, seed, depth + 1) };
      const out: Record<string, unknown> = {};
      // Schemas of fields nest without end.
      if (schema.definition?.endsWith('.JSONSchemaProps') && depth > 9) return { title: `t${number}` };
      for (const [name, field] of Object.entries(schema.properties ?? {})) {
        // A message has no kind; that of the outermost is in the envelope.
        if (schema.properties?.['metadata'] !== undefined && (name === 'apiVersion' || name === 'kind')) continue;
        out[name] = filled(field, seed, depth + 1);
      }
      return out;
    }
  }
}

const kinds = [...createBuiltInCatalogue().definitions()].flatMap(({ group, kind, listKind, versions }) =>
  versions
    .filter(({ schema }) => hasProtobufForm(schema))
    .map(({ version, schema }) => ({ apiVersion: group === '' ? version : `${group}/${version}`, kind, listKind, schema })),
);

describe('encodeProtobuf', () => {
  it('knows the kinds that decodeProtobuf knows', () => {
    expect(kinds.length).toBeGreaterThan(60);
    expect(kinds.filter(({ apiVersion, kind }) => encodeProtobuf({ apiVersion, kind }) === null)).toEqual([]);
  });

  it.each(kinds)('writes every field of $apiVersion $kind as it is read', ({ apiVersion, kind, schema }) => {
    const object = filled(schema, { next: 0 }) as KubeObject;
    const encoded = encodeProtobuf({ apiVersion, kind, ...object }) as Buffer;
    const { raw, ...typeMeta } = readProtobufEnvelope(encoded);
    expect(typeMeta).toEqual({ apiVersion, kind });
    expect(decodeProtobuf(raw, schema)).toEqual(object);
  });

  it('writes lists: metadata, then one message for each object', () => {
    const items = [{ metadata: { name: 'a' }, data: { z: '1', k: '2' } }, { metadata: { name: 'b' } }];
    const encoded = encodeProtobuf({
      apiVersion: 'v1',
      kind: 'ConfigMapList',
      metadata: { resourceVersion: '7' },
      items,
    } as KubeObject) as Buffer;
    expect(Buffer.from(readProtobufEnvelope(encoded).raw).toString('latin1')).toBe(
      '\x0a\x03\x12\x017' +
        '\x12\x15\x0a\x03\x0a\x01a' +
        '\x12\x06\x0a\x01k\x12\x012' +
        '\x12\x06\x0a\x01z\x12\x011' +
        '\x12\x05\x0a\x03\x0a\x01b',
    );
    expect(encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMapList', metadata: {}, items: null } as KubeObject)?.toString('latin1')).toBe(
      'k8s\0\x0a\x13\x0a\x02v1\x12\x0dConfigMapList\x12\x02\x0a\x00\x1a\x00\x22\x00',
    );
  });

  it.each([
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [2 ** 31 - 1, 'ffffffff07'],
    [2 ** 32, '8080808010'],
    [2 ** 53 - 1, 'ffffffffffffff0f'],
    [2n ** 63n - 1n, 'ffffffffffffffff7f'],
    [-1, 'ffffffffffffffffff01'],
    [-(2n ** 63n), '80808080808080808001'],
  ])('writes the integer %s', (generation, bytes) => {
    const encoded = encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { generation } } as unknown as KubeObject) as Buffer;
    // ConfigMap {metadata = 1 {generation = 7}}
    const size = (bytes.length / 2 + 1).toString(16).padStart(2, '0');
    expect(Buffer.from(readProtobufEnvelope(encoded).raw).toString('hex')).toBe(`0a${size}38${bytes}`);
  });

  it('writes texts of any length and script, however large the object becomes', () => {
    const data = { short: 'ä€𝒳', long: 'é'.repeat(100), large: 'x'.repeat(100_000), '': 'z', wide: 'y'.repeat(1_500_000) };
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a'.repeat(40), namespace: 'a'.repeat(41) },
      data,
    } as KubeObject;
    for (let times = 0; times < 2; times++) {
      const { raw } = readProtobufEnvelope(encodeProtobuf(object) as Buffer);
      expect(decodeProtobuf(raw, schemaOf('core.v1/ConfigMap'))).toEqual({ metadata: object.metadata, data });
    }
  });

  it('writes a list object by object as it does at once', () => {
    const items = Array.from({ length: 700 }, (_, i) => ({ metadata: { name: `a${i}` }, data: { k: 'v'.repeat(1000) } }));
    const metadata = { resourceVersion: '7', remainingItemCount: 3 };
    for (const [apiVersion, kind] of [
      ['v1', 'ConfigMapList'],
      ['meta.k8s.io/v1', 'PartialObjectMetadataList'],
      ['meta.k8s.io/v1beta1', 'PartialObjectMetadataList'],
    ] as const) {
      const list = ProtobufList.of(apiVersion, kind);
      for (const item of items) list?.add(item as KubeObject);
      const joined = Buffer.concat(list?.finish(metadata) ?? []);
      expect(joined.equals(encodeProtobuf({ apiVersion, kind, metadata, items } as unknown as KubeObject) as Buffer)).toBe(true);
    }
    // Where one object ends with a part, or a byte behind it.
    for (let length = 262_000; length < 262_150; length++) {
      const list = ProtobufList.of('v1', 'ConfigMapList');
      const two = ['x'.repeat(length), ''].map((k) => ({ metadata: {}, data: { k } }));
      for (const item of two) list?.add(item as KubeObject);
      expect(list?.finish({}).reduce((sum, part) => sum + part.length, 0)).toBe(
        encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMapList', metadata: {}, items: two } as unknown as KubeObject)?.length,
      );
      expect(Buffer.concat(list?.finish({}) ?? []).includes(Buffer.from([0x0a, 1, 0x6b, 0x12, 0, 0x1a, 0, 0x22, 0]))).toBe(true);
    }
    expect([ProtobufList.of('v1', 'ConfigMap'), ProtobufList.of('example.com/v1', 'WidgetList')]).toEqual([null, null]);
  });

  it('writes an event of a watch behind its length', () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } } as KubeObject;
    const encoded = encodeProtobuf(object) as Buffer;
    const inner = Buffer.concat([Buffer.from([0x0a, encoded.length]), encoded]);
    const event = Buffer.concat([Buffer.from('\x0a\x05ADDED\x12', 'latin1'), Buffer.from([inner.length]), inner]);
    expect(encodeProtobufEvent('ADDED', object).toString('hex')).toBe(`000000${event.length.toString(16)}${event.toString('hex')}`);
    expect(() => encodeProtobufEvent('ADDED', { apiVersion: 'example.com/v1', kind: 'Widget' })).toThrow(RangeError);
  });

  it('writes a Status', () => {
    const status = { metadata: {}, status: 'Failure', message: 'm', reason: 'NotFound', details: { name: 'x', kind: 'pods' }, code: 404 };
    const { raw } = readProtobufEnvelope(encodeProtobuf({ apiVersion: 'v1', kind: 'Status', ...status } as KubeObject) as Buffer);
    expect(decodeProtobuf(raw, schemaOf('meta.v1/Status'))).toEqual(status);
  });

  it('leaves out nulls and what the kind does not have', () => {
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', creationTimestamp: null },
      extra: 1,
    } as unknown as KubeObject;
    const { raw } = readProtobufEnvelope(encodeProtobuf(object) as Buffer);
    expect(decodeProtobuf(raw, schemaOf('core.v1/ConfigMap'))).toEqual({ metadata: { name: 'a' } });
  });

  it.each([
    ['example.com/v1', 'Widget'],
    ['apps.example.com/v1', 'Deployment'],
    ['apps.k8s.io/v1', 'Deployment'],
    ['meta.k8s.io/v1', 'Table'],
    ['v1', 'NoSuchKindList'],
    ['v9', 'Pod'],
  ])('has no form for %s %s', (apiVersion, kind) => {
    expect(encodeProtobuf({ apiVersion, kind })).toBeNull();
  });
});
