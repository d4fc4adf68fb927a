/**
 * Label selectors: the string form of `?labelSelector=` and the object form of `metav1.LabelSelector`.
 *
 * `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, `a<1`, joined by commas.
 */

export { parseLabelSelector } from './parse-label-selector.js';

/** One condition on one label. */
export interface LabelRequirement {
  key: string;
  operator: '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<';
  values: readonly string[];
}

/** All requirements must hold; none = everything. */
export type LabelSelector = readonly LabelRequirement[];

/** `metav1.LabelSelector`. */
export interface LabelSelectorObject {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; values?: string[] }[];
}

/** True when the selector matches every object. */
export function isEverything(selector: LabelSelector): boolean {
  return selector.length === 0;
}

/** Applies a selector to labels. */
export function matchesLabels(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  for (const requirement of selector) if (!matchesRequirement(requirement, labels)) return false;
  return true;
}

function matchesRequirement({ key, operator, values }: LabelRequirement, labels: Readonly<Record<string, string>>): boolean {
  const has = Object.hasOwn(labels, key);
  const value = has ? (labels[key] as string) : '';
  switch (operator) {
    case '=':
    case 'in':
      return has && values.includes(value);
    case '!=':
    case 'notin':
      return !has || !values.includes(value);
    case 'exists':
      return has;
    case '!':
      return !has;
    case '>':
      return has && /^-?\d+$/.test(value) && BigInt(value) > BigInt(values[0] as string);
    case '<':
      return has && /^-?\d+$/.test(value) && BigInt(value) < BigInt(values[0] as string);
  }
}

/**
 * Converts the object form. An absent selector matches nothing, an empty one everything.
 *
 * @returns `null` for an absent selector.
 */
export function selectorFromLabelSelector(selector: LabelSelectorObject | null | undefined): LabelSelector | null {
  if (selector === null || selector === undefined) return null;
  const out: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) out.push({ key, operator: '=', values: [value] });
  const operators = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' } as const;
  for (const { key, operator, values } of selector.matchExpressions ?? [])
    out.push({ key, operator: operators[operator], values: values ?? [] });
  return out;
}

/** The string form, as `kubectl` and scale subresources show it: sorted by key. */
export function formatSelector(selector: LabelSelector): string {
  return [...selector]
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ key, operator, values }) => {
      if (operator === 'exists') return key;
      if (operator === '!') return `!${key}`;
      if (operator === 'in' || operator === 'notin') return `${key} ${operator} (${[...values].sort().join(',')})`;
      return `${key}${operator}${values[0] ?? ''}`;
    })
    .join(',');
}
