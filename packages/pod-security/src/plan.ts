/** Which checks apply at a level and version. */
import type { Check, CheckFunction, Revision } from './check.js';
import { type Level, type LevelVersion, minorOf, parseLevel, parseVersion, type Version } from './policy.js';
import { compareBytes } from './text.js';

/** A check's form at one version. */
export interface ActiveCheck {
  id: string;
  level: Exclude<Level, 'privileged'>;
  run: CheckFunction;
}

/**
 * Makes sure that a list of checks can be worked with.
 *
 * @throws {RangeError} naming the check, with upstream's texts.
 */
export function validateChecks(checks: readonly Check[]): void {
  const levels = new Map<string, Check['level']>();
  for (const { id, level, revisions } of checks) {
    if (levels.has(id)) throw new RangeError(`multiple checks registered for ID ${id}`);
    levels.set(id, level);
    if (level !== 'baseline' && level !== 'restricted') throw new RangeError(`check ${id}: invalid level ${level}`);
    if (revisions.length === 0) throw new RangeError(`check ${id}: empty`);
    let newest = -1;
    for (const { since } of revisions) {
      if (since === Number.POSITIVE_INFINITY) throw new RangeError(`check ${id}: version cannot be 'latest'`);
      if (!Number.isSafeInteger(since) || since < 0) throw new RangeError(`check ${id}: undefined version found`);
      if (since === newest) throw new RangeError(`check ${id}: duplicate version v1.${since}`);
      if (since < newest) throw new RangeError(`check ${id}: versions must be strictly increasing`);
      newest = since;
    }
  }
  for (const { id, level, revisions } of checks) {
    for (const target of revisions.flatMap(({ overrides }) => overrides ?? [])) {
      if (level !== 'restricted') throw new RangeError(`check ${id}: only restricted checks may set overrides`);
      if (levels.get(target) === 'restricted') throw new RangeError(`check ${id}: overrides restricted check ${target}`);
    }
  }
}

/** The checks that apply at a level and version, in the order of messages: baseline, restricted, each by id. */
export function activeChecks(checks: readonly Check[], { level, version }: LevelVersion): ActiveCheck[] {
  if (level === 'privileged') return [];
  const minor = minorOf(version);
  const pick = (of: Check['level']): (ActiveCheck & Pick<Revision, 'overrides'>)[] =>
    checks
      .filter((check) => check.level === of)
      .flatMap(({ id, revisions }) => {
        const revision = revisions.findLast(({ since }) => since <= minor);
        return revision === undefined ? [] : [{ ...revision, id, level: of }];
      })
      .sort((a, b) => compareBytes(a.id, b.id));
  const restricted = level === 'restricted' ? pick('restricted') : [];
  const overridden = new Set(restricted.flatMap(({ overrides }) => overrides ?? []));
  return [...pick('baseline').filter(({ id }) => !overridden.has(id)), ...restricted].map((check) => ({
    id: check.id,
    level: check.level,
    run: check.run,
  }));
}

/** Versions whose plans are kept by name; plans themselves are as many as there are minors with changes. */
const VERSIONS_MAX = 256;

/** Works out what applies at each level and version once. */
export class Plans {
  readonly #checks: readonly Check[];
  readonly #minorMax: number;
  readonly #byVersion: Readonly<Record<Check['level'], Map<string, readonly ActiveCheck[]>>> = {
    baseline: new Map(),
    restricted: new Map(),
  };

  constructor(checks: readonly Check[]) {
    validateChecks(checks);
    this.#checks = [...checks];
    this.#minorMax = Math.max(0, ...checks.flatMap(({ revisions }) => revisions.map(({ since }) => since)));
  }

  /**
   * Versions newer than all that the checks know are the newest that they know.
   *
   * @throws {RangeError} naming a level or version that is none.
   */
  at(level: Level, version: Version): readonly ActiveCheck[] {
    const plans = level === 'baseline' ? this.#byVersion.baseline : this.#byVersion.restricted;
    const known = level === 'privileged' ? undefined : plans.get(version);
    return known !== undefined && (level === 'baseline' || level === 'restricted') ? known : this.#make(level, version);
  }

  #make(level: Level, version: Version): readonly ActiveCheck[] {
    try {
      parseLevel(level);
    } catch (error) {
      throw new RangeError(`"level" ${(error as Error).message}, got ${JSON.stringify(level)}`);
    }
    try {
      parseVersion(version);
    } catch (error) {
      throw new RangeError(`"version" ${(error as Error).message}, got ${JSON.stringify(version)}`);
    }
    if (level === 'privileged') return [];
    const plans = this.#byVersion[level];
    const clamped: Version = `v1.${Math.min(minorOf(version), this.#minorMax)}`;
    const plan = plans.get(clamped) ?? activeChecks(this.#checks, { level, version: clamped });
    plans.set(clamped, plan);
    if (plans.size < VERSIONS_MAX) plans.set(version, plan);
    return plan;
  }
}
