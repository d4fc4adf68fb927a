/** What a check is and how its findings are worded. */

import type { PodView, SecurityContext, VisitedContainer } from './pod.js';
import type { Level } from './policy.js';

/** Why a pod fails one check. */
export interface Finding {
  reason: string;
  /** '' when the reason says it all. */
  detail: string;
  /** Paths of the offending fields, from the pod's root. A field that should be set is named although it is absent. */
  fields: string[];
}

/** One form of a check: null = the pod passes. */
export type CheckFunction = (pod: PodView) => Finding | null;

/** A check as data. Its last revision that is not newer than the version asked for decides. */
export interface Check {
  id: string;
  level: Exclude<Level, 'privileged'>;
  revisions: readonly {
    /** Minor version of Kubernetes 1. */
    since: number;
    run: CheckFunction;
    /** Baseline checks that this restricted one replaces. */
    overrides?: readonly string[];
  }[];
}

/** `"a", "b"`, nothing escaped. */
export function quoteAll(values: Iterable<string>): string {
  return `"${[...values].join('", "')}"`;
}

/** Unique values in byte order. */
export function sortedSet(values: Iterable<string>): string[] {
  return [...new Set(values)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The singular for exactly one. */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return count === 1 ? one : many;
}

/** `container "a"` or `containers "a", "b"`. */
export function containersText(names: readonly string[]): string {
  return `${plural(names.length, 'container')} ${quoteAll(names)}`;
}

/** Who sets something: `pod`, containers, or both. */
export function settersText(isPod: boolean, names: readonly string[], more: readonly string[] = []): string {
  return [...(isPod ? ['pod'] : []), ...(names.length > 0 ? [containersText(names)] : []), ...more].join(' and ');
}

/** Looks at one field of the security contexts of the pod and of its containers. */
export function eachContext(
  view: PodView,
  visit: (context: SecurityContext, path: string, container: VisitedContainer | null) => void,
): void {
  const { securityContext } = view.spec;
  if (securityContext) visit(securityContext, 'spec.securityContext', null);
  for (const visited of view.containers) {
    const context = visited.container.securityContext;
    if (context) visit(context, `${visited.path}.securityContext`, visited);
  }
}
