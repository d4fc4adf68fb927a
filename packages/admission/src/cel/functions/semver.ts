/** `semver()`: versions of semver.org, strictly, or what can be read as one when normalised. */
import { goQuote } from '@k/apimachinery';
import type { Environment } from '@marcbachmann/cel-js';
import { CelEvaluationError } from '../errors.js';

/** A version in an expression. */
export class CelSemver {
  readonly typeName = 'kubernetes.Semver';
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];

  constructor(numbers: readonly [bigint, bigint, bigint], pre: readonly string[]) {
    this.numbers = numbers;
    this.pre = pre;
  }

  /** Negative when this one comes first. Builds do not count. */
  compare(other: CelSemver): number {
    for (const [i, number] of this.numbers.entries()) {
      const against = other.numbers[i] as bigint;
      if (number !== against) return number < against ? -1 : 1;
    }
    if (this.pre.length === 0 || other.pre.length === 0) return Math.sign(other.pre.length - this.pre.length);
    for (const [i, part] of this.pre.entries()) {
      const against = other.pre[i];
      if (against === undefined) return 1;
      if (part === against) continue;
      const [isNumber, isOtherNumber] = [/^\d+$/.test(part), /^\d+$/.test(against)];
      if (isNumber && isOtherNumber) return BigInt(part) < BigInt(against) ? -1 : 1;
      if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
      return part < against ? -1 : 1;
    }
    return this.pre.length < other.pre.length ? -1 : 0;
  }

  equals(other: unknown): boolean {
    return other instanceof CelSemver && this.compare(other) === 0;
  }
}

/** Takes what people write for the strict form: a `v` in front, missing numbers, zeros in front. */
function normalise(text: string): string {
  const [, core = '', rest = ''] = /^v?([^-+]*)(.*)$/s.exec(text) ?? [];
  const numbers = core.split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
  while (numbers.length < 3) numbers.push('0');
  return numbers.join('.') + rest;
}

function semverOf(given: string, isNormalised: boolean): CelSemver {
  const text = isNormalised ? normalise(given) : given;
  const fault = (why: string): CelEvaluationError => new CelEvaluationError(why);
  if (text === '') throw fault('Version string empty');
  const parts = text.split('.');
  if (parts.length < 3) throw fault('No Major.Minor.Patch elements found');
  const [major = '', minor = ''] = parts;
  const rest = parts.slice(2).join('.');
  const [, patch = '', , pre, , build] = /^([^-+]*)(-([^+]*))?(\+(.*))?$/s.exec(rest) ?? [];
  for (const [name, part] of [
    ['major', major],
    ['minor', minor],
    ['patch', patch],
  ] as const) {
    if (!/^\d*$/.test(part)) throw fault(`Invalid character(s) found in ${name} number ${goQuote(part)}`);
    if (part.length > 1 && part.startsWith('0')) {
      const title = `${name[0]?.toUpperCase()}${name.slice(1)}`;
      throw fault(`${title} number must not contain leading zeroes ${goQuote(part)}`);
    }
    if (part === '') throw fault('strconv.ParseUint: parsing "": invalid syntax');
  }
  const preParts = pre === undefined ? [] : pre.split('.');
  for (const part of preParts) {
    if (part === '') throw fault('Prerelease is empty');
    if (/^0\d+$/.test(part)) throw fault(`Numeric PreRelease version must not contain leading zeroes ${goQuote(part)}`);
    if (!/^[0-9A-Za-z-]+$/.test(part)) throw fault(`Invalid character(s) found in prerelease ${goQuote(part)}`);
  }
  for (const part of build === undefined ? [] : build.split('.')) {
    if (part === '') throw fault('Build meta data is empty');
    if (!/^[0-9A-Za-z-]+$/.test(part)) throw fault(`Invalid character(s) found in build meta data ${goQuote(part)}`);
  }
  return new CelSemver([BigInt(major), BigInt(minor), BigInt(patch)], preParts);
}

/** Declares it. */
export function registerSemver(environment: Environment): void {
  const is = (text: string, isNormalised: boolean): boolean => {
    try {
      semverOf(text, isNormalised);
      return true;
    } catch {
      return false;
    }
  };
  environment
    .registerType('kubernetes.Semver', CelSemver)
    .registerFunction('semver(string): kubernetes.Semver', (text: string) => semverOf(text, false))
    .registerFunction('semver(string, bool): kubernetes.Semver', semverOf)
    .registerFunction('isSemver(string): bool', (text: string) => is(text, false))
    .registerFunction('isSemver(string, bool): bool', is)
    .registerFunction('kubernetes.Semver.major(): int', (version: CelSemver) => version.numbers[0])
    .registerFunction('kubernetes.Semver.minor(): int', (version: CelSemver) => version.numbers[1])
    .registerFunction('kubernetes.Semver.patch(): int', (version: CelSemver) => version.numbers[2])
    .registerFunction('kubernetes.Semver.isGreaterThan(kubernetes.Semver): bool', (a: CelSemver, b: CelSemver) => a.compare(b) > 0)
    .registerFunction('kubernetes.Semver.isLessThan(kubernetes.Semver): bool', (a: CelSemver, b: CelSemver) => a.compare(b) < 0)
    .registerFunction('kubernetes.Semver.compareTo(kubernetes.Semver): int', (a: CelSemver, b: CelSemver) => BigInt(a.compare(b)));
}
