/** Restricted checks of privileges and users. */
import { type Check, type CheckFunction, containersText, eachContext, settersText } from '../check.js';

const noEscalation: CheckFunction = ({ containers }) => {
  const bad = containers.filter(({ container }) => container.securityContext?.allowPrivilegeEscalation !== false);
  if (bad.length === 0) return null;
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${containersText(bad.map(({ container }) => container.name))} must set securityContext.allowPrivilegeEscalation=false`,
    fields: bad.map(({ path }) => `${path}.securityContext.allowPrivilegeEscalation`),
  };
};

export const allowPrivilegeEscalation: Check = {
  id: 'allowPrivilegeEscalation',
  level: 'restricted',
  revisions: [
    { since: 8, run: noEscalation },
    { since: 25, run: (view) => (view.isWindows ? null : noEscalation(view)) },
  ],
};

const nonRoot: CheckFunction = ({ spec, containers }) => {
  const isPod = spec.securityContext?.runAsNonRoot === false;
  const explicit = containers.filter(({ container }) => container.securityContext?.runAsNonRoot === false);
  if (isPod || explicit.length > 0) {
    return {
      reason: 'runAsNonRoot != true',
      detail: `${settersText(
        isPod,
        explicit.map(({ container }) => container.name),
      )} must not set securityContext.runAsNonRoot=false`,
      fields: [
        ...(isPod ? ['spec.securityContext.runAsNonRoot'] : []),
        ...explicit.map(({ path }) => `${path}.securityContext.runAsNonRoot`),
      ],
    };
  }
  if (spec.securityContext?.runAsNonRoot === true) return null;
  const implicit = containers.filter(({ container }) => typeof container.securityContext?.runAsNonRoot !== 'boolean');
  if (implicit.length === 0) return null;
  return {
    reason: 'runAsNonRoot != true',
    detail: `pod or ${containersText(implicit.map(({ container }) => container.name))} must set securityContext.runAsNonRoot=true`,
    fields: implicit.map(({ path }) => `${path}.securityContext.runAsNonRoot`),
  };
};

export const runAsNonRoot: Check = {
  id: 'runAsNonRoot',
  level: 'restricted',
  revisions: [
    { since: 0, run: nonRoot },
    { since: 35, run: (view) => (view.isRelaxed ? null : nonRoot(view)) },
  ],
};

const notUserZero: CheckFunction = (view) => {
  let isPod = false;
  const names: string[] = [];
  const fields: string[] = [];
  eachContext(view, ({ runAsUser: user }, path, visited) => {
    if (user !== 0) return;
    if (visited === null) isPod = true;
    else names.push(visited.container.name);
    fields.push(`${path}.runAsUser`);
  });
  return fields.length === 0 ? null : { reason: 'runAsUser=0', detail: `${settersText(isPod, names)} must not set runAsUser=0`, fields };
};

export const runAsUser: Check = {
  id: 'runAsUser',
  level: 'restricted',
  revisions: [
    { since: 23, run: notUserZero },
    { since: 35, run: (view) => (view.isRelaxed ? null : notUserZero(view)) },
  ],
};
