import { describe, expect, it } from 'vitest';
import { compareBytes, quoteAll, quoteGo, sortedSet } from '../src/text.js';

describe('quoteGo', () => {
  it.each([
    ['plain', '"plain"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\u0007\b\f\n\r\t\u000b', '"\\a\\b\\f\\n\\r\\t\\v"'],
    ['\u0000\u001b\u007f', '"\\x00\\x1b\\x7f"'],
    ['é 日本 🙂', '"é 日本 🙂"'],
    ['\u00a0\u2028\ufeff', '"\\u00a0\\u2028\\ufeff"'],
    ['\u{e0001}', '"\\U000e0001"'],
    ['\ud800', '"\ufffd"'],
  ])('%j', (text, expected) => {
    expect(quoteGo(text)).toBe(expected);
  });
});

describe('byte order', () => {
  it('is that of UTF-8, not of UTF-16', () => {
    const texts = ['b', '🙂', '\uffee', 'B', '', 'é', 'aa', 'a', 'a'];
    const bytes = [...new Set(texts)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(sortedSet(texts)).toEqual(bytes);
    expect(compareBytes('x', 'x')).toBe(0);
  });

  it('puts seLinux before seccomp', () => {
    expect(compareBytes('seLinuxOptions', 'seccompProfile_baseline')).toBeLessThan(0);
  });
});

describe('quoteAll', () => {
  it('escapes nothing', () => {
    expect(quoteAll(['a"b', ''])).toBe('"a"b", ""');
  });
});
