import { type Check, type CheckFunction, contextFields, findContainers } from '../check.js';
import { containersText, quoteAll, sortedSet } from '../text.js';
import type { ContainerView } from '../view.js';

const isUnmasked = ({ procMount: value }: ContainerView): boolean => value !== undefined && value !== 'Default';

const defaultOnly: CheckFunction = (view) => {
  const bad = findContainers(view, isUnmasked);
  if (bad === null) return null;
  const values = sortedSet(bad.map((container) => container.procMount as string));
  return {
    reason: 'procMount',
    detail: `${containersText(bad)} must not set securityContext.procMount to ${quoteAll(values)}`,
    fields: contextFields(bad, 'procMount'),
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
