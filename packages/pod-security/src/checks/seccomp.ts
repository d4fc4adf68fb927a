import { type Check, type CheckFunction, contextFields, findContainers, findSetters, whoText } from '../check.js';
import { plural, quoteAll, quoteGo, settersText, sortedSet } from '../text.js';
import { annotationAt } from '../typed-fields.js';
import type { ContainerView, ContextView, PodView } from '../view.js';

const POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';
const CONTAINER_ANNOTATION = 'container.seccomp.security.alpha.kubernetes.io/';

const isAllowedAnnotation = (value: string): boolean =>
  value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');

/** The annotation's key counts, its value may be empty. Keys that name no container of the pod are not looked at. */
function isBadAnnotation({ annotations, containers }: PodView, key: string): boolean {
  if (key !== POD_ANNOTATION) {
    if (!key.startsWith(CONTAINER_ANNOTATION)) return false;
    const name = key.slice(CONTAINER_ANNOTATION.length);
    if (!containers.some((container) => container.name === name)) return false;
  }
  return !isAllowedAnnotation(annotationAt(annotations, key));
}

const annotationsOnly: CheckFunction = (view) => {
  let keys: string[] | null = null;
  for (const key in view.annotations) if (isBadAnnotation(view, key)) (keys ??= []).push(key);
  if (keys === null) return null;
  const shown = sortedSet(keys.map((key) => `${key}=${quoteGo(annotationAt(view.annotations, key))}`));
  return {
    reason: 'seccompProfile',
    detail: `forbidden ${plural(shown.length, 'annotation')} ${shown.join(', ')}`,
    fields: keys.map((key) => `metadata.annotations[${key}]`),
  };
};

const isBad = ({ seccompType: type }: ContextView): boolean => type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';

const fieldsOnly: CheckFunction = (view) => {
  const bad = findSetters(view, isBad);
  if (bad === null) return null;
  const types = bad.containers.map(({ seccompType }) => seccompType as string);
  if (bad.isPod) types.push(view.context.seccompType as string);
  return {
    reason: 'seccompProfile',
    detail: `${settersText(bad.isPod, bad.containers)} must not set securityContext.seccompProfile.type to ${quoteAll(sortedSet(types))}`,
    fields: bad.paths.map((path) => `${path}.seccompProfile.type`),
  };
};

/** No container runs without a seccomp filter on purpose. */
export const seccompProfileBaseline: Check = {
  id: 'seccompProfile_baseline',
  level: 'baseline',
  revisions: [
    { since: 0, run: annotationsOnly },
    { since: 19, run: fieldsOnly },
  ],
};

const hasNone = ({ seccompType }: ContainerView): boolean => seccompType === undefined;

const mustBeSet: CheckFunction = (view) => {
  const explicit = fieldsOnly(view);
  if (explicit !== null) return explicit;
  // The pod's profile is a good one if there is one, or it would have been found above.
  if (view.context.seccompType !== undefined) return null;
  const without = findContainers(view, hasNone);
  if (without === null) return null;
  return {
    reason: 'seccompProfile',
    detail: `pod or ${whoText(view, without)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
    fields: contextFields(without, 'seccompProfile.type'),
  };
};

/** Every container runs under a seccomp filter. */
export const seccompProfileRestricted: Check = {
  id: 'seccompProfile_restricted',
  level: 'restricted',
  revisions: [
    { since: 19, run: mustBeSet, overrides: ['seccompProfile_baseline'] },
    { since: 25, run: (view) => (view.isWindows ? null : mustBeSet(view)), overrides: ['seccompProfile_baseline'] },
  ],
};
