import { type Check, type CheckFunction, eachContext, plural, quoteAll, settersText, sortedSet } from '../check.js';

const TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

const allow =
  (types: readonly string[]): CheckFunction =>
  (view) => {
    let isPod = false;
    let hasUser = false;
    let hasRole = false;
    const names: string[] = [];
    const badTypes: string[] = [];
    const fields: string[] = [];
    eachContext(view, ({ seLinuxOptions: options }, path, visited) => {
      if (!options) return;
      const { type = '', user = '', role = '' } = options;
      const before = fields.length;
      if (!types.includes(type)) {
        badTypes.push(type);
        fields.push(`${path}.seLinuxOptions.type`);
      }
      if (user !== '') {
        hasUser = true;
        fields.push(`${path}.seLinuxOptions.user`);
      }
      if (role !== '') {
        hasRole = true;
        fields.push(`${path}.seLinuxOptions.role`);
      }
      if (fields.length === before) return;
      if (visited === null) isPod = true;
      else names.push(visited.container.name);
    });
    if (fields.length === 0) return null;
    const set = sortedSet(badTypes);
    const data = [
      ...(set.length > 0 ? [`${plural(set.length, 'type')} ${quoteAll(set)}`] : []),
      ...(hasUser ? ['user may not be set'] : []),
      ...(hasRole ? ['role may not be set'] : []),
    ];
    return {
      reason: 'seLinuxOptions',
      detail: `${settersText(isPod, names)} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}`,
      fields,
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
