/** The smallest changes that make violations go away. */
import type { Violation } from './evaluate.js';
import { applyChange, type Change, type PathPart, parseFieldPath, valueAt } from './field-path.js';
import type { LevelVersion } from './policy.js';
import { evaluateWorkload, type WorkloadOptions } from './workload.js';

/** What to do about a violation. */
export interface Fix {
  /** In the order in which to make them. Empty = only a human can decide. */
  changes: Change[];
  /** What to know or decide; '' = nothing. */
  advice: string;
}

/** What {@link fixWorkload} did. */
export interface FixResult<T extends object> {
  /** A copy with the changes, or the object itself when there were none. */
  object: T;
  changes: Change[];
  /** What is left, to be decided by a human. */
  remaining: readonly Violation[];
}

type Recipe = (object: object, path: PathPart[], violation: Violation) => Change[];

const set = (path: readonly PathPart[], value: unknown): Change => ({ action: 'set', path, value });
const remove = (path: readonly PathPart[], emptyParents: number = 0): Change => ({ action: 'remove', path, emptyParents });

const setTo =
  (value: unknown): Recipe =>
  (_object, path) => [set(path, value)];

/** The field itself; its holder too when nothing is left in it. */
const removeField =
  (emptyParents: number): Recipe =>
  (_object, path) => [remove(path, emptyParents)];

/** `.type` of a profile; the name of a local one means nothing beside another type. */
function setProfileType(object: object, path: PathPart[]): Change[] {
  const local = [...path.slice(0, -1), 'localhostProfile'];
  return [set(path, 'RuntimeDefault'), ...(valueAt(object, local) === undefined ? [] : [remove(local)])];
}

/** A field of the pod's security context instead of one of each container. */
function podLevel(path: readonly PathPart[], ...field: string[]): PathPart[] {
  const list = path.findIndex((part) => part === 'initContainers' || part === 'containers' || part === 'ephemeralContainers');
  return [...path.slice(0, list), 'securityContext', ...field];
}

const isForEither = ({ detail }: Violation): boolean => detail.startsWith('pod or ');

function fixSeccomp(object: object, path: PathPart[], violation: Violation): Change[] {
  if (path[0] === 'metadata' || path.includes('annotations')) return [set(path, 'runtime/default')];
  return isForEither(violation) ? [set(podLevel(path, 'seccompProfile', 'type'), 'RuntimeDefault')] : setProfileType(object, path);
}

function fixCapabilities(object: object, path: PathPart[]): Change[] {
  // `…capabilities.add[0]`, or `…capabilities.drop` that lacks ALL.
  if (path.at(-1) !== 'drop') return [remove(path, 2)];
  const dropped = valueAt(object, path);
  return [Array.isArray(dropped) ? set([...path, dropped.length], 'ALL') : set(path, ['ALL'])];
}

/** By check: how to change one offending field. */
const RECIPES: Readonly<Record<string, Recipe>> = {
  allowPrivilegeEscalation: setTo(false),
  appArmorProfile: (object, path) => (path.includes('annotations') ? [set(path, 'runtime/default')] : setProfileType(object, path)),
  capabilities_baseline: fixCapabilities,
  capabilities_restricted: fixCapabilities,
  hostNamespaces: setTo(false),
  hostPorts: removeField(0),
  hostProbesAndHostLifecycle: removeField(0),
  privileged: setTo(false),
  procMount: setTo('Default'),
  procMount_restricted: setTo('Default'),
  runAsNonRoot: (_object, path, violation) => [set(isForEither(violation) ? podLevel(path, 'runAsNonRoot') : path, true)],
  runAsUser: removeField(0),
  seLinuxOptions: removeField(1),
  seccompProfile_baseline: fixSeccomp,
  seccompProfile_restricted: fixSeccomp,
  sysctls: (_object, path) => [remove(path.slice(0, -1), 1)],
  windowsHostProcess: setTo(false),
};

const VOLUME_ADVICE =
  'keep the data in a volume that is allowed: configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected or secret';

const ADVICE: Readonly<Record<string, string>> = {
  hostPathVolumes: VOLUME_ADVICE,
  restrictedVolumes: VOLUME_ADVICE,
  runAsNonRoot: 'the image must run as another user than root',
  runAsUser: "the image's own user counts then; it must not be root",
};

/**
 * What to change in an object for one violation found in it.
 *
 * @param object - What was evaluated: the violation's paths count from here.
 */
export function suggestFix(object: object, violation: Violation): Fix {
  const advice = ADVICE[violation.check] ?? '';
  const recipe = RECIPES[violation.check];
  if (recipe === undefined) return { changes: [], advice: advice || 'no change is known that would fix this' };
  const changes: Change[] = [];
  const seen = new Set<string>();
  // From the end, so that removing from a list moves nothing that is still to be removed.
  for (const field of violation.fields.toReversed()) {
    for (const change of recipe(object, parseFieldPath(field), violation)) {
      const key = JSON.stringify(change);
      if (seen.has(key) || (change.action === 'remove' && valueAt(object, change.path) === undefined)) continue;
      seen.add(key);
      changes.push(change);
    }
  }
  if (changes.length === 0) return { changes, advice: 'the API server fills this in because of hostNetwork: true' };
  return { changes, advice };
}

/** Each round can uncover violations that the one before hid, as an explicit `runAsNonRoot: false` hides absent ones. */
const ROUNDS_MAX = 8;

/** Makes all changes that are known, until an object passes or only what a human must decide is left. */
export function fixWorkload<T extends object>(object: T, target: LevelVersion, options: WorkloadOptions = {}): FixResult<T> {
  let current = object;
  const changes: Change[] = [];
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const violations = evaluateWorkload(current, target, options)?.violations ?? [];
    const before = changes.length;
    for (const violation of violations) {
      for (const change of suggestFix(current, violation).changes) {
        const next = applyChange(current, change);
        if (next !== current) changes.push(change);
        current = next;
      }
    }
    if (changes.length === before) return { object: current, changes, remaining: violations };
  }
  return { object: current, changes, remaining: evaluateWorkload(current, target, options)?.violations ?? [] };
}
