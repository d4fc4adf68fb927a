/**
 * Kubernetes resource quantities (`100m`, `1.5Gi`, `1e3`): exact decimal arithmetic on BigInt, canonical printing.
 * Semantics follow `k8s.io/apimachinery/pkg/api/resource`: at most nano precision (rounded up, away from zero),
 * binary values are capped at 2^63-1, and the format a quantity was written in is kept when it can express the value.
 */

/** How a quantity is written: `100m`, `1Gi` or `1e3`. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

const DECIMAL_SUFFIXES = new Map<string, number>([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const BINARY_SUFFIXES = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL_BY_EXPONENT = new Map([...DECIMAL_SUFFIXES].map(([suffix, exponent]) => [exponent, suffix]));

const NANO = 1_000_000_000n;
/** The largest number that a quantity holds. */
const MAXIMUM = (1n << 63n) - 1n;
/** Digits after which a written exponent cannot matter any more: the value is capped or rounds to one nano. */
const EXPONENT_LIMIT = 400;
const SHAPE = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;

/** A text that is not a quantity; the message is the one that clients of Kubernetes see. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX_WRONG = "unable to parse quantity's suffix";

/** `ceil(a / b)` away from zero. */
function divideUp(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b === 0n ? quotient : a < 0n ? quotient - 1n : quotient + 1n;
}

/** `ceil(a / b)` towards positive infinity, as `Value()` rounds. */
function ceiling(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a > 0n && a % b !== 0n ? quotient + 1n : quotient;
}

/** An immutable quantity, held in billionths. */
export class Quantity {
  readonly format: QuantityFormat;
  readonly #nano: bigint;

  private constructor(nano: bigint, format: QuantityFormat) {
    this.#nano = nano;
    this.format = format;
  }

  /** Zero. `format` defaults to DecimalSI. */
  static zero(format: QuantityFormat = 'DecimalSI'): Quantity {
    return new Quantity(0n, format);
  }

  /** A whole number. */
  static of(value: bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
    return new Quantity(value * NANO, format);
  }

  /** A number of thousandths. */
  static ofMilli(value: bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
    return new Quantity(value * 1_000_000n, format);
  }

  /** Reads a quantity as it stands in JSON: a string, or a number's decimal text. Throws {@link QuantityError}. */
  static parse(text: string): Quantity {
    if (text === '') throw new QuantityError(FORMAT_WRONG);
    const match = SHAPE.exec(text);
    if (match === null) throw new QuantityError(FORMAT_WRONG);
    const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
    const { base, exponent, format } = readSuffix(suffix);
    const mantissa = BigInt(whole + fraction || '0');
    let scaled: bigint;
    if (base === 2) {
      scaled = divideUp((mantissa << BigInt(exponent)) * NANO, 10n ** BigInt(fraction.length));
      if (scaled > MAXIMUM * NANO) scaled = MAXIMUM * NANO;
    } else {
      const shift = Math.max(-EXPONENT_LIMIT, Math.min(EXPONENT_LIMIT, exponent)) + 9 - fraction.length;
      scaled = shift >= 0 ? mantissa * 10n ** BigInt(shift) : divideUp(mantissa, 10n ** BigInt(-shift));
    }
    // Powers of 1024 cannot print what is smaller than one.
    const small = format === 'BinarySI' && scaled > 0n && scaled < NANO;
    return new Quantity(sign === '-' ? -scaled : scaled, small ? 'DecimalSI' : format);
  }

  add(other: Quantity): Quantity {
    return new Quantity(this.#nano + other.#nano, this.#nano === 0n ? other.format : this.format);
  }

  sub(other: Quantity): Quantity {
    return new Quantity(this.#nano - other.#nano, this.#nano === 0n ? other.format : this.format);
  }

  neg(): Quantity {
    return new Quantity(-this.#nano, this.format);
  }

  mul(factor: bigint): Quantity {
    return new Quantity(this.#nano * factor, this.format);
  }

  compare(other: Quantity): -1 | 0 | 1 {
    return this.#nano < other.#nano ? -1 : this.#nano > other.#nano ? 1 : 0;
  }

  isZero(): boolean {
    return this.#nano === 0n;
  }

  sign(): -1 | 0 | 1 {
    return this.#nano < 0n ? -1 : this.#nano > 0n ? 1 : 0;
  }

  /** Thousandths, rounded up. */
  milliValue(): bigint {
    return ceiling(this.#nano, 1_000_000n);
  }

  /** The whole number, rounded up. */
  value(): bigint {
    return ceiling(this.#nano, NANO);
  }

  /** Whether no fraction is lost by {@link value}. */
  isInteger(): boolean {
    return this.#nano % NANO === 0n;
  }

  /** A floating-point approximation. */
  toNumber(): number {
    return Number(this.#nano) / 1e9;
  }

  /** The canonical text: no fraction, the largest suffix that keeps every digit. */
  toString(): string {
    const nano = this.#nano;
    if (nano === 0n) return '0';
    const negative = nano < 0n;
    const magnitude = negative ? -nano : nano;
    return (negative ? '-' : '') + this.#print(magnitude);
  }

  toJSON(): string {
    return this.toString();
  }

  #print(magnitude: bigint): string {
    if (this.format === 'BinarySI' && magnitude >= 1024n * NANO && magnitude % NANO === 0n) return printBinary(magnitude / NANO);
    let mantissa = magnitude;
    let exponent = -9;
    while (exponent < 18 && mantissa % 1000n === 0n) {
      mantissa /= 1000n;
      exponent += 3;
    }
    if (this.format === 'DecimalExponent') {
      while (mantissa % 1000n === 0n) {
        mantissa /= 1000n;
        exponent += 3;
      }
      return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
    }
    return `${mantissa}${DECIMAL_BY_EXPONENT.get(exponent) ?? ''}`;
  }
}

function printBinary(value: bigint): string {
  let mantissa = value;
  let power = 0;
  while (power < BINARY_SUFFIXES.length && mantissa % 1024n === 0n) {
    mantissa /= 1024n;
    power += 1;
  }
  return `${mantissa}${power === 0 ? '' : BINARY_SUFFIXES[power - 1]}`;
}

function readSuffix(suffix: string): { base: 2 | 10; exponent: number; format: QuantityFormat } {
  const decimal = DECIMAL_SUFFIXES.get(suffix);
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' };
  const binary = BINARY_SUFFIXES.indexOf(suffix);
  if (binary >= 0) return { base: 2, exponent: (binary + 1) * 10, format: 'BinarySI' };
  const written = /^[eE]([+-]?\d+)$/.exec(suffix);
  if (written === null) throw new QuantityError(SUFFIX_WRONG);
  return { base: 10, exponent: Number(written[1]), format: 'DecimalExponent' };
}

/** Whether the text is a quantity. */
export function isQuantity(text: string): boolean {
  try {
    Quantity.parse(text);
    return true;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}
