/** Functions over lists of values that have an order or a sum. */
import { type Environment, Optional } from '@marcbachmann/cel-js';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { CelBudgetError, CelEvaluationError } from '../errors.js';
import { TRANSLATED } from '../translate.js';
import { CelValues } from './equality.js';
import { typeNameOf } from './type-names.js';

/** Elements that `lists.range` makes: as many as an expression may cost units. */
const RANGE_MAX = 1_000_000n;
const ORDERED: ReadonlySet<string> = new Set([
  ...['bool', 'int', 'uint', 'double', 'string', 'bytes'],
  ...['google.protobuf.Timestamp', 'google.protobuf.Duration'],
]);

/** Declares them. */
export function registerLists(environment: Environment): void {
  environment
    .registerFunction('list.isSorted(): bool', (list: unknown[]) => list.every((item, i) => i === 0 || compare(list[i - 1], item) <= 0))
    .registerFunction('list.sum(): dyn', sum)
    .registerFunction('list.min(): dyn', (list: unknown[]) => extreme(list, 'min', -1))
    .registerFunction('list.max(): dyn', (list: unknown[]) => extreme(list, 'max', 1))
    .registerFunction('list._slice(int, int): list<dyn>', slice)
    .registerFunction('list._flatten(): list<dyn>', (list: unknown[]) => list.flat())
    .registerFunction('list._flatten(int): list<dyn>', flatten)
    .registerFunction('list._reverse(): list<dyn>', (list: unknown[]) => list.toReversed())
    .registerFunction('list._distinct(): list<dyn>', (list: unknown[]) => {
      const values = new CelValues();
      return list.filter((item) => values.add(item));
    })
    .registerFunction('list._first(): optional<dyn>', (list: unknown[]) => optionalItem(list, 0))
    .registerFunction('list._last(): optional<dyn>', (list: unknown[]) => optionalItem(list, list.length - 1))
    .registerFunction('list._sort(): list<dyn>', (list: unknown[]) => sortPairs(list.map((item) => [item, item])))
    .registerFunction(`${TRANSLATED.sortPairs}(list): list<dyn>`, sortPairs)
    .registerFunction('_lists_range(int): list<int>', range);
}

function slice(list: unknown[], from: bigint, to: bigint): unknown[] {
  const fault = (why: string): CelEvaluationError => new CelEvaluationError(`cannot slice(${from}, ${to}), ${why}`);
  if (from < 0n || to < 0n) throw fault('negative indexes not supported');
  if (from > to) throw fault('start index must be less than or equal to end index');
  if (to > BigInt(list.length)) throw fault(`list is length ${list.length}`);
  return list.slice(Number(from), Number(to));
}

function flatten(list: unknown[], depth: bigint): unknown[] {
  if (depth < 0n) throw new CelEvaluationError('level must be non-negative');
  return list.flat(Number(depth));
}

function optionalItem(list: unknown[], i: number): Optional {
  return list.length === 0 ? Optional.none() : Optional.of(list[i]);
}

/** The second of each pair, in the order of the first. */
function sortPairs(pairs: [key: unknown, value: unknown][]): unknown[] {
  const [first] = pairs;
  if (first === undefined) return [];
  if (!isOrdered(typeNameOf(first[0]))) throw new CelEvaluationError('list elements must be comparable');
  if (pairs.some(([key]) => typeNameOf(key) !== typeNameOf(first[0])))
    throw new CelEvaluationError('list elements must have the same type');
  return pairs.toSorted(([a], [b]) => compare(a, b)).map(([, value]) => value);
}

function range(length: bigint): bigint[] {
  // Each element costs a unit.
  if (length > RANGE_MAX) throw new CelBudgetError();
  return Array.from({ length: Number(length < 0n ? 0n : length) }, (_none, i) => BigInt(i));
}

function extreme(list: unknown[], name: string, sign: 1 | -1): unknown {
  if (list.length === 0) throw new CelEvaluationError(`${name} called on empty list`);
  return list.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best));
}

/** Something that `<` orders, for values that it does not order by itself. */
function orderOf(value: unknown): unknown {
  if (value instanceof UnsignedInt) return value.valueOf();
  if (value instanceof Date) return value.getTime();
  return value instanceof Duration ? nanosOf(value) : value;
}

const nanosOf = (value: Duration): bigint => value.seconds * 1_000_000_000n + BigInt(value.nanos);

function compare(a: unknown, b: unknown): number {
  const type = typeNameOf(a);
  if (!(isOrdered(type) && type === typeNameOf(b)) && !(isNumber(a) && isNumber(b))) throw new CelEvaluationError('no such overload');
  if (typeof a === 'string' || a instanceof Uint8Array) return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
  const [left, right] = [orderOf(a) as number, orderOf(b) as number];
  return left < right ? -1 : left > right ? 1 : 0;
}

const isOrdered = (type: string): boolean => ORDERED.has(type);
const isNumber = (value: unknown): boolean => typeof value === 'bigint' || typeof value === 'number' || value instanceof UnsignedInt;

type Summand = bigint | number | UnsignedInt | Duration;

function sum(list: Summand[]): Summand {
  const [first = 0n, ...rest] = list;
  return rest.reduce(add, first);
}

function add(a: Summand, b: Summand): Summand {
  if (typeof a === 'bigint' && typeof b === 'bigint') return within(a + b, -(2n ** 63n), 2n ** 63n, 'integer overflow');
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a instanceof UnsignedInt && b instanceof UnsignedInt) {
    return new UnsignedInt(within(a.valueOf() + b.valueOf(), 0n, 2n ** 64n, 'unsigned integer overflow'));
  }
  if (!(a instanceof Duration && b instanceof Duration)) throw new CelEvaluationError('no such overload');
  const nanos = within(nanosOf(a) + nanosOf(b), -(2n ** 63n), 2n ** 63n, 'duration overflow');
  return new Duration(nanos / 1_000_000_000n, Number(nanos % 1_000_000_000n));
}

function within(value: bigint, least: bigint, end: bigint, fault: string): bigint {
  if (value >= least && value < end) return value;
  throw new CelEvaluationError(fault);
}
