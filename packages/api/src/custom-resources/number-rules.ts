import type { FieldError } from '@k/apimachinery';
import type { SchemaNode } from './structural-schema.js';

const INT32_MAX = 2 ** 31 - 1;

/** Whether a number fits the type and format of its field. */
function fitsType(value: number | bigint, type: string, format: string): boolean {
  if (type !== 'integer') return format !== 'float' || Number.isFinite(Math.fround(Number(value)));
  // What is kept exactly fits 64 bits and is beyond 32.
  if (typeof value === 'bigint') return format !== 'int32';
  if (!Number.isInteger(value)) return false;
  return format === 'int32' ? value <= INT32_MAX && value >= -INT32_MAX - 1 : value < 2 ** 63 && value >= -(2 ** 63);
}

/** Range and multiples of a number. */
export function checkNumber(
  given: number | bigint,
  node: SchemaNode,
  field: string,
  { base, path }: { base: string; path: string },
): FieldError[] {
  const value = Number(given);
  const { raw, types } = node;
  const type = types[0] ?? '';
  const { format } = node;
  if (type === 'string' || type === 'boolean' || type === 'array' || type === 'object') return [];
  const errors: FieldError[] = [];
  const invalid = (badValue: unknown, detail: string): void => {
    errors.push({ type: 'FieldValueInvalid', field, badValue, detail });
  };
  const checkFit = (number: number | bigint, what: string): void => {
    if (types.length !== 1 || fitsType(number, type, format)) return;
    const suffix = format === '' ? '(default format)' : `with format ${format}`;
    const detail = `${what} value must be of type ${type} ${suffix} in ${path}`;
    errors.push({ type: 'FieldValueInvalid', field: base === '' ? '<nil>' : base, badValue: '', detail });
  };
  checkFit(given, 'Checked');
  const { multipleOf, maximum, minimum } = raw;
  if (multipleOf !== undefined) {
    checkFit(multipleOf, 'MultipleOf');
    // Whole numbers are divided as whole numbers, and so is what divides them.
    const factor = Number.isInteger(value) ? Math.trunc(multipleOf) : multipleOf;
    const quotient = factor < 1 ? (1 / factor) * value : value / factor;
    const isWhole = Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient));
    if (factor <= 0) invalid(factor, `factor MultipleOf declared for ${path} must be positive: ${factor}`);
    else if (!isWhole) invalid(value, `${path} in body should be a multiple of ${factor}`);
  }
  if (minimum !== undefined) {
    checkFit(minimum, 'Minimum boundary');
    const exclusive = raw.exclusiveMinimum === true;
    if (exclusive ? value <= minimum : value < minimum) {
      invalid(value, `${path} in body should be greater than ${exclusive ? '' : 'or equal to '}${minimum}`);
    }
  }
  if (maximum !== undefined) {
    checkFit(maximum, 'Maximum boundary');
    const exclusive = raw.exclusiveMaximum === true;
    if (exclusive ? value >= maximum : value > maximum) {
      invalid(value, `${path} in body should be less than ${exclusive ? '' : 'or equal to '}${maximum}`);
    }
  }
  return errors;
}
