import { describe, expect, it } from 'vitest';
import { isQuantity, Quantity, QuantityError } from '../src/quantity.js';

describe('canonical text', () => {
  it.each([
    ['0', '0'],
    ['0.0', '0'],
    ['1', '1'],
    ['1000m', '1'],
    ['100m', '100m'],
    ['0.1', '100m'],
    ['.5', '500m'],
    ['5.', '5'],
    ['+7', '7'],
    ['-1.5', '-1500m'],
    ['1500m', '1500m'],
    ['1e3', '1e3'],
    ['1E3', '1e3'],
    ['12e-1', '1200e-3'],
    ['1e6', '1e6'],
    ['1000', '1k'],
    ['1k', '1k'],
    ['1E', '1E'],
    ['1Ki', '1Ki'],
    ['1024Ki', '1Mi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Gi', '512Mi'],
    ['0.5Ki', '512'],
    ['0.0001Ki', '102400u'],
    ['128974848', '128974848'],
    ['129M', '129M'],
    ['123Mi', '123Mi'],
    ['1n', '1n'],
    ['0.1n', '1n'],
    ['1.0000000001', '1000000001n'],
    ['9223372036854775807', '9223372036854775807'],
    ['8Ei', '9223372036854775807'],
  ])('%s is written %s', (text, expected) => {
    expect(Quantity.parse(text).toString()).toBe(expected);
  });
});

describe('what is refused', () => {
  const format = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  it.each([
    ['', format],
    ['abc', format],
    ['1.2.3', format],
    ['1 Gi', format],
    ['--1', "unable to parse quantity's suffix"],
    ['1Gb', format],
    ['1e', "unable to parse quantity's suffix"],
    ['1mm', "unable to parse quantity's suffix"],
    ['1+3', "unable to parse quantity's suffix"],
  ])('%j: %s', (text, message) => {
    expect(() => Quantity.parse(text)).toThrow(new QuantityError(message));
    expect(isQuantity(text)).toBe(false);
  });
});

describe('arithmetic', () => {
  it('keeps the left format, unless the left side is zero', () => {
    expect(Quantity.parse('1Gi').add(Quantity.parse('512Mi')).toString()).toBe('1536Mi');
    expect(Quantity.zero().add(Quantity.parse('1Gi')).toString()).toBe('1Gi');
    expect(Quantity.parse('1').sub(Quantity.parse('300m')).toString()).toBe('700m');
    expect(Quantity.parse('200m').mul(3n).toString()).toBe('600m');
    expect(Quantity.parse('200m').neg().toString()).toBe('-200m');
  });

  it('compares by value, not by text', () => {
    expect(Quantity.parse('1').compare(Quantity.parse('1000m'))).toBe(0);
    expect(Quantity.parse('1Gi').compare(Quantity.parse('1G'))).toBe(1);
    expect(Quantity.parse('-1').compare(Quantity.zero())).toBe(-1);
  });

  it('rounds up to thousandths and to whole numbers', () => {
    expect(Quantity.parse('1500u').milliValue()).toBe(2n);
    expect(Quantity.parse('100m').value()).toBe(1n);
    expect(Quantity.parse('-1.5').value()).toBe(-1n);
    expect(Quantity.of(3n).milliValue()).toBe(3000n);
    expect(Quantity.ofMilli(250n).toString()).toBe('250m');
  });

  it('survives absurd exponents', () => {
    expect(Quantity.parse('1e-999999999').toString()).toBe('1e-9');
    expect(Quantity.parse('1e999999999').sign()).toBe(1);
  });
});
