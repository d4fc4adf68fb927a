import { type Check, eachContext, plural, quoteAll, settersText, sortedSet } from '../check.js';

const PREFIX = 'container.apparmor.security.beta.kubernetes.io/';

/** AppArmor profiles are the runtime's default or local ones. */
export const appArmorProfile: Check = {
  id: 'appArmorProfile',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run(view) {
        let isPod = false;
        const names: string[] = [];
        const types: string[] = [];
        const fields: string[] = [];
        eachContext(view, ({ appArmorProfile: profile }, path, visited) => {
          if (!profile || profile.type === 'RuntimeDefault' || profile.type === 'Localhost') return;
          if (visited === null) isPod = true;
          else names.push(visited.container.name);
          types.push(profile.type ?? '');
          fields.push(`${path}.appArmorProfile.type`);
        });
        const annotations: string[] = [];
        for (const [key, value] of Object.entries(view.annotations)) {
          if (!key.startsWith(PREFIX) || value === '' || value === 'runtime/default' || value.startsWith('localhost/')) continue;
          annotations.push(`${key}=${JSON.stringify(value)}`);
          fields.push(`metadata.annotations[${key}]`);
        }
        if (fields.length === 0) return null;
        const values = [...sortedSet(types), ...annotations.sort()];
        const more = annotations.length > 0 ? [plural(annotations.length, 'annotation')] : [];
        return {
          reason: plural(values.length, 'forbidden AppArmor profile'),
          detail: `${settersText(isPod, names, more)} must not set AppArmor profile type to ${quoteAll(values)}`,
          fields,
        };
      },
    },
  ],
};
