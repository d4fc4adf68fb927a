/** The functions that translated expressions call; see translate.ts. */
import { type Environment, Optional } from '@marcbachmann/cel-js';
import { UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { CelEvaluationError } from '../errors.js';
import { TRANSLATED } from '../translate.js';
import { toBool, toDouble, toDuration, toInt, toText, toTimestamp, toUint } from './conversions.js';
import { celEquals } from './equality.js';
import { noSuchOverload, typeNameOf } from './type-names.js';

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && typeNameOf(value) === 'map';
const keyOf = (key: unknown): string => (typeof key === 'string' ? key : String(key));

/** A value whose type was written out: `Object.spec{...}`, `JSONPatch{...}`. */
export class CelMessage {
  readonly typeName: string;
  readonly fields: Fields;

  constructor(typeName: string, fields: Fields) {
    this.typeName = typeName;
    this.fields = fields;
  }

  equals(other: unknown): boolean {
    return other instanceof CelMessage && other.typeName === this.typeName && celEquals(this.fields, other.fields);
  }
}

/** The variables of one evaluation, each evaluated when it is first asked for. */
export class CelScope {
  readonly #read: (name: string) => unknown;

  constructor(read: (name: string) => unknown) {
    this.#read = read;
  }

  get(name: string): unknown {
    return this.#read(name);
  }
}

/** Declares them. */
export function registerTranslated(environment: Environment): void {
  // Only the variables may have to be waited for.
  const now = { async: false };
  environment
    .registerType('kubernetes.Message', CelMessage)
    .registerType('kubernetes.Scope', CelScope)
    .registerVariable('_scope', 'kubernetes.Scope')
    .registerFunction(`${TRANSLATED.variable}(kubernetes.Scope, string): dyn`, (scope: CelScope, name: string) => scope.get(name))
    .registerFunction(`${TRANSLATED.has}(dyn, string): bool`, hasField, now)
    .registerFunction(`${TRANSLATED.equal}(dyn, dyn): bool`, celEquals, now)
    .registerFunction(`${TRANSLATED.contains}(dyn, dyn): bool`, contains, now)
    .registerFunction(`${TRANSLATED.index}(dyn, dyn): dyn`, index, now)
    .registerFunction(`${TRANSLATED.message}(string, list): dyn`, message, now)
    .registerFunction(`${TRANSLATED.list}(list, list): list<dyn>`, (items: unknown[], flags: boolean[]) =>
      items.flatMap((item, i) => (flags[i] === true ? present(item) : [item])),
    )
    .registerFunction(`${TRANSLATED.map}(list, list): map<dyn, dyn>`, (entries: unknown[], flags: boolean[]) => {
      const pairs = flags.flatMap((flag, i) => {
        const key = keyOf(entries[2 * i]);
        const value = entries[2 * i + 1];
        return (flag ? present(value) : [value]).map((item) => [key, item] as const);
      });
      return Object.fromEntries(pairs);
    })
    .registerFunction(`${TRANSLATED.entries}(dyn): list<dyn>`, (range: unknown) => {
      if (Array.isArray(range)) return range.map((v: unknown, i) => ({ k: BigInt(i), v }));
      if (isFields(range)) return Object.entries(range).map(([k, v]) => ({ k, v }));
      throw noSuchOverload('@iter', range);
    })
    .registerFunction(`${TRANSLATED.fromEntries}(list): map<dyn, dyn>`, (pairs: [unknown, unknown][]) =>
      Object.fromEntries(pairs.map(([key, value]) => [keyOf(key), value])),
    )
    .registerFunction(`${TRANSLATED.merge}(list): map<dyn, dyn>`, (maps: Fields[]) => merged(maps))
    .registerFunction('_optional_ofNonZeroValue(dyn): optional<dyn>', (value: unknown) =>
      isZero(value) ? Optional.none() : Optional.of(value),
    )
    .registerFunction('optional._value(): dyn', (optional: Optional) => {
      if (!optional.hasValue()) throw new CelEvaluationError('optional.none() dereference');
      return optional.value();
    })
    .registerFunction(`${TRANSLATED.items}(dyn): list<dyn>`, (optional: unknown) => {
      if (!(optional instanceof Optional)) throw noSuchOverload('hasValue', optional);
      return optional.hasValue() ? [optional.value()] : [];
    })
    .registerFunction(`${TRANSLATED.first}(list): optional<dyn>`, (items: unknown[]) =>
      items.length === 0 ? Optional.none() : Optional.of(items[0]),
    )
    .registerFunction(`${TRANSLATED.flat}(list): optional<dyn>`, (items: unknown[]) => {
      const [first] = items;
      return first instanceof Optional ? first : Optional.none();
    })
    .registerFunction('_int(dyn): int', toInt, now)
    .registerFunction('_uint(dyn): uint', toUint, now)
    .registerFunction('_double(dyn): double', toDouble, now)
    .registerFunction('_bool(dyn): bool', toBool, now)
    .registerFunction('_string(dyn): string', toText, now)
    .registerFunction('_timestamp(dyn): google.protobuf.Timestamp', toTimestamp, now)
    .registerFunction('_duration(dyn): google.protobuf.Duration', toDuration, now);
}

function merged(maps: readonly Fields[]): Fields {
  const entries = new Map<string, unknown>();
  for (const [key, value] of maps.flatMap((map) => Object.entries(map))) {
    if (entries.has(key)) throw new CelEvaluationError(`insert failed: key ${key} already exists`);
    entries.set(key, value);
  }
  return Object.fromEntries(entries);
}

/** What an optional entry contributes. */
function present(value: unknown): unknown[] {
  if (!(value instanceof Optional))
    throw new CelEvaluationError(`cannot initialize optional list element from non-optional value ${typeNameOf(value)}`);
  return value.hasValue() ? [value.value()] : [];
}

function isZero(value: unknown): boolean {
  if (value === null || value === '' || value === false || value === 0 || value === 0n) return true;
  if (value instanceof UnsignedInt) return value.valueOf() === 0n;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  return isFields(value) && Object.keys(value).length === 0;
}

function hasField(operand: unknown, field: string): boolean {
  if (operand instanceof Optional) return operand.hasValue() && hasField(operand.value(), field);
  if (operand instanceof CelMessage) return Object.hasOwn(operand.fields, field);
  if (isFields(operand)) return Object.hasOwn(operand, field) && operand[field] !== undefined;
  throw new CelEvaluationError(`no such key: ${field}`);
}

function contains(container: unknown, item: unknown): boolean {
  if (Array.isArray(container)) return container.some((entry) => celEquals(entry, item));
  if (isFields(container)) return (typeof item === 'string' || typeof item === 'bigint') && Object.hasOwn(container, keyOf(item));
  throw noSuchOverload('@in', item, container);
}

function index(operand: unknown, key: unknown): unknown {
  if (operand instanceof Optional) {
    if (!operand.hasValue()) return operand;
    const inner = operand.value();
    if (Array.isArray(inner) ? inner[Number(key)] === undefined : !contains(inner, key)) return Optional.none();
    return Optional.of(index(inner, key));
  }
  if (Array.isArray(operand)) {
    const at =
      typeof key === 'bigint'
        ? Number(key)
        : key instanceof UnsignedInt
          ? Number(key.valueOf())
          : typeof key === 'number'
            ? key
            : Number.NaN;
    if (!Number.isInteger(at)) throw new CelEvaluationError(`unsupported index type '${typeNameOf(key)}' in list`);
    if (at < 0 || at >= operand.length) throw new CelEvaluationError(`index out of bounds: ${at}`);
    return operand[at];
  }
  if (isFields(operand)) {
    const name = keyOf(key);
    if (!Object.hasOwn(operand, name)) throw new CelEvaluationError(`no such key: ${name}`);
    return operand[name];
  }
  throw new CelEvaluationError('no such overload');
}

function message(typeName: string, entries: unknown[]): CelMessage {
  const fields: Fields = {};
  for (let i = 0; i < entries.length; i += 2) {
    const name = entries[i] as string;
    const value = entries[i + 1];
    if (!name.startsWith('?')) fields[name] = value;
    else for (const item of present(value)) fields[name.slice(1)] = item;
  }
  return new CelMessage(typeName, fields);
}
