import { describe, expect, it } from 'vitest';
import { parseJson } from '../src/index.js';

const fault = (text: string): string => {
  try {
    parseJson(text, { strict: true });
  } catch (error) {
    return (error as Error).message;
  }
  return 'parsed';
};

describe('parseJson', () => {
  it.each([
    ['', 'unexpected end of JSON input'],
    ['{"a":1', 'unexpected end of JSON input'],
    ['hello', "invalid character 'h' looking for beginning of value"],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a":080}', "invalid character '8' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{"a":NaN}', "invalid character 'N' looking for beginning of value"],
    ['\uFEFF{}', "invalid character 'ï' looking for beginning of value"],
  ])('words the fault of %j as Go does', (text, message) => {
    expect(fault(text)).toBe(message);
  });

  it('finds duplicate fields with their paths', () => {
    const { duplicates, value } = parseJson('{"a":{"b":1,"b":2},"c":[{"d":1},{"d":1,"d":3}],"a2":0}', { strict: true });
    expect(duplicates).toEqual(['a.b', 'c[1].d']);
    expect(value).toEqual({ a: { b: 2 }, c: [{ d: 1 }, { d: 3 }], a2: 0 });
  });

  it('refuses nesting deeper than 10,000 without overflowing the stack', () => {
    expect(fault(`${'['.repeat(10_001)}${']'.repeat(10_001)}`)).toBe("invalid character '[' exceeded max depth");
    expect(fault(`${'['.repeat(10_000)}${']'.repeat(10_000)}`)).toBe('parsed');
  });

  it('keeps __proto__ as a field of its own', () => {
    const { value } = parseJson('{"__proto__":{"polluted":true}}', { strict: true });
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
