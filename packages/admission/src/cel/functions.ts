/** Functions that Kubernetes adds to CEL, or that the library lacks or does in another way. */
import { Quantity } from '@k/apimachinery';
import type { Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { CelEvaluationError } from './errors.js';
import { registerLists } from './functions/lists.js';
import { registerUrls } from './functions/urls.js';

/** The name under which `matches` is registered: the library's own is a backtracking matcher and cannot be replaced. */
export const MATCHES = 'matchesLinear';

/** Adds them to an environment. */
export function registerFunctions(environment: Environment): void {
  registerStrings(environment);
  registerPatterns(environment);
  registerLists(environment);
  registerQuantities(environment);
  registerUrls(environment);
}

function registerStrings(environment: Environment): void {
  const replace = (text: string, from: string, to: string, limit: bigint): string => {
    if (limit < 0n) return text.replaceAll(from, () => to);
    let left = limit;
    return text.replaceAll(from, (found) => (left-- > 0n ? to : found));
  };
  environment
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) => replace(text, from, to, -1n))
    .registerFunction('string.replace(string, string, int): string', replace);
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
