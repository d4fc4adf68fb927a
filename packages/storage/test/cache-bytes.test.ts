import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeJson } from '../src/cache/encode-json.js';
import { findMember } from '../src/cache/json-member.js';
import { compareKeys } from '../src/cache/key-order.js';
import { spliceResourceVersion } from '../src/cache/splice-resource-version.js';

const splice = (json: string, revision: number, hasVersion?: boolean): string =>
  spliceResourceVersion(Buffer.from(json), revision, hasVersion).toString();

describe('bytes of an object', () => {
  it.each([
    {
      name: 'usual order',
      json: '{"kind":"Pod","metadata":{"name":"a"}}',
      out: '{"kind":"Pod","metadata":{"resourceVersion":"7","name":"a"}}',
    },
    { name: 'empty metadata', json: '{"metadata":{}}', out: '{"metadata":{"resourceVersion":"7"}}' },
    { name: 'spaced empty metadata', json: '{ "metadata" : { } }', out: '{ "metadata" : {"resourceVersion":"7" } }' },
    { name: 'no metadata', json: '{"kind":"Pod"}', out: '{"metadata":{"resourceVersion":"7"},"kind":"Pod"}' },
    { name: 'nothing at all', json: '{}', out: '{"metadata":{"resourceVersion":"7"}}' },
    {
      name: 'metadata of a nested object first',
      json: '{"spec":{"template":{"metadata":{"name":"t"}}},"metadata":{"name":"a"}}',
      out: '{"spec":{"template":{"metadata":{"name":"t"}}},"metadata":{"resourceVersion":"7","name":"a"}}',
    },
    {
      name: 'a string that looks like metadata',
      json: '{"kind":"\\"metadata\\":{","metadata":{"name":"a"}}',
      out: '{"kind":"\\"metadata\\":{","metadata":{"resourceVersion":"7","name":"a"}}',
    },
    {
      name: 'a version that is there',
      json: '{"metadata":{"name":"a","resourceVersion":"123"},"data":{"resourceVersion":"1"}}',
      out: '{"metadata":{"name":"a","resourceVersion":"7"},"data":{"resourceVersion":"1"}}',
    },
    {
      name: 'an annotation of that name',
      json: '{"metadata":{"annotations":{"resourceVersion":"1"},"name":"a"}}',
      out: '{"metadata":{"resourceVersion":"7","annotations":{"resourceVersion":"1"},"name":"a"}}',
    },
    {
      name: 'digits and escapes stay',
      json: '{"metadata":{},"x":9007199254740993,"y":"\\u0041é"}',
      out: '{"metadata":{"resourceVersion":"7"},"x":9007199254740993,"y":"\\u0041é"}',
    },
  ])('take a resourceVersion: $name', ({ json, out }) => {
    expect(splice(json, 7)).toBe(out);
  });

  it('take a resourceVersion wherever metadata stands, as a parser would', () => {
    const key = fc.string({ maxLength: 6 }).filter((name) => name !== '__proto__');
    const other = fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 });
    fc.assert(
      fc.property(other, other, other, fc.boolean(), fc.constantFrom(0, 2), (before, metadata, after, hasVersion, indent) => {
        const { metadata: _a, ...head } = before;
        const { metadata: _b, ...tail } = after;
        const { resourceVersion: _c, ...rest } = metadata;
        const object = { ...head, metadata: hasVersion ? { ...rest, resourceVersion: '1' } : rest, ...tail };
        const result = JSON.parse(splice(JSON.stringify(object, null, indent), 42)) as unknown;
        expect(result).toEqual(JSON.parse(JSON.stringify({ ...object, metadata: { ...rest, resourceVersion: '42' } })));
      }),
      { numRuns: process.env['SLOW'] === '1' ? 20_000 : 500 },
    );
  });

  it('do not share memory with what they were made from', () => {
    const json = spliceResourceVersion(Buffer.from('{"metadata":{}}'), 1);
    expect(json.buffer.byteLength).toBe(json.length);
  });

  it('find members, not their look-alikes', () => {
    const json = Buffer.from('{ "a" : [1,{"b":"}"}] , "b":"\\"x", "c":{"b":1},"d":-1.5e3 }');
    const text = (name: string): string | null => {
      const member = findMember(json, 0, name);
      return member === null ? null : json.toString('utf8', member.valueStart, member.valueEnd);
    };
    expect(['a', 'b', 'c', 'd', 'e'].map(text)).toEqual(['[1,{"b":"}"}]', '"\\"x"', '{"b":1}', '-1.5e3', null]);
  });

  it('keep every digit of 64-bit integers', () => {
    const object = { a: 9223372036854775807n, b: [-9223372036854775808n, { c: 1n }], d: 1.5, e: 'x"1n' };
    expect(encodeJson(object).toString()).toBe('{"a":9223372036854775807,"b":[-9223372036854775808,{"c":1}],"d":1.5,"e":"x\\"1n"}');
    expect(encodeJson({ a: 'é', b: undefined }).toString()).toBe('{"a":"é"}');
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    expect(() => encodeJson(cycle)).toThrow(TypeError);
  });

  it('order keys as the engines do', () => {
    const char = fc.constantFrom('/', 'a', 'b', '\u0080', '\ud7ff', '\ue000', '\uff5e', '\uffff', '\u{10000}', '\u{1f600}', '\u{10ffff}');
    const key = fc.array(char, { maxLength: 4 }).map((chars) => chars.join(''));
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
    expect(compareKeys('\uff5e', '\u{1f600}')).toBeLessThan(0);
  });
});
