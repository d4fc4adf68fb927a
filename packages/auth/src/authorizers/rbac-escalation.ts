/**
 * Who grants a role must hold what it grants: rules are broken into single permissions, the ones that the user's own
 * rules do not cover are named in the refusal.
 */
import { goQuote } from '@k/apimachinery';
import type { PolicyRule, UserInfo } from '../interface.js';

/** One verb on one resource (and name) of one group, or on one URL. */
interface Permission {
  verb: string;
  group?: string;
  resource?: string;
  name?: string;
  url?: string;
}

function permissionsOf(rule: PolicyRule): Permission[] {
  const out: Permission[] = [];
  for (const verb of rule.verbs ?? []) {
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const names = rule.resourceNames ?? [];
        if (names.length === 0) out.push({ verb, group, resource });
        else for (const name of names) out.push({ verb, group, resource, name });
      }
    }
    for (const url of rule.nonResourceURLs ?? []) out.push({ verb, url });
  }
  return out;
}

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(value));

function coversResource(list: readonly string[] | undefined, resource: string): boolean {
  if (has(list, resource)) return true;
  const slash = resource.indexOf('/');
  return slash > 0 && list?.includes(`*${resource.slice(slash)}`) === true;
}

function coversUrl(list: readonly string[] | undefined, url: string): boolean {
  return (list ?? []).some(
    (own) => own === '*' || own === url || (own.endsWith('*') && url.startsWith(own.slice(0, -1).replace(/\*+$/, ''))),
  );
}

function covers(own: PolicyRule, wanted: Permission): boolean {
  if (!has(own.verbs, wanted.verb)) return false;
  if (wanted.url !== undefined) return coversUrl(own.nonResourceURLs, wanted.url);
  if (!has(own.apiGroups, wanted.group ?? '') || !coversResource(own.resources, wanted.resource ?? '')) return false;
  const names = own.resourceNames ?? [];
  return names.length === 0 || (wanted.name !== undefined && names.includes(wanted.name));
}

/** What of `wanted` the rules in `own` do not allow; permissions on one resource stand in one rule. */
export function uncoveredRules(own: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const missing = new Map<string, PolicyRule>();
  for (const permission of wanted.flatMap(permissionsOf)) {
    if (own.some((rule) => covers(rule, permission))) continue;
    const { verb, group, resource, name, url } = permission;
    // Only what is asked of one resource is put together, URLs stay apart.
    const key = JSON.stringify(url === undefined ? [group, resource, name ?? null] : [url, verb]);
    const rule = missing.get(key);
    if (rule !== undefined) {
      if (!rule.verbs.includes(verb)) rule.verbs.push(verb);
    } else if (url !== undefined) missing.set(key, { verbs: [verb], nonResourceURLs: [url] });
    else {
      missing.set(key, {
        verbs: [verb],
        apiGroups: [group ?? ''],
        resources: [resource ?? ''],
        ...(name === undefined ? {} : { resourceNames: [name] }),
      });
    }
  }
  return [...missing.values()];
}

const quoted = (list: readonly string[]): string => `[${list.map(goQuote).join(' ')}]`;

/** A rule as refusals print it: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`. */
export function ruleText(rule: PolicyRule): string {
  const parts: string[] = [];
  const add = (label: string, list: readonly string[] | undefined): void => {
    if (list !== undefined && list.length > 0) parts.push(`${label}:${quoted(list)}`);
  };
  add('APIGroups', rule.apiGroups);
  add('Resources', rule.resources);
  add('NonResourceURLs', rule.nonResourceURLs);
  add('ResourceNames', rule.resourceNames);
  add('Verbs', rule.verbs);
  return `{${parts.join(', ')}}`;
}

/**
 * Why a user may not grant; stands after `roles… "x" is forbidden: `.
 *
 * @param resolutionError - Why not all of the user's rules are known, e.g. a binding to a role that is gone.
 */
export function escalationMessage(user: UserInfo, missing: readonly PolicyRule[], resolutionError?: string): string {
  const lines = [...new Set(missing.map(ruleText))].sort();
  const suffix = resolutionError === undefined ? '' : `; resolution errors: [${resolutionError}]`;
  return `user ${goQuote(user.username)} (groups=${quoted(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${suffix}`;
}
