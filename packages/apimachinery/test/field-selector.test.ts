import { describe, expect, it } from 'vitest';
import { matchesFields, parseFieldSelector } from '../src/index.js';

describe('field selectors', () => {
  it.each([
    ['', []],
    ['a=b', [{ field: 'a', operator: '=', value: 'b' }]],
    [
      'a==b,c!=d',
      [
        { field: 'a', operator: '=', value: 'b' },
        { field: 'c', operator: '!=', value: 'd' },
      ],
    ],
    [',a=,', [{ field: 'a', operator: '=', value: '' }]],
    ['a=b\\,c\\=d\\\\e', [{ field: 'a', operator: '=', value: 'b,c=d\\e' }]],
    [' a = b', [{ field: ' a ', operator: '=', value: ' b' }]],
  ])('%j', (text, requirements) => {
    expect(parseFieldSelector(text)).toEqual(requirements);
  });

  it.each([
    ['a', "invalid selector: 'a'; can't understand 'a'"],
    ['a=b,c', "invalid selector: 'a=b,c'; can't understand 'c'"],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
    ['a===b', 'invalid field selector: unescaped character in value: 61'],
    ['a=\\b', 'invalid field selector: invalid escape sequence: \\b'],
    ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
  ])('%j is refused', (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(message);
  });

  it('match when all of their requirements hold; what is absent is empty', () => {
    const matches = (text: string): boolean => matchesFields(parseFieldSelector(text), { name: 'a', phase: 'Running' });
    expect(['name=a,phase!=Failed', 'name!=a', 'name=a,phase=', 'node=', 'node!=', ''].map(matches)).toEqual([
      true,
      false,
      false,
      true,
      false,
      true,
    ]);
  });
});
