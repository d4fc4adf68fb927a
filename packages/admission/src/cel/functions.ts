/** Functions that Kubernetes adds to CEL, or that the library lacks or does in another way. */
import { Quantity } from '@k/apimachinery';
import type { Environment } from '@marcbachmann/cel-js';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { RE2JS } from 're2js';
import { CelEvaluationError } from './errors.js';

/** The name under which `matches` is registered: the library's own is a backtracking matcher and cannot be replaced. */
export const MATCHES = 'matchesLinear';

/** Adds them to an environment. */
export function registerFunctions(environment: Environment): void {
  registerConversions(environment);
  registerStrings(environment);
  registerPatterns(environment);
  registerLists(environment);
  registerQuantities(environment);
  registerUrls(environment);
}

function registerConversions(environment: Environment): void {
  environment
    .registerFunction('int(uint): int', (value: { value: bigint }) => value.value)
    .registerFunction('int(google.protobuf.Timestamp): int', (value: Date) => BigInt(Math.floor(value.getTime() / 1000)))
    .registerFunction('string(google.protobuf.Timestamp): string', (value: Date) => value.toISOString().replace('.000Z', 'Z'))
    .registerFunction('string(google.protobuf.Duration): string', (value: object) => String(value));
}

/** An index into a string, which CEL counts in characters. */
function characters(text: string): string[] {
  return Array.from(text);
}

function registerStrings(environment: Environment): void {
  const replace = (text: string, from: string, to: string, limit: bigint): string => {
    if (limit < 0n) return text.replaceAll(from, () => to);
    let left = limit;
    return text.replaceAll(from, (found) => (left-- > 0n ? to : found));
  };
  environment
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) => replace(text, from, to, -1n))
    .registerFunction('string.replace(string, string, int): string', replace)
    .registerFunction('string.charAt(int): string', (text: string, index: bigint) => {
      const all = characters(text);
      if (index < 0n || index > BigInt(all.length)) throw new CelEvaluationError(`index out of range: ${index}`);
      return all[Number(index)] ?? '';
    })
    .registerFunction('string.reverse(): string', (text: string) => characters(text).reverse().join(''));
}

function registerPatterns(environment: Environment): void {
  const compiled = new Map<string, RE2JS>();
  const compile = (pattern: string): RE2JS => {
    let found = compiled.get(pattern);
    if (found === undefined) {
      if (compiled.size >= 256) compiled.clear();
      found = RE2JS.compile(pattern);
      compiled.set(pattern, found);
    }
    return found;
  };
  const matches = (text: string, pattern: string): boolean => compile(pattern).matcher(text).find();
  const findAll = (text: string, pattern: string, limit: bigint): string[] => {
    const matcher = compile(pattern).matcher(text);
    const found: string[] = [];
    while ((limit < 0n || BigInt(found.length) < limit) && matcher.find()) found.push(matcher.group() ?? '');
    return found;
  };
  environment
    .registerFunction(`string.${MATCHES}(string): bool`, matches)
    .registerFunction(`${MATCHES}(string, string): bool`, matches)
    .registerFunction('string.find(string): string', (text: string, pattern: string) => findAll(text, pattern, 1n)[0] ?? '')
    .registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) => findAll(text, pattern, -1n))
    .registerFunction('string.findAll(string, int): list<string>', findAll);
}

type Ordered = string | bigint | number | boolean;

function registerLists(environment: Environment): void {
  const extreme = (list: Ordered[], name: string, isBetter: (a: Ordered, b: Ordered) => boolean): Ordered => {
    if (list.length === 0) throw new CelEvaluationError(`${name} called on empty list`);
    return list.reduce((best, item) => (isBetter(item, best) ? item : best));
  };
  const sum = (list: (bigint | number | UnsignedInt | Duration)[]): bigint | number | UnsignedInt | Duration => {
    let total: bigint | number | UnsignedInt | Duration = 0n;
    for (const [i, item] of list.entries()) {
      if (i === 0) total = item;
      else if (item instanceof Duration) total = (total as Duration).addDuration(item);
      else if (item instanceof UnsignedInt) total = new UnsignedInt((total as UnsignedInt).valueOf() + item.valueOf());
      else if (typeof item === 'bigint' && typeof total === 'bigint') total += item;
      else total = Number(total) + Number(item);
    }
    return total;
  };
  const isSorted = (list: Ordered[]): boolean => list.every((item, i) => i === 0 || (list[i - 1] as Ordered) <= item);
  environment
    .registerFunction('list.isSorted(): bool', isSorted)
    .registerFunction('list.sum(): dyn', sum)
    .registerFunction('list.min(): dyn', (list: Ordered[]) => extreme(list, 'min', (a, b) => a < b))
    .registerFunction('list.max(): dyn', (list: Ordered[]) => extreme(list, 'max', (a, b) => a > b))
    .registerFunction('list.indexOf(dyn): int', (list: unknown[], item: unknown) => BigInt(list.indexOf(item)))
    .registerFunction('list.lastIndexOf(dyn): int', (list: unknown[], item: unknown) => BigInt(list.lastIndexOf(item)));
}

function registerQuantities(environment: Environment): void {
  const parse = (text: string): Quantity => {
    try {
      return Quantity.parse(text);
    } catch (error) {
      throw new CelEvaluationError(error instanceof Error ? error.message : String(error));
    }
  };
  const isQuantity = (text: string): boolean => {
    try {
      Quantity.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  environment
    .registerType('kubernetes.Quantity', Quantity)
    .registerFunction('quantity(string): kubernetes.Quantity', parse)
    .registerFunction('isQuantity(string): bool', isQuantity)
    .registerFunction('kubernetes.Quantity.isInteger(): bool', (a: Quantity) => a.isInteger())
    .registerFunction('kubernetes.Quantity.asInteger(): int', (a: Quantity) => {
      if (!a.isInteger()) throw new CelEvaluationError('cannot convert value to integer');
      return a.value();
    })
    .registerFunction('kubernetes.Quantity.asApproximateFloat(): double', (a: Quantity) => a.toNumber())
    .registerFunction('kubernetes.Quantity.sign(): int', (a: Quantity) => BigInt(a.sign()))
    .registerFunction('kubernetes.Quantity.isGreaterThan(kubernetes.Quantity): bool', (a: Quantity, b: Quantity) => a.compare(b) > 0)
    .registerFunction('kubernetes.Quantity.isLessThan(kubernetes.Quantity): bool', (a: Quantity, b: Quantity) => a.compare(b) < 0)
    .registerFunction('kubernetes.Quantity.compareTo(kubernetes.Quantity): int', (a: Quantity, b: Quantity) => BigInt(a.compare(b)))
    .registerFunction('kubernetes.Quantity.add(kubernetes.Quantity): kubernetes.Quantity', (a: Quantity, b: Quantity) => a.add(b))
    .registerFunction('kubernetes.Quantity.sub(kubernetes.Quantity): kubernetes.Quantity', (a: Quantity, b: Quantity) => a.sub(b))
    .registerFunction('kubernetes.Quantity.add(int): kubernetes.Quantity', (a: Quantity, b: bigint) => a.add(Quantity.of(b)))
    .registerFunction('kubernetes.Quantity.sub(int): kubernetes.Quantity', (a: Quantity, b: bigint) => a.sub(Quantity.of(b)))
    .registerOperator('kubernetes.Quantity == kubernetes.Quantity', (a: Quantity, b: Quantity) => a.compare(b) === 0);
}

function registerUrls(environment: Environment): void {
  const parse = (text: string): URL => {
    if (!URL.canParse(text)) throw new CelEvaluationError(`URL parse error during conversion from string: ${JSON.stringify(text)}`);
    return new URL(text);
  };
  environment
    .registerType('kubernetes.URL', URL)
    .registerFunction('url(string): kubernetes.URL', parse)
    .registerFunction('isURL(string): bool', (text: string) => URL.canParse(text))
    .registerFunction('kubernetes.URL.getScheme(): string', (url: URL) => url.protocol.slice(0, -1))
    .registerFunction('kubernetes.URL.getHost(): string', (url: URL) => url.host)
    .registerFunction('kubernetes.URL.getHostname(): string', (url: URL) => url.hostname.replace(/^\[|\]$/g, ''))
    .registerFunction('kubernetes.URL.getPort(): string', (url: URL) => url.port)
    .registerFunction('kubernetes.URL.getEscapedPath(): string', (url: URL) => url.pathname)
    .registerFunction('kubernetes.URL.getQuery(): map<string, list<string>>', (url: URL) =>
      Object.fromEntries([...new Set(url.searchParams.keys())].map((key) => [key, url.searchParams.getAll(key)])),
    );
}
