import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { POLICY_FIELDS, parsePolicy, RESOURCES_FIELDS, RULE_FIELDS } from '../policy/parse-policy.js';
import type { GroupResources, PolicyRule } from '../policy/policy.js';
import { AuditPolicyError } from '../policy/policy-error.js';

/** Something to look at, with its place in the file. */
export interface Finding {
  /** From 1. */
  line: number;
  column: number;
  severity: 'error' | 'warning';
  message: string;
}

const SENSITIVE: readonly [group: string, resource: string][] = [
  ['', 'secrets'],
  ['', 'configmaps'],
  ['', 'serviceaccounts/token'],
  ['authentication.k8s.io', 'tokenreviews'],
];
const LISTS = ['users', 'userGroups', 'verbs', 'namespaces'] as const;

function covers(entry: GroupResources, group: string, resource: string): boolean {
  if (entry.group !== '*' && entry.group !== group) return false;
  const [main = '', sub = ''] = resource.split('/');
  const list = entry.resources ?? [];
  if (list.length === 0) return true;
  return list.some(
    (pattern) => pattern === '*' || pattern === resource || pattern === `${main}/*` || (sub !== '' && pattern === `*/${sub}`),
  );
}

function subset(inner: readonly string[] | undefined, outer: readonly string[] | undefined): boolean {
  if (outer === undefined || outer.length === 0) return true;
  return inner !== undefined && inner.length > 0 && inner.every((item) => outer.includes(item));
}

/** Whatever the later rule matches, the earlier one has already matched. */
function shadows(earlier: PolicyRule, later: PolicyRule): boolean {
  if (!LISTS.every((part) => subset(later[part], earlier[part]))) return false;
  const asksNothing = (rule: PolicyRule): boolean => (rule.resources?.length ?? 0) === 0 && (rule.nonResourceURLs?.length ?? 0) === 0;
  if (asksNothing(earlier)) return true;
  if ((earlier.nonResourceURLs?.length ?? 0) > 0) {
    const urls = later.nonResourceURLs ?? [];
    return (
      urls.length > 0 &&
      urls.every((url) =>
        earlier.nonResourceURLs?.some(
          (pattern) => pattern === url || (pattern.endsWith('*') && url.startsWith(pattern.replace(/\*+$/, ''))),
        ),
      )
    );
  }
  const entries = later.resources ?? [];
  return (
    entries.length > 0 &&
    entries.every(({ group, resources = [], resourceNames }) =>
      (resources.length === 0 ? ['*'] : resources).every((resource) =>
        earlier.resources?.some(
          (outer) =>
            subset(resourceNames, outer.resourceNames) &&
            (resource.includes('*')
              ? (outer.group === group || outer.group === '*') &&
                ((outer.resources?.length ?? 0) === 0 || outer.resources?.some((pattern) => pattern === '*' || pattern === resource))
              : covers(outer, group, resource)),
        ),
      ),
    )
  );
}

/** Where a fault is: `rules[0].omitStages[1]: …`, `failed decoding: rules[0].users must be …`. */
function placeOf(fault: string): (string | number)[] {
  const path = /^(?:failed decoding: )?([a-zA-Z]\w*(?:\.\w+|\[\d+\])*)/.exec(fault)?.[1] ?? '';
  return path.split(/[.[\]]+/).flatMap((part) => (part === '' ? [] : /^\d+$/.test(part) ? Number(part) : part));
}

/** Every fault of a policy's text and what is doubtful about it. */
export function lintPolicy(text: string): Finding[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { version: '1.1', merge: true, prettyErrors: false, lineCounter: lines });
  const out: Finding[] = [];
  const add = (offset: number, severity: Finding['severity'], message: string): void => {
    const { line, col } = lines.linePos(offset);
    out.push({ line: Math.max(1, line), column: Math.max(1, col), severity, message });
  };
  for (const error of document.errors) add(error.pos[0], 'error', error.message.split('\n')[0] ?? error.code);
  const at = (path: readonly (string | number)[]): number => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true) as Node | undefined;
      if (node?.range) return node.range[0];
    }
    return 0;
  };
  const unknown = (node: unknown, known: readonly string[], prefix: string): void => {
    if (!isMap(node)) return;
    for (const { key } of node.items) {
      if (isScalar(key) && key.value !== '<<' && !known.includes(String(key.value)))
        add(key.range?.[0] ?? 0, 'error', `unknown field ${JSON.stringify(`${prefix}${String(key.value)}`)}`);
    }
  };
  unknown(document.contents, POLICY_FIELDS, '');
  const ruleNodes = document.get('rules', true);
  if (isSeq(ruleNodes)) {
    ruleNodes.items.forEach((rule, i) => {
      unknown(rule, RULE_FIELDS, `rules[${i}].`);
      const resources = isMap(rule) ? rule.get('resources', true) : undefined;
      if (isSeq(resources))
        for (const [j, entry] of resources.items.entries()) unknown(entry, RESOURCES_FIELDS, `rules[${i}].resources[${j}].`);
    });
  }
  let policy: ReturnType<typeof parsePolicy>;
  try {
    policy = parsePolicy(text);
  } catch (error) {
    if (document.errors.length === 0) {
      if (!(error instanceof AuditPolicyError)) throw error;
      for (const fault of error.faults) add(at(placeOf(fault)), 'error', fault);
    }
    return out;
  }
  policy.rules.forEach((rule, i) => {
    const shadow = policy.rules.findIndex((earlier, j) => j < i && shadows(earlier, rule));
    if (shadow >= 0) add(at(['rules', i]), 'warning', `rules[${i}] is never reached: rules[${shadow}] matches all that it would`);
    if (shadow >= 0 || (rule.level !== 'Request' && rule.level !== 'RequestResponse')) return;
    if ((rule.nonResourceURLs?.length ?? 0) > 0) return;
    const entries = rule.resources === undefined || rule.resources.length === 0 ? [{ group: '*' }] : rule.resources;
    for (const [group, resource] of SENSITIVE) {
      if (!entries.some((entry) => covers(entry, group, resource))) continue;
      const single: PolicyRule = { ...rule, resources: [{ group, resources: [resource] }] };
      if (policy.rules.slice(0, i).some((earlier) => shadows(earlier, single))) continue;
      add(at(['rules', i, 'level']), 'warning', `rules[${i}] logs the bodies of ${resource} (${rule.level})`);
    }
  });
  return out;
}
