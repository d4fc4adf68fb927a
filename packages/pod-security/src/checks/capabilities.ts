import { type Check, type CheckFunction, contextFields, findContainers, whoText } from '../check.js';
import { containersText, quoteAll, sortedSet } from '../text.js';
import type { ContainerView } from '../view.js';

const DEFAULT_CAPABILITIES: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

const isNotDefault = (capability: string): boolean => !DEFAULT_CAPABILITIES.has(capability);
const isNotBind = (capability: string): boolean => capability !== 'NET_BIND_SERVICE';
const addsNonDefault = ({ added }: ContainerView): boolean => added.length > 0 && added.some(isNotDefault);
const addsMoreThanBind = ({ added }: ContainerView): boolean => added.length > 0 && added.some(isNotBind);
const keepsSome = ({ dropped }: ContainerView): boolean => !dropped.includes('ALL');

/** The text about the forbidden capabilities of containers, and their places. */
function describe(containers: readonly ContainerView[], isBad: (capability: string) => boolean): { detail: string; fields: string[] } {
  const bad: string[] = [];
  const fields: string[] = [];
  for (const { added, contextPath } of containers) {
    added.forEach((capability, i) => {
      if (!isBad(capability)) return;
      bad.push(capability);
      fields.push(`${contextPath}.capabilities.add[${i}]`);
    });
  }
  const detail = `${containersText(containers)} must not include ${quoteAll(sortedSet(bad))} in securityContext.capabilities.add`;
  return { detail, fields };
}

/** Containers add no capability beyond those that runtimes give anyway. */
export const capabilitiesBaseline: Check = {
  id: 'capabilities_baseline',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run(view) {
        const bad = findContainers(view, addsNonDefault);
        return bad === null ? null : { reason: 'non-default capabilities', ...describe(bad, isNotDefault) };
      },
    },
  ],
};

const restricted: CheckFunction = (view) => {
  const keeping = findContainers(view, keepsSome);
  const adding = findContainers(view, addsMoreThanBind);
  if (keeping === null && adding === null) return null;
  const reason = 'unrestricted capabilities';
  const added = adding === null ? { detail: '', fields: [] } : describe(adding, isNotBind);
  if (keeping === null) return { reason, ...added };
  const detail = `${whoText(view, keeping)} must set securityContext.capabilities.drop=["ALL"]`;
  return {
    reason,
    detail: adding === null ? detail : `${detail}; ${added.detail}`,
    fields: [...contextFields(keeping, 'capabilities.drop'), ...added.fields],
  };
};

/** Containers drop every capability and add back at most the binding of low ports. */
export const capabilitiesRestricted: Check = {
  id: 'capabilities_restricted',
  level: 'restricted',
  revisions: [
    { since: 22, run: restricted, overrides: ['capabilities_baseline'] },
    { since: 25, run: (view) => (view.isWindows ? null : restricted(view)), overrides: ['capabilities_baseline'] },
  ],
};
