/** Conversions between types, with Go's limits and messages. */
import { goQuote } from '@k/apimachinery';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { CelEvaluationError } from '../errors.js';
import { noSuchOverload, typeNameOf } from './type-names.js';

const INT_MAX = 2n ** 63n - 1n;
const INT_MIN = -(2n ** 63n);
const fault = (text: string): CelEvaluationError => new CelEvaluationError(text);

function integer(value: bigint): bigint {
  if (value > INT_MAX || value < INT_MIN) throw fault('integer overflow');
  return value;
}

function parseInteger(text: string, name: 'ParseInt' | 'ParseUint'): bigint {
  const pattern = name === 'ParseInt' ? /^[+-]?\d+$/ : /^\d+$/;
  if (!pattern.test(text)) throw fault(`strconv.${name}: parsing ${goQuote(text)}: invalid syntax`);
  const value = BigInt(text);
  const isInRange = name === 'ParseInt' ? value <= INT_MAX && value >= INT_MIN : value < 2n ** 64n;
  if (!isInRange) throw fault(`strconv.${name}: parsing ${goQuote(text)}: value out of range`);
  return value;
}

/** `int(x)`. */
export function toInt(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw fault('integer overflow');
    return integer(BigInt(Math.trunc(value)));
  }
  if (typeof value === 'string') return parseInteger(value, 'ParseInt');
  if (value instanceof UnsignedInt) return integer(value.valueOf());
  if (value instanceof Date) return BigInt(Math.floor(value.getTime() / 1000));
  if (value instanceof Duration) return value.seconds * 1_000_000_000n + BigInt(value.nanos);
  throw noSuchOverload('int', value);
}

/** `uint(x)`. */
export function toUint(value: unknown): UnsignedInt {
  if (value instanceof UnsignedInt) return value;
  if (typeof value === 'string') return new UnsignedInt(parseInteger(value, 'ParseUint'));
  if (typeof value === 'bigint' || typeof value === 'number') {
    const whole = typeof value === 'bigint' ? value : Number.isFinite(value) ? BigInt(Math.trunc(value)) : -1n;
    if (whole < 0n || whole >= 2n ** 64n) throw fault('unsigned integer overflow');
    return new UnsignedInt(whole);
  }
  throw noSuchOverload('uint', value);
}

/** `double(x)`. */
export function toDouble(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof UnsignedInt) return Number(value.valueOf());
  if (typeof value !== 'string') throw noSuchOverload('double', value);
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(value);
  if (special !== null) return special[2]?.toLowerCase() === 'nan' ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value)) throw fault(`strconv.ParseFloat: parsing ${goQuote(value)}: invalid syntax`);
  return Number(value);
}

/** `bool(x)`. */
export function toBool(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') throw noSuchOverload('bool', value);
  if (/^(?:1|t|T|true|TRUE|True)$/.test(value)) return true;
  if (/^(?:0|f|F|false|FALSE|False)$/.test(value)) return false;
  throw fault(`strconv.ParseBool: parsing ${goQuote(value)}: invalid syntax`);
}

/** A double as Go's shortest form: `1e+06`, `0.5`. */
export function printDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  const isScientific = value !== 0 && (power < -4 || power >= 6);
  if (!isScientific) return Object.is(value, -0) ? '-0' : String(value);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** `string(x)`. */
export function toText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'number':
      return printDouble(value);
    default:
  }
  if (value instanceof UnsignedInt) return value.toString();
  if (value instanceof Date) return value.toISOString().replace(/\.?0*Z$/, 'Z');
  if (value instanceof Duration) return printDuration(value);
  if (value instanceof Uint8Array) {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(value);
    } catch {
      throw fault('invalid UTF-8 in bytes, cannot convert to string');
    }
  }
  const name = typeNameOf(value);
  if (name === 'net.IP' || name === 'net.CIDR') return String(value);
  throw noSuchOverload('string', value);
}

/** Seconds with a fraction, as durations are printed. */
function printDuration(value: Duration): string {
  const nanos = value.seconds * 1_000_000_000n + BigInt(value.nanos);
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = (size % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${nanos < 0n ? '-' : ''}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}s`;
}

/** `timestamp(x)`. */
export function toTimestamp(value: unknown): Date {
  if (value instanceof Date) return value;
  if (typeof value === 'bigint') return inRange(new Date(Number(value) * 1000));
  if (typeof value !== 'string') throw noSuchOverload('timestamp', value);
  const isWritten = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(value);
  const date = new Date(value);
  if (isWritten && !Number.isNaN(date.getTime())) {
    // JavaScript takes the 30th of February for a day in March.
    const isDay = new Date(`${value.slice(0, 10)}T00:00:00Z`).getUTCDate() === Number(value.slice(8, 10));
    if (isDay) return inRange(date);
    throw fault(`parsing time ${goQuote(value)}: day out of range`);
  }
  const layout = '"2006-01-02T15:04:05Z07:00"';
  const rest = /^\d{4}(?:-\d\d(?:-\d\d(?:T\d\d(?::\d\d(?::\d\d)?)?)?)?)?/.exec(value)?.[0] ?? '';
  const wanted = ['2006', '2006', '2006', '2006', '-', '-', '-', '-', '-', '-', 'T'][Math.min(rest.length, 10)] as string;
  throw fault(`parsing time ${goQuote(value)} as ${layout}: cannot parse ${goQuote(value.slice(rest.length))} as ${goQuote(wanted)}`);
}

function inRange(date: Date): Date {
  const time = date.getTime();
  if (!(time >= -62_135_596_800_000 && time <= 253_402_300_799_999)) throw fault('timestamp overflow');
  return date;
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** `duration(x)`. */
export function toDuration(value: unknown): Duration {
  if (value instanceof Duration) return value;
  if (typeof value === 'bigint') return durationOf(value);
  if (typeof value !== 'string') throw noSuchOverload('duration', value);
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(value) ?? [];
  if (rest === '0') return durationOf(0n);
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) {
    const isUnitless = /^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*(?:\d+\.?\d*|\.\d+)$/.test(rest);
    throw fault(isUnitless ? `time: missing unit in duration ${goQuote(value)}` : `time: invalid duration ${goQuote(value)}`);
  }
  let nanos = 0n;
  for (const [, amount = '', unit = ''] of rest.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const [whole = '', fraction = ''] = amount.split('.');
    const size = UNITS[unit] as bigint;
    nanos += BigInt(whole === '' ? '0' : whole) * size;
    if (fraction !== '') nanos += (BigInt(fraction.slice(0, 15).padEnd(15, '0')) * size) / 10n ** 15n;
  }
  return durationOf(sign === '-' ? -nanos : nanos);
}

function durationOf(nanos: bigint): Duration {
  return new Duration(nanos / 1_000_000_000n, Number(nanos % 1_000_000_000n));
}
