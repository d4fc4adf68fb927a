import { type Check, type CheckFunction, containersText, quoteAll, sortedSet } from '../check.js';

const defaultOnly: CheckFunction = ({ containers }) => {
  const bad = containers.filter(({ container }) => {
    const value = container.securityContext?.procMount;
    return value !== undefined && value !== null && value !== 'Default';
  });
  if (bad.length === 0) return null;
  const values = sortedSet(bad.map(({ container }) => container.securityContext?.procMount ?? ''));
  return {
    reason: 'procMount',
    detail: `${containersText(bad.map(({ container }) => container.name))} must not set securityContext.procMount to ${quoteAll(values)}`,
    fields: bad.map(({ path }) => `${path}.securityContext.procMount`),
  };
};

/** /proc is masked; in a user namespace it need not be, from 1.35. */
export const procMount: Check = {
  id: 'procMount',
  level: 'baseline',
  revisions: [
    { since: 0, run: defaultOnly },
    { since: 35, run: (view) => (view.isRelaxed ? null : defaultOnly(view)) },
  ],
};

/** /proc is masked, in user namespaces too. */
export const procMountRestricted: Check = {
  id: 'procMount_restricted',
  level: 'restricted',
  revisions: [{ since: 35, run: defaultOnly, overrides: ['procMount'] }],
};
