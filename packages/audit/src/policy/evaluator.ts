/**
 * A policy compiled to decide quickly: the first rule whose every part matches.
 *
 * What a rule says of verbs and resources depends on few words, so the rules that these leave over are worked out once
 * per (verb, group, resource, subresource) and kept; users, namespaces, names and paths are tested on those only.
 */
import type { AuditStage } from '../event.js';
import type { AuditAttributes, AuditDecision, AuditPolicy, GroupResources, PolicyRule } from './policy.js';

/** Part of a rule that a request fails, for explanations. */
export type RulePart = 'users' | 'userGroups' | 'verbs' | 'namespaces' | 'resources' | 'nonResourceURLs';

/** Decides about requests. */
export interface PolicyEvaluator {
  /** The decision is shared: it must not be changed. */
  evaluate(attributes: AuditAttributes): AuditDecision;
  /** For each rule up to the one that matches: the first part that did not match, or null for the match. */
  explain(attributes: AuditAttributes): { rule: number; mismatch: RulePart | null }[];
}

/** Combinations whose rules are remembered; clients choose the words, so there is an end. */
const REMEMBERED_MAX = 4096;

/** One `resources` entry. */
interface ResourceTest {
  matchesType(attributes: AuditAttributes): boolean;
  names: ReadonlySet<string> | null;
}

interface CompiledRule {
  decision: AuditDecision;
  users: ReadonlySet<string> | null;
  groups: ReadonlySet<string> | null;
  verbs: ReadonlySet<string> | null;
  namespaces: ReadonlySet<string> | null;
  resources: readonly ResourceTest[] | null;
  matchesPath: ((path: string) => boolean) | null;
}

/** A rule that verb and resource do not rule out, with what is left to test. */
interface Candidate {
  decision: AuditDecision;
  users: ReadonlySet<string> | null;
  groups: ReadonlySet<string> | null;
  namespaces: ReadonlySet<string> | null;
  /** One of the sets must hold the name; null: any name will do. */
  names: readonly ReadonlySet<string>[] | null;
  matchesPath: ((path: string) => boolean) | null;
}

function compileResource({ group, resources = [], resourceNames = [] }: GroupResources): ResourceTest {
  const exact = new Set<string>();
  const bySubresource = new Set<string>();
  const byResource = new Set<string>();
  let all = resources.length === 0;
  for (const pattern of resources) {
    if (pattern === '*') all = true;
    else if (pattern.startsWith('*/')) bySubresource.add(pattern.slice(2));
    else if (pattern.endsWith('/*')) byResource.add(pattern.slice(0, -2));
    else exact.add(pattern);
  }
  return {
    // Without resources the names are not looked at.
    names: resourceNames.length === 0 || resources.length === 0 ? null : new Set(resourceNames),
    matchesType({ apiGroup, resource, subresource }) {
      if (group !== '*' && group !== apiGroup) return false;
      if (all || byResource.has(resource)) return true;
      if (subresource === '') return exact.has(resource);
      return bySubresource.has(subresource) || exact.has(`${resource}/${subresource}`);
    },
  };
}

function compilePaths(patterns: readonly string[]): (path: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
  const prefixes = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.replace(/\*+$/, ''));
  return (path) => exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix));
}

/** No list and an empty one ask for nothing. */
function asked<T>(list: readonly T[] | undefined): readonly T[] | null {
  return list === undefined || list.length === 0 ? null : list;
}

function compileRule(policy: AuditPolicy, rule: PolicyRule, index: number): CompiledRule {
  const set = (list: readonly string[] | undefined): ReadonlySet<string> | null => {
    const given = asked(list);
    return given === null ? null : new Set(given);
  };
  const resources = asked(rule.resources)?.map(compileResource) ?? null;
  const namespaces = set(rule.namespaces);
  const paths = resources === null && namespaces === null ? asked(rule.nonResourceURLs) : null;
  return {
    decision: {
      level: rule.level,
      omitStages: new Set<AuditStage>([...(rule.omitStages ?? []), ...policy.omitStages]),
      omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields,
      rule: index,
    },
    users: set(rule.users),
    groups: set(rule.userGroups),
    verbs: set(rule.verbs),
    namespaces,
    resources,
    matchesPath: paths === null ? null : compilePaths(paths),
  };
}

function inGroups(wanted: ReadonlySet<string>, groups: readonly string[]): boolean {
  for (let i = 0; i < groups.length; i++) if (wanted.has(groups[i] as string)) return true;
  return false;
}

/** The rules that this verb and this kind of thing leave over, up to the first that needs nothing else. */
function candidatesOf(rules: readonly CompiledRule[], attributes: AuditAttributes): Candidate[] {
  const out: Candidate[] = [];
  for (const { decision, users, groups, verbs, namespaces, resources, matchesPath } of rules) {
    if (verbs !== null && !verbs.has(attributes.verb)) continue;
    let names: ReadonlySet<string>[] | null = null;
    if (attributes.isResourceRequest) {
      if (matchesPath !== null) continue;
      if (resources !== null) {
        const fitting = resources.filter((test) => test.matchesType(attributes));
        if (fitting.length === 0) continue;
        if (fitting.every((test) => test.names !== null)) names = fitting.map((test) => test.names as ReadonlySet<string>);
      }
    } else if (resources !== null || namespaces !== null) continue;
    out.push({ decision, users, groups, namespaces, names, matchesPath });
    if (users === null && groups === null && namespaces === null && names === null && matchesPath === null) break;
  }
  return out;
}

function passes({ users, groups, namespaces, names, matchesPath }: Candidate, attributes: AuditAttributes): boolean {
  const { user } = attributes;
  if (users !== null && (user === undefined || !users.has(user.username))) return false;
  if (groups !== null && (user === undefined || !inGroups(groups, user.groups))) return false;
  if (namespaces !== null && !namespaces.has(attributes.namespace)) return false;
  if (names !== null && !names.some((set) => set.has(attributes.name))) return false;
  return matchesPath === null || matchesPath(attributes.path);
}

/** What was worked out, by four words; forgotten as a whole when there is too much of it. */
class CandidateMemory {
  readonly #rules: readonly CompiledRule[];
  readonly #byVerb = new Map<string, Map<string, Map<string, Map<string, Candidate[]>>>>();
  readonly #pathsByVerb = new Map<string, Candidate[]>();
  #size = 0;

  constructor(rules: readonly CompiledRule[]) {
    this.#rules = rules;
  }

  get(attributes: AuditAttributes): readonly Candidate[] {
    const { verb, apiGroup, resource, subresource } = attributes;
    const known = attributes.isResourceRequest
      ? this.#byVerb.get(verb)?.get(apiGroup)?.get(resource)?.get(subresource)
      : this.#pathsByVerb.get(verb);
    return known ?? this.#learn(attributes);
  }

  #learn(attributes: AuditAttributes): readonly Candidate[] {
    const { verb, apiGroup, resource, subresource } = attributes;
    const candidates = candidatesOf(this.#rules, attributes);
    if (this.#size >= REMEMBERED_MAX) {
      this.#byVerb.clear();
      this.#pathsByVerb.clear();
      this.#size = 0;
    }
    this.#size++;
    if (attributes.isResourceRequest) {
      child(child(child(this.#byVerb, verb), apiGroup), resource).set(subresource, candidates);
    } else this.#pathsByVerb.set(verb, candidates);
    return candidates;
  }
}

function child<V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let found = map.get(key);
  if (found === undefined) {
    found = new Map();
    map.set(key, found);
  }
  return found;
}

/** The first part of a rule that a request fails, in the order in which upstream looks. */
function mismatchOf(rule: CompiledRule, attributes: AuditAttributes): RulePart | null {
  const { users, groups, verbs, namespaces, resources, matchesPath } = rule;
  const { user, isResourceRequest } = attributes;
  if (users !== null && (user === undefined || !users.has(user.username))) return 'users';
  if (groups !== null && (user === undefined || !inGroups(groups, user.groups))) return 'userGroups';
  if (verbs !== null && !verbs.has(attributes.verb)) return 'verbs';
  if (namespaces !== null && !(isResourceRequest && namespaces.has(attributes.namespace))) return 'namespaces';
  if (resources !== null) {
    const fits = (test: ResourceTest): boolean => test.matchesType(attributes) && (test.names === null || test.names.has(attributes.name));
    if (!isResourceRequest || !resources.some(fits)) return 'resources';
  }
  return matchesPath !== null && (isResourceRequest || !matchesPath(attributes.path)) ? 'nonResourceURLs' : null;
}

/** Compiles a policy. */
export function createPolicyEvaluator(policy: AuditPolicy): PolicyEvaluator {
  const rules = policy.rules.map((rule, index) => compileRule(policy, rule, index));
  const memory = new CandidateMemory(rules);
  const none: AuditDecision = {
    level: 'None',
    omitStages: new Set(policy.omitStages),
    omitManagedFields: policy.omitManagedFields,
    rule: -1,
  };
  return {
    evaluate(attributes) {
      const candidates = memory.get(attributes);
      for (let i = 0; i < candidates.length; i++) {
        const candidate = candidates[i] as Candidate;
        if (passes(candidate, attributes)) return candidate.decision;
      }
      return none;
    },
    explain(attributes) {
      const out: { rule: number; mismatch: RulePart | null }[] = [];
      for (const rule of rules) {
        const mismatch = mismatchOf(rule, attributes);
        out.push({ rule: rule.decision.rule, mismatch });
        if (mismatch === null) break;
      }
      return out;
    },
  };
}
