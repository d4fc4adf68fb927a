import { describe, expect, it } from 'vitest';
import { formatSelector, matchesLabels, parseLabelSelector, selectorFromLabelSelector } from '../src/index.js';

describe('label selectors', () => {
  it.each([
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a!=b', {}, true],
    ['a in (b,c)', { a: 'c' }, true],
    ['a notin (b, c)', { a: 'c' }, false],
    ['a notin (b)', {}, true],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['a>5', { a: '6' }, true],
    ['a<5', { a: '5' }, false],
    ['a=b,!c', { a: 'b' }, true],
    ['x in (,b)', { x: '' }, true],
  ])('%s on %o is %s', (text, labels, expected) => {
    expect(matchesLabels(parseLabelSelector(text), labels as Record<string, string>)).toBe(expected);
  });

  it.each(['a in b', 'a=b c', ',', 'a=b,', 'a>x'])('refuses %s', (text) => {
    expect(() => parseLabelSelector(text)).toThrow(/expected|must be an integer/);
  });

  it('does not match through the prototype', () => {
    expect(matchesLabels(parseLabelSelector('constructor'), {})).toBe(false);
  });

  it('converts and prints the object form', () => {
    const selector = selectorFromLabelSelector({
      matchLabels: { b: '1' },
      matchExpressions: [{ key: 'a', operator: 'In', values: ['y', 'x'] }],
    });
    expect(formatSelector(selector ?? [])).toBe('a in (x,y),b=1');
    expect(selectorFromLabelSelector(undefined)).toBeNull();
  });
});
