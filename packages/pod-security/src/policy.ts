/** Levels, versions, and the policy that a namespace's labels ask for. */

/** The Pod Security Standards, least strict first. */
export type Level = 'privileged' | 'baseline' | 'restricted';

/** A minor version of Kubernetes 1, or the newest. */
export type Version = 'latest' | `v1.${number}`;

/** A level as of a version. */
export interface LevelVersion {
  level: Level;
  version: Version;
}

/** What is refused, recorded in the audit log, and warned of. */
export interface Policy {
  enforce: LevelVersion;
  audit: LevelVersion;
  warn: LevelVersion;
}

/** A label whose value means nothing; kube-apiserver's field error. */
export interface PolicyError {
  /** `metadata.labels[pod-security.kubernetes.io/enforce]`. */
  field: string;
  value: string;
  detail: string;
}

const LEVELS: readonly Level[] = ['privileged', 'baseline', 'restricted'];
const VERSION = /^v1\.(0|[1-9][0-9]*)$/;
const PREFIX = 'pod-security.kubernetes.io/';
const LEVEL_TEXT = 'must be one of privileged, baseline, restricted';
const VERSION_TEXT = 'must be "latest" or "v1.x"';
/** Go's largest int: longer minors do not parse. */
const MINOR_MAX = 9_223_372_036_854_775_807n;

/** @throws {RangeError} naming the text. */
export function parseLevel(text: string): Level {
  if (LEVELS.includes(text as Level)) return text as Level;
  throw new RangeError(LEVEL_TEXT);
}

/** @throws {RangeError} for anything but `latest` and `v1.N`. */
export function parseVersion(text: string): Version {
  const minor = VERSION.exec(text)?.[1];
  if (text === 'latest' || (minor !== undefined && BigInt(minor) <= MINOR_MAX)) return text as Version;
  throw new RangeError(VERSION_TEXT);
}

/** The minor of a version; infinity for `latest`. */
export function minorOf(version: Version): number {
  return version === 'latest' ? Number.POSITIVE_INFINITY : Number(version.slice(3));
}

/** Below zero when `a` is less strict than `b`. */
export function compareLevels(a: Level, b: Level): number {
  return LEVELS.indexOf(a) - LEVELS.indexOf(b);
}

/** `baseline:v1.25`. */
export function formatLevelVersion({ level, version }: LevelVersion): string {
  return `${level}:${version}`;
}

/** The same, or both privileged, where versions mean nothing. */
export function isEquivalent(a: LevelVersion, b: LevelVersion): boolean {
  return a.level === b.level && (a.level === 'privileged' || a.version === b.version);
}

/** Nothing is refused, recorded or warned of. */
export function isFullyPrivileged(policy: Policy): boolean {
  return policy.enforce.level === 'privileged' && policy.audit.level === 'privileged' && policy.warn.level === 'privileged';
}

const OPEN: LevelVersion = { level: 'privileged', version: 'latest' };

/** What applies to a namespace without labels, unless the cluster says otherwise. */
export const PRIVILEGED_POLICY: Policy = { enforce: OPEN, audit: OPEN, warn: OPEN };

/**
 * The policy of a namespace.
 *
 * Values that mean nothing are replaced by the safe ones (enforce: restricted, audit and warn: privileged, versions:
 * latest) and reported. Without a warn level, what is enforced is warned of too.
 *
 * @param labels - The namespace's labels.
 * @param defaults - What holds where no label says anything.
 */
export function policyFromLabels(
  labels: Readonly<Record<string, string>> | undefined,
  defaults: Policy = PRIVILEGED_POLICY,
): { policy: Policy; errors: PolicyError[] } {
  const errors: PolicyError[] = [];
  const policy: Policy = { enforce: { ...defaults.enforce }, audit: { ...defaults.audit }, warn: { ...defaults.warn } };
  if (labels === undefined) return { policy, errors };
  const read = <T>(name: string, parse: (text: string) => T, substitute: T): T | undefined => {
    const key = `${PREFIX}${name}`;
    if (!Object.hasOwn(labels, key)) return undefined;
    // Null is an empty text, as in the API.
    const value = (labels[key] as string | null) ?? '';
    try {
      return parse(value);
    } catch (error) {
      errors.push({ field: `metadata.labels[${key}]`, value, detail: (error as Error).message });
      return substitute;
    }
  };
  const before = errors.length;
  const enforce = read('enforce', parseLevel, 'restricted');
  const isEnforceValid = enforce !== undefined && errors.length === before;
  if (enforce !== undefined) policy.enforce.level = enforce;
  policy.enforce.version = read('enforce-version', parseVersion, 'latest') ?? policy.enforce.version;
  for (const mode of ['audit', 'warn'] as const) {
    const level = read(mode, parseLevel, 'privileged');
    if (level !== undefined) policy[mode].level = level;
    policy[mode].version = read(`${mode}-version`, parseVersion, 'latest') ?? policy[mode].version;
  }
  const hasWarn = Object.hasOwn(labels, `${PREFIX}warn`);
  if (!hasWarn && isEnforceValid && compareLevels(policy.enforce.level, policy.warn.level) > 0) {
    policy.warn.level = policy.enforce.level;
    if (!Object.hasOwn(labels, `${PREFIX}warn-version`)) policy.warn.version = policy.enforce.version;
  }
  return { policy, errors };
}
