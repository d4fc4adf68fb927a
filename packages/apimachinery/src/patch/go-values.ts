import { isPlainObject } from './own-property.js';

/** A JSON value as Go prints it with `%v`: `map[a:1 b:[x y]]`. */
export function printGoValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(printGoValue).join(' ')}]`;
  if (isPlainObject(value)) {
    return `map[${Object.keys(value)
      .sort()
      .map((key) => `${key}:${printGoValue(value[key])}`)
      .join(' ')}]`;
  }
  return String(value);
}

/** A JSON value as Go prints it with `%#v`. */
export function printGoLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(printGoLiteral).join(', ')}}`;
  if (isPlainObject(value)) {
    return `map[string]interface {}{${Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${printGoLiteral(value[key])}`)
      .join(', ')}}`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** The Go type of a decoded JSON value, as `%T` prints it. */
export function goTypeName(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isPlainObject(value)) return 'map[string]interface {}';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int64';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return 'string';
}
