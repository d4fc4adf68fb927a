/** Labels of nodes that have been replaced, and what to say about them. */
import { isLabelValue } from './names.js';
import type { NodeSelectorTerm } from './scheduling-types.js';

const DEPRECATED: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

/** What to say about a node label; undefined when it is fine. */
export function nodeLabelAdvice(key: string): string | undefined {
  return Object.hasOwn(DEPRECATED, key) ? DEPRECATED[key] : undefined;
}

/** Warnings about one term of a node selector; `checkValues`: values that no label can have are named too. */
export function nodeTermWarnings({ matchExpressions = [] }: NodeSelectorTerm, checkValues: boolean, at: string): string[] {
  const out: string[] = [];
  matchExpressions.forEach(({ key = '', values = [] }, i) => {
    const advice = nodeLabelAdvice(key);
    if (advice !== undefined) out.push(`${at}.matchExpressions[${i}].key: ${key} is ${advice}`);
    if (!checkValues) return;
    values.forEach((value, j) => {
      for (const text of isLabelValue(value)) out.push(`${at}.matchExpressions[${i}].values[${j}]: ${value} is invalid, ${text}`);
    });
  });
  return out;
}
