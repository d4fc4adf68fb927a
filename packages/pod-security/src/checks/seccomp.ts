import { type Check, type CheckFunction, containersText, eachContext, plural, quoteAll, settersText, sortedSet } from '../check.js';

const POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';
const CONTAINER_ANNOTATION = 'container.seccomp.security.alpha.kubernetes.io/';

const isAllowedAnnotation = (value: string): boolean =>
  value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');
const isAllowedType = (type: string | undefined): boolean => type === 'RuntimeDefault' || type === 'Localhost';

const annotations: CheckFunction = ({ annotations: given, containers }) => {
  const keys = [POD_ANNOTATION, ...containers.map(({ container }) => `${CONTAINER_ANNOTATION}${container.name}`)];
  const bad = sortedSet(keys.filter((key) => Object.hasOwn(given, key) && !isAllowedAnnotation(given[key] as string)));
  if (bad.length === 0) return null;
  const shown = sortedSet(bad.map((key) => `${key}=${JSON.stringify(given[key])}`));
  return {
    reason: 'seccompProfile',
    detail: `forbidden ${plural(shown.length, 'annotation')} ${shown.join(', ')}`,
    fields: bad.map((key) => `metadata.annotations[${key}]`),
  };
};

const fieldsOnly: CheckFunction = (view) => {
  let isPod = false;
  const names: string[] = [];
  const types: string[] = [];
  const fields: string[] = [];
  eachContext(view, ({ seccompProfile: profile }, path, visited) => {
    if (!profile || isAllowedType(profile.type)) return;
    if (visited === null) isPod = true;
    else names.push(visited.container.name);
    types.push(profile.type ?? '');
    fields.push(`${path}.seccompProfile.type`);
  });
  if (fields.length === 0) return null;
  return {
    reason: 'seccompProfile',
    detail: `${settersText(isPod, names)} must not set securityContext.seccompProfile.type to ${quoteAll(sortedSet(types))}`,
    fields,
  };
};

/** No container runs without a seccomp filter on purpose. */
export const seccompProfileBaseline: Check = {
  id: 'seccompProfile_baseline',
  level: 'baseline',
  revisions: [
    { since: 0, run: annotations },
    { since: 19, run: fieldsOnly },
  ],
};

const mustBeSet: CheckFunction = (view) => {
  const explicit = fieldsOnly(view);
  if (explicit !== null) return explicit;
  if (isAllowedType(view.spec.securityContext?.seccompProfile?.type)) return null;
  const without = view.containers.filter(({ container }) => !container.securityContext?.seccompProfile);
  if (without.length === 0) return null;
  return {
    reason: 'seccompProfile',
    detail: `pod or ${containersText(without.map(({ container }) => container.name))} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
    fields: without.map(({ path }) => `${path}.securityContext.seccompProfile.type`),
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
