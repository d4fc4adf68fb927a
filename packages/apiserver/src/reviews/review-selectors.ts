/** Selectors of a review in the textual form that authorizers get. */

/** One requirement on a field or a label. */
export interface SelectorRequirement {
  key?: string;
  operator?: string;
  values?: string[];
}

/** `fieldSelector` or `labelSelector` of a review: text or requirements, not both. */
export interface SelectorAttributes {
  rawSelector?: string;
  requirements?: SelectorRequirement[];
}

const escaped = (value: string): string => value.replace(/[\\,=]/g, (char) => `\\${char}`);

/** Fields know equality with one value alone; a requirement that says more is left out, so the request asks for more. */
function fieldTerm({ key = '', operator, values = [] }: SelectorRequirement): string | undefined {
  if (values.length !== 1) return undefined;
  if (operator === 'In') return `${key}=${escaped(values[0] as string)}`;
  return operator === 'NotIn' ? `${key}!=${escaped(values[0] as string)}` : undefined;
}

function labelTerm({ key = '', operator, values = [] }: SelectorRequirement): string | undefined {
  if (operator === 'In') return `${key} in (${values.join(',')})`;
  if (operator === 'NotIn') return `${key} notin (${values.join(',')})`;
  if (operator === 'Exists') return key;
  return operator === 'DoesNotExist' ? `!${key}` : undefined;
}

function textOf(selector: SelectorAttributes | undefined, term: (requirement: SelectorRequirement) => string | undefined): string {
  if (selector?.rawSelector) return selector.rawSelector;
  return (selector?.requirements ?? [])
    .map(term)
    .filter((text) => text !== undefined)
    .join(',');
}

/** The selectors as attributes; one that says nothing is absent. */
export function reviewSelectors(
  fields: SelectorAttributes | undefined,
  labels: SelectorAttributes | undefined,
): { fieldSelector?: string; labelSelector?: string } {
  const fieldSelector = textOf(fields, fieldTerm);
  const labelSelector = textOf(labels, labelTerm);
  return { ...(fieldSelector === '' ? {} : { fieldSelector }), ...(labelSelector === '' ? {} : { labelSelector }) };
}
