import { type Check, type CheckFunction, findSetters } from '../check.js';
import { plural, quoteAll, settersText, sortedSet } from '../text.js';
import type { ContextView } from '../view.js';

const TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

const allow = (types: readonly string[]): CheckFunction => {
  const isBad = ({ seLinuxType, seLinuxUser, seLinuxRole }: ContextView): boolean =>
    seLinuxUser !== '' || seLinuxRole !== '' || !types.includes(seLinuxType);
  return (view) => {
    const bad = findSetters(view, isBad);
    if (bad === null) return null;
    const contexts: ContextView[] = bad.isPod ? [view.context, ...bad.containers] : bad.containers;
    const badTypes = sortedSet(contexts.map(({ seLinuxType }) => seLinuxType).filter((type) => !types.includes(type)));
    const data: string[] = [];
    if (badTypes.length > 0) data.push(`${plural(badTypes.length, 'type')} ${quoteAll(badTypes)}`);
    if (contexts.some(({ seLinuxUser }) => seLinuxUser !== '')) data.push('user may not be set');
    if (contexts.some(({ seLinuxRole }) => seLinuxRole !== '')) data.push('role may not be set');
    return {
      reason: 'seLinuxOptions',
      detail: `${settersText(bad.isPod, bad.containers)} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}`,
      fields: contexts.flatMap(({ contextPath, seLinuxType, seLinuxUser, seLinuxRole }) => [
        ...(types.includes(seLinuxType) ? [] : [`${contextPath}.seLinuxOptions.type`]),
        ...(seLinuxUser === '' ? [] : [`${contextPath}.seLinuxOptions.user`]),
        ...(seLinuxRole === '' ? [] : [`${contextPath}.seLinuxOptions.role`]),
      ]),
    };
  };
};

/** SELinux labels keep to the types of containers. */
export const seLinuxOptions: Check = {
  id: 'seLinuxOptions',
  level: 'baseline',
  revisions: [
    { since: 0, run: allow(TYPES) },
    { since: 31, run: allow([...TYPES, 'container_engine_t']) },
  ],
};
