import { type Check, type CheckFunction, containersText, quoteAll, sortedSet } from '../check.js';

const DEFAULT_CAPABILITIES = new Set([
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

/** Containers add no capability beyond those that runtimes give anyway. */
export const capabilitiesBaseline: Check = {
  id: 'capabilities_baseline',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run(view) {
        const names: string[] = [];
        const bad: string[] = [];
        const fields: string[] = [];
        for (const { container, path } of view.containers) {
          const added = container.securityContext?.capabilities?.add ?? [];
          const found = added.filter((capability) => !DEFAULT_CAPABILITIES.has(capability));
          if (found.length === 0) continue;
          names.push(container.name);
          bad.push(...found);
          added.forEach((capability, i) => {
            if (!DEFAULT_CAPABILITIES.has(capability)) fields.push(`${path}.securityContext.capabilities.add[${i}]`);
          });
        }
        if (names.length === 0) return null;
        return {
          reason: 'non-default capabilities',
          detail: `${containersText(names)} must not include ${quoteAll(sortedSet(bad))} in securityContext.capabilities.add`,
          fields,
        };
      },
    },
  ],
};

const restricted: CheckFunction = (view) => {
  const withoutDrop: string[] = [];
  const adding: string[] = [];
  const bad: string[] = [];
  const fields: string[] = [];
  for (const { container, path } of view.containers) {
    const { add, drop } = container.securityContext?.capabilities ?? {};
    if (!(drop ?? []).includes('ALL')) {
      withoutDrop.push(container.name);
      fields.push(`${path}.securityContext.capabilities.drop`);
    }
    const found = (add ?? []).filter((capability) => capability !== 'NET_BIND_SERVICE');
    if (found.length === 0) continue;
    adding.push(container.name);
    bad.push(...found);
    (add ?? []).forEach((capability, i) => {
      if (capability !== 'NET_BIND_SERVICE') fields.push(`${path}.securityContext.capabilities.add[${i}]`);
    });
  }
  const details: string[] = [];
  if (withoutDrop.length > 0) details.push(`${containersText(withoutDrop)} must set securityContext.capabilities.drop=["ALL"]`);
  if (adding.length > 0)
    details.push(`${containersText(adding)} must not include ${quoteAll(sortedSet(bad))} in securityContext.capabilities.add`);
  return details.length === 0 ? null : { reason: 'unrestricted capabilities', detail: details.join('; '), fields };
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
