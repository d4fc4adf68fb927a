import { type Check, findSetters } from '../check.js';
import { compareBytes, plural, quoteAll, quoteGo, settersText, sortedSet } from '../text.js';
import { annotationAt } from '../typed-fields.js';
import type { ContainerView, ContextView, PodView } from '../view.js';

const PREFIX = 'container.apparmor.security.beta.kubernetes.io/';

const isBad = ({ appArmorType: type }: ContextView): boolean => type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';

const isAllowedAnnotation = (value: string): boolean => value === '' || value === 'runtime/default' || value.startsWith('localhost/');

/** The keys of annotations with a forbidden profile, whatever container they name. */
function badAnnotations({ annotations }: PodView): string[] | null {
  let keys: string[] | null = null;
  for (const key in annotations) {
    if (key.startsWith(PREFIX) && !isAllowedAnnotation(annotationAt(annotations, key))) (keys ??= []).push(key);
  }
  return keys;
}

/** AppArmor profiles are the runtime's default or local ones. */
export const appArmorProfile: Check = {
  id: 'appArmorProfile',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run(view) {
        const bad = findSetters(view, isBad);
        const keys = badAnnotations(view);
        if (bad === null && keys === null) return null;
        const types = (bad?.containers ?? []).map(({ appArmorType }: ContainerView) => appArmorType as string);
        if (bad?.isPod) types.push(view.context.appArmorType as string);
        const shown = (keys ?? []).map((key) => `${key}=${quoteGo(annotationAt(view.annotations, key))}`).sort(compareBytes);
        const values = [...sortedSet(types), ...shown];
        const who = [
          ...(bad === null ? [] : [settersText(bad.isPod, bad.containers)]),
          ...(shown.length === 0 ? [] : [plural(shown.length, 'annotation')]),
        ];
        return {
          reason: plural(values.length, 'forbidden AppArmor profile'),
          detail: `${who.join(' and ')} must not set AppArmor profile type to ${quoteAll(values)}`,
          fields: [
            ...(bad?.paths ?? []).map((path) => `${path}.appArmorProfile.type`),
            ...(keys ?? []).map((key) => `metadata.annotations[${key}]`),
          ],
        };
      },
    },
  ],
};
