/** What the formats print. */
import { type Fix, formatChange, type Level, type LevelVersion, type Violation } from '../index.js';
import type { Position } from './manifest.js';

/** Whether a finding fails the check, or is told only. */
export type Severity = 'error' | 'warning';

/** A violation with its places in the file. */
export interface ReportedViolation extends Omit<Violation, 'fields' | 'level'> {
  level: Exclude<Level, 'privileged'>;
  severity: Severity;
  /** What it was held against. */
  target: LevelVersion;
  fields: ({ path: string } & Position)[];
  fix: Fix;
}

/** An object with pods. */
export interface ReportedObject extends Position {
  file: string;
  kind: string;
  /** '' = none is said. */
  namespace: string;
  name: string;
  target: LevelVersion;
  allowed: boolean;
  violations: ReportedViolation[];
}

/** All that a run found. */
export interface Report {
  objects: ReportedObject[];
  /** What could not be read; complete sentences that name the place. */
  errors: string[];
}

/** `Deployment prod/web`. */
export function nameOf({ kind, namespace, name }: Pick<ReportedObject, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name === '' ? '(without a name)' : name}`;
}

/** `capabilities (container "a" must …)`. */
export function textOf({ reason, detail }: Pick<Violation, 'reason' | 'detail'>): string {
  return detail === '' ? reason : `${reason} (${detail})`;
}

/** A fix's changes as text, in the order of the fields; all of them count from the object as it is. */
export function changesText({ changes }: Fix): string[] {
  return changes.toReversed().map(formatChange);
}
