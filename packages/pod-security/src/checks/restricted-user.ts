/** Restricted checks of privileges and users. */
import { type Check, type CheckFunction, contextFields, findContainers, findSetters, whoText } from '../check.js';
import { settersText } from '../text.js';
import type { ContainerView, ContextView } from '../view.js';

const mayEscalate = (container: ContainerView): boolean => container.allowPrivilegeEscalation !== false;

const noEscalation: CheckFunction = (view) => {
  const bad = findContainers(view, mayEscalate);
  if (bad === null) return null;
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${whoText(view, bad)} must set securityContext.allowPrivilegeEscalation=false`,
    fields: contextFields(bad, 'allowPrivilegeEscalation'),
  };
};

/** No process gains more privileges than its parent. */
export const allowPrivilegeEscalation: Check = {
  id: 'allowPrivilegeEscalation',
  level: 'restricted',
  revisions: [
    { since: 8, run: noEscalation },
    { since: 25, run: (view) => (view.isWindows ? null : noEscalation(view)) },
  ],
};

const saysRoot = (context: ContextView): boolean => context.runAsNonRoot === false;
const saysNothing = (container: ContainerView): boolean => container.runAsNonRoot === undefined;

const nonRoot: CheckFunction = (view) => {
  const reason = 'runAsNonRoot != true';
  const explicit = findSetters(view, saysRoot);
  if (explicit !== null) {
    return {
      reason,
      detail: `${settersText(explicit.isPod, explicit.containers)} must not set securityContext.runAsNonRoot=false`,
      fields: explicit.paths.map((path) => `${path}.runAsNonRoot`),
    };
  }
  if (view.context.runAsNonRoot === true) return null;
  const implicit = findContainers(view, saysNothing);
  if (implicit === null) return null;
  return {
    reason,
    detail: `pod or ${whoText(view, implicit)} must set securityContext.runAsNonRoot=true`,
    fields: contextFields(implicit, 'runAsNonRoot'),
  };
};

/** Containers say that they do not run as root; in a user namespace they may, from 1.35. */
export const runAsNonRoot: Check = {
  id: 'runAsNonRoot',
  level: 'restricted',
  revisions: [
    { since: 0, run: nonRoot },
    { since: 35, run: (view) => (view.isRelaxed ? null : nonRoot(view)) },
  ],
};

const isUserZero = (context: ContextView): boolean => context.runAsUser === 0;

const notUserZero: CheckFunction = (view) => {
  const bad = findSetters(view, isUserZero);
  if (bad === null) return null;
  return {
    reason: 'runAsUser=0',
    detail: `${settersText(bad.isPod, bad.containers)} must not set runAsUser=0`,
    fields: bad.paths.map((path) => `${path}.runAsUser`),
  };
};

/** Nobody asks for user 0; in a user namespace they may, from 1.35. */
export const runAsUser: Check = {
  id: 'runAsUser',
  level: 'restricted',
  revisions: [
    { since: 23, run: notUserZero },
    { since: 35, run: (view) => (view.isRelaxed ? null : notUserZero(view)) },
  ],
};
