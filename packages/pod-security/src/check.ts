/** What a check is. */
import type { Level } from './policy.js';
import { containersText } from './text.js';
import type { ContainerView, ContextView, PodView } from './view.js';

/** Why a pod fails one check. */
export interface Finding {
  /** '' counts as `unknown forbidden reason`. */
  reason: string;
  /** '' when the reason says it all. */
  detail: string;
  /** Paths of the offending fields, from the pod's root. A field that should be set is named although it is absent. */
  fields: string[];
}

/** One form of a check: null = the pod passes. Keeps neither the view nor its parts: they are used again. */
export type CheckFunction = (pod: PodView) => Finding | null;

/** A form of a check, and since when it holds. */
export interface Revision {
  /** Minor version of Kubernetes 1. */
  since: number;
  run: CheckFunction;
  /** Ids of baseline checks that this restricted one replaces. */
  overrides?: readonly string[];
}

/** A check as data. Its last revision that is not newer than the version asked for decides. */
export interface Check {
  id: string;
  level: Exclude<Level, 'privileged'>;
  /** Oldest first. */
  revisions: readonly Revision[];
}

/** Who sets a bad value: the pod, containers, or both. */
export interface Setters {
  isPod: boolean;
  containers: ContainerView[];
  /** Of each setter, the path of its security context. */
  paths: string[];
}

/** The security contexts for which `isBad` holds, the pod's first; null when there are none. */
export function findSetters(view: PodView, isBad: (context: ContextView) => boolean): Setters | null {
  let setters: Setters | null = null;
  if (isBad(view.context)) setters = { isPod: true, containers: [], paths: [view.context.contextPath] };
  const { containers } = view;
  for (let i = 0; i < containers.length; i++) {
    const container = containers[i] as ContainerView;
    if (!isBad(container)) continue;
    setters ??= { isPod: false, containers: [], paths: [] };
    setters.containers.push(container);
    setters.paths.push(container.contextPath);
  }
  return setters;
}

/** The containers for which `isBad` holds, null when there are none. Often it is all of them: then nothing is copied. */
export function findContainers(view: PodView, isBad: (container: ContainerView) => boolean): readonly ContainerView[] | null {
  const { containers } = view;
  let count = 0;
  for (let i = 0; i < containers.length; i++) if (isBad(containers[i] as ContainerView)) count++;
  if (count === 0) return null;
  return count === containers.length ? containers : containers.filter(isBad);
}

/** `containers "a", "b"`; the text about all of them, which several checks may need, is made once. */
export function whoText(view: PodView, containers: readonly ContainerView[]): string {
  return containers === view.containers ? view.allContainersText : containersText(containers);
}

/** The path of one field of each container's security context. */
export function contextFields(containers: readonly ContainerView[], field: string): string[] {
  // `map` makes a list of the right size; one that grows takes several times the memory.
  return containers.map(({ contextPath }) => `${contextPath}.${field}`);
}
