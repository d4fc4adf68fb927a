/** Holds the objects of manifests against levels. */
import { evaluateWorkload, formatLevelVersion, type LevelVersion, PodSecurityError, suggestFix, type Violation } from '../index.js';
import { InputError } from './console.js';
import { formatPosition, type ManifestObject, positionOf } from './manifest.js';
import { nameOf, type ReportedObject, type ReportedViolation, type Severity } from './report.js';

/** What an object is held against. `warn` null = nothing more than what is enforced. */
export interface Targets {
  enforce: LevelVersion;
  warn: LevelVersion | null;
}

const textAt = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Kind, namespace and name, as far as they are said. */
export function identityOf(object: Record<string, unknown>): { kind: string; namespace: string; name: string } {
  const metadata = (typeof object['metadata'] === 'object' && object['metadata'] !== null ? object['metadata'] : {}) as Record<
    string,
    unknown
  >;
  return {
    kind: textAt(object['kind']),
    namespace: textAt(metadata['namespace']),
    name: textAt(metadata['name']) || textAt(metadata['generateName']),
  };
}

function evaluate(found: ManifestObject, target: LevelVersion): readonly Violation[] | null {
  try {
    return evaluateWorkload(found.object, target, { apiDefaults: true })?.violations ?? null;
  } catch (error) {
    if (!PodSecurityError.is(error, 'POD_SECURITY_MALFORMED_POD')) throw error;
    const at = formatPosition(found.manifest.source.name, positionOf(found, error.data.field));
    throw new InputError(`${at}: ${nameOf(identityOf(found.object))}: ${error.message}`);
  }
}

/**
 * Checks one object.
 *
 * @returns null for objects that make no pods.
 * @throws {InputError} with the place of a field of a wrong type.
 */
export function checkObject(found: ManifestObject, { enforce, warn }: Targets): ReportedObject | null {
  const denied = evaluate(found, enforce);
  if (denied === null) return null;
  const reported = (severity: Severity, target: LevelVersion, violations: readonly Violation[]): ReportedViolation[] =>
    violations.map((violation) => ({
      ...violation,
      severity,
      target,
      fields: violation.fields.map((path) => ({ path, ...positionOf(found, path) })),
      fix: suggestFix(found.object, violation),
    }));
  const violations = reported('error', enforce, denied);
  // As in a cluster, what is refused is not warned of as well.
  const isWarned = warn !== null && denied.length === 0 && formatLevelVersion(warn) !== formatLevelVersion(enforce);
  if (isWarned) violations.push(...reported('warning', warn, evaluate(found, warn) ?? []));
  return {
    file: found.manifest.source.name,
    ...positionOf(found, ''),
    ...identityOf(found.object),
    target: enforce,
    allowed: denied.length === 0,
    violations,
  };
}
