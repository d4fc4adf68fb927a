/** `'%s has %d'.format([x, y])`. */
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { CelEvaluationError } from '../errors.js';
import { printDouble, toText } from './conversions.js';
import { typeNameOf } from './type-names.js';

const PRECISION_DEFAULT = 6;
const PRECISION_MAX = 100;

/** @throws {@link CelEvaluationError} for too few values and clauses that do not fit. */
export function formatText(template: string, values: unknown[]): string {
  let next = 0;
  const written = template.replace(
    /%(%|(?:\.(\d*))?(.?))/gs,
    (_all, clause: string, precision: string | undefined, verb: string | undefined) => {
      if (clause === '%') return '%';
      if (next >= values.length) throw new CelEvaluationError(`index ${next} out of range`);
      return write(verb ?? '', values[next++], precision === undefined ? PRECISION_DEFAULT : Number(precision));
    },
  );
  return written;
}

function write(verb: string, value: unknown, precision: number): string {
  if (precision > PRECISION_MAX) throw new CelEvaluationError(`precision ${precision} exceeds the limit of ${PRECISION_MAX}`);
  switch (verb) {
    case 's':
      return plain(value);
    case 'd':
      return decimal(value);
    case 'f':
    case 'e': {
      const number = typeof value === 'bigint' ? Number(value) : value instanceof UnsignedInt ? Number(value.valueOf()) : value;
      if (typeof number !== 'number') throw wrong('fixed-point', verb, value);
      if (!Number.isFinite(number)) return Number.isNaN(number) ? 'NaN' : number > 0 ? 'Infinity' : '-Infinity';
      if (verb === 'f') return number.toFixed(precision);
      return number.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2');
    }
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      return whole(value, 'binary', verb).toString(2);
    case 'o':
      return whole(value, 'octal', verb).toString(8);
    case 'x':
    case 'X': {
      const isText = typeof value === 'string' || value instanceof Uint8Array;
      const hex = isText ? Buffer.from(value as string).toString('hex') : whole(value, 'hex', verb).toString(16);
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
    default:
      throw new CelEvaluationError(`could not parse formatting clause: unrecognized formatting clause ${JSON.stringify(verb)}`);
  }
}

function wrong(what: string, verb: string, value: unknown): CelEvaluationError {
  return new CelEvaluationError(
    `error during formatting: ${what} clause can only be used on numbers, was given ${typeNameOf(value)} (%${verb})`,
  );
}

function whole(value: unknown, what: string, verb: string): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof UnsignedInt) return value.valueOf();
  throw new CelEvaluationError(
    `error during formatting: ${what} clause can only be used on integers, was given ${typeNameOf(value)} (%${verb})`,
  );
}

function decimal(value: unknown): string {
  if (typeof value === 'number') return printDouble(value);
  if (typeof value === 'bigint' || value instanceof UnsignedInt) return value.toString();
  throw new CelEvaluationError(`error during formatting: decimal clause can only be used on integers, was given ${typeNameOf(value)}`);
}

/** Any value; lists and maps with their parts, maps sorted by key. */
function plain(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map(plain).join(', ')}]`;
  if (value instanceof Uint8Array || value instanceof Date || value instanceof Duration || value instanceof UnsignedInt)
    return toText(value);
  if (typeof value === 'object' && typeNameOf(value) === 'map') {
    const parts = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${parts.map(([key, item]) => `${key}: ${plain(item)}`).join(', ')}}`;
  }
  return toText(value);
}
