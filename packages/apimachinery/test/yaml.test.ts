import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYamlFields } from '../src/yaml.js';

describe('parseYamlFields', () => {
  it('reads JSON as it reads the same text behind a comment, which no JSON has', () => {
    const names = fc.oneof(
      fc.string({ maxLength: 5 }),
      fc.constantFrom('<<', 'y', 'null', '1', '~', '# x', 'a: b', '---', 'é', '\u2028', '\u0085', '\t', '/'),
    );
    const values = fc.letrec<{ value: unknown; map: Record<string, unknown> }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        names,
        fc.integer(),
        fc.constantFrom(null, true, false, 0.5, 1e21, 123456789012345),
        tie('map'),
        fc.array(tie('value'), { maxLength: 3 }),
      ),
      map: fc.dictionary(
        names.filter((name) => name !== '__proto__'),
        tie('value'),
        { maxKeys: 4 },
      ),
    })).map;
    fc.assert(
      fc.property(values, fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseYamlFields(text)).toEqual(parseYamlFields(`# comment\n${text}`));
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('reports keys that JSON has twice', () => {
    expect(parseYamlFields('{"a":1,"b":{"c":1,\n"c":2}}')).toEqual({
      value: { a: 1, b: { c: 2 } },
      duplicates: ['line 2: key "c" already set in map'],
    });
  });

  it('takes a JSON stream for its first document', () => {
    expect(parseYamlFields('{"a":1}\n---\n{"a":2}').value).toEqual({ a: 1 });
  });
});
