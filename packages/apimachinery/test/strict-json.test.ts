import fc from 'fast-check';
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

  it('finds duplicates and odd numbers whatever stands around them', () => {
    const keys = fc.constantFrom('a', 'b', 'a:b', '"', '\\\\', '\\\\"', 'é', '\u2028', '{', '1.5');
    const scalars = fc.oneof(keys, fc.integer(), fc.constantFrom(null, true));
    const texts = fc.letrec<{ value: string; members: string }>((tie) => ({
      members: fc
        .array(fc.tuple(keys, tie('value')), { maxLength: 4 })
        .map((pairs) => `{${pairs.map(([key, value]) => `${JSON.stringify(key)} : ${value}`).join(',')}}`),
      value: fc.oneof(
        { depthSize: 'small' },
        scalars.map((item) => JSON.stringify(item)),
        fc.constantFrom('1.5', '1e3', '12345678901234567890', '-7'),
        tie('members'),
        fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(' , ')}]`),
      ),
    })).members;
    fc.assert(
      fc.property(texts, (text) => {
        // Deep enough that only the walk will do.
        const { duplicates, oddNumbers, value } = parseJson(text, { strict: true });
        const deep = parseJson(`${'['.repeat(200)}${text}${']'.repeat(200)}`, { strict: true });
        expect(duplicates).toEqual(deep.duplicates.map((path) => path.slice('[0]'.length * 200).replace(/^\./, '')));
        expect(oddNumbers).toEqual(deep.oddNumbers);
        let inner = deep.value;
        for (let i = 0; i < 200; i++) inner = (inner as unknown[])[0];
        expect(value).toEqual(inner);
      }),
      { numRuns: 1000, seed: 1 },
    );
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
