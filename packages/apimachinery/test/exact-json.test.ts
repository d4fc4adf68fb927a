import { describe, expect, it } from 'vitest';
import { parseExactJson, stringifyExactJson } from '../src/exact-json.js';
import { parseJson } from '../src/strict-json.js';
import { parseYaml } from '../src/yaml.js';

describe('parseExactJson', () => {
  it.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    // Beyond 64 bits Go falls back to floating point, too.
    ['9223372036854775808', 2 ** 63],
    ['123456789012345678901234567890', 1.2345678901234568e29],
    ['1234567890123456.5', 1234567890123456.5],
    ['9007199254740993e0', 9007199254740992],
    ['0.1234567890123456', 0.1234567890123456],
  ])('reads %s', (text, expected) => {
    expect(parseExactJson(text)).toBe(expected);
    expect(parseExactJson(`{"a":[${text}]}`)).toEqual({ a: [expected] });
  });

  it('finds long integers wherever they stand', () => {
    for (let offset = 0; offset < 40; offset++) {
      expect(parseExactJson(`{"${'k'.repeat(offset)}":9007199254740993}`)).toEqual({ ['k'.repeat(offset)]: 9007199254740993n });
    }
  });

  it('leaves digits in strings and keys alone', () => {
    const text = '{"9007199254740993":"9007199254740993","a":"\\"9007199254740993","#":"#9007199254740993","b":9007199254740993}';
    expect(parseExactJson(text)).toEqual({
      '9007199254740993': '9007199254740993',
      a: '"9007199254740993',
      '#': '#9007199254740993',
      b: 9007199254740993n,
    });
  });

  it('applies the reviver to everything else', () => {
    const double = (_key: string, value: unknown): unknown => (typeof value === 'number' ? value * 2 : value);
    expect(parseExactJson('{"a":2,"b":9007199254740993}', double)).toEqual({ a: 4, b: 9007199254740993n });
  });

  it('takes no text for an integer, however it is written', () => {
    expect(parseExactJson('{"a":"\\u00235","b":["\\u0023x"],"c":9007199254740993}')).toEqual({ a: '#5', b: ['#x'], c: 9007199254740993n });
  });

  it('reads integers at any depth', () => {
    const text = `${'['.repeat(9000)}9007199254740993${']'.repeat(9000)}`;
    let value: unknown = parseExactJson(text);
    while (Array.isArray(value)) value = value[0];
    expect(value).toBe(9007199254740993n);
  });

  it('refuses what is no JSON', () => {
    expect(() => parseExactJson('{"a":9007199254740993')).toThrow(SyntaxError);
    expect(() => parseExactJson('09007199254740993')).toThrow(SyntaxError);
  });
});

describe('stringifyExactJson', () => {
  it('writes every digit, on one line or indented', () => {
    const value = { a: 9007199254740993n, b: ['#1', -9223372036854775808n], c: undefined };
    expect(stringifyExactJson(value)).toBe('{"a":9007199254740993,"b":["#1",-9223372036854775808]}');
    expect(stringifyExactJson(value, 2)).toBe('{\n  "a": 9007199254740993,\n  "b": [\n    "#1",\n    -9223372036854775808\n  ]\n}');
  });

  it('is JSON.stringify for everything else', () => {
    expect(stringifyExactJson({ a: 1, b: 'x' })).toBe('{"a":1,"b":"x"}');
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    expect(() => stringifyExactJson(cycle)).toThrow(TypeError);
  });
});

describe('readers of requests', () => {
  it('keep the digits of JSON', () => {
    expect(parseJson('{"a":9007199254740993}', { strict: true }).value).toEqual({ a: 9007199254740993n });
    expect(parseJson('{"a":9007199254740993,"b":"\\ud800"}', { strict: false }).value).toEqual({ a: 9007199254740993n, b: '\ufffd' });
    expect(parseJson('{"a":1,"a":9007199254740993}', { strict: true }).value).toEqual({ a: 9007199254740993n });
  });

  it('keep the digits of YAML', () => {
    expect(parseYaml('a: 9007199254740993\nb: -9223372036854775808\nc: 5\nd: "9007199254740993"\n')).toEqual({
      a: 9007199254740993n,
      b: -9223372036854775808n,
      c: 5,
      d: '9007199254740993',
    });
  });
});
