import { parseYamlFields } from '@k/apimachinery/yaml';
import { type AuditStage, LEVELS, STAGES } from '../event.js';
import type { AuditPolicy, GroupResources, PolicyRule } from './policy.js';
import { AuditPolicyError } from './policy-error.js';

type Fields = Record<string, unknown>;

/** Characters of a wrong value that are shown. */
const SHOWN_CHARS_MAX = 100;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
/** Fields of a policy's file, of its rules and of their resources. */
export const POLICY_FIELDS: readonly string[] = ['apiVersion', 'kind', 'metadata', 'omitStages', 'omitManagedFields', 'rules'];
export const RULE_FIELDS: readonly string[] = [
  'level',
  'users',
  'userGroups',
  'verbs',
  'namespaces',
  'resources',
  'nonResourceURLs',
  'omitStages',
  'omitManagedFields',
];
export const RESOURCES_FIELDS: readonly string[] = ['group', 'resources', 'resourceNames'];

/** A value that is none of what its field takes, by the field. */
function refuse(path: string, wanted: string, value: unknown): never {
  const shown = JSON.stringify(value) ?? String(value);
  throw new AuditPolicyError([
    `failed decoding: ${path} must be ${wanted}, got ${shown.length > SHOWN_CHARS_MAX ? `${shown.slice(0, SHOWN_CHARS_MAX)}…` : shown}`,
  ]);
}

function strings(value: unknown, path: string): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
    refuse(path, 'a list of strings', value);
  }
  return value as string[];
}

function text(value: unknown, path: string): string {
  if (value !== undefined && value !== null && typeof value !== 'string') refuse(path, 'a string', value);
  return value ?? '';
}

function flag(value: unknown, path: string): boolean | undefined {
  if (value !== undefined && value !== null && typeof value !== 'boolean') refuse(path, 'true or false', value);
  return value ?? undefined;
}

function fields(value: unknown, path: string, known: readonly string[], unknown: string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(path, 'an object', value);
  for (const key of Object.keys(value))
    if (!known.includes(key)) unknown.push(`unknown field "${path === 'the policy' ? '' : `${path}.`}${key}"`);
  return value as Fields;
}

function readRule(value: unknown, path: string, unknown: string[]): PolicyRule {
  const rule = fields(value, path, RULE_FIELDS, unknown);
  const out: Fields = { level: text(rule['level'], `${path}.level`) };
  for (const name of ['users', 'userGroups', 'verbs', 'namespaces', 'nonResourceURLs', 'omitStages'] as const) {
    const list = strings(rule[name], `${path}.${name}`);
    if (list !== undefined) out[name] = list;
  }
  if (rule['resources'] !== undefined && rule['resources'] !== null) {
    if (!Array.isArray(rule['resources'])) refuse(`${path}.resources`, 'a list', rule['resources']);
    out['resources'] = rule['resources'].map((item, i): GroupResources => {
      const at = `${path}.resources[${i}]`;
      const entry = fields(item, at, RESOURCES_FIELDS, unknown);
      const resources = strings(entry['resources'], `${at}.resources`);
      const resourceNames = strings(entry['resourceNames'], `${at}.resourceNames`);
      return {
        group: text(entry['group'], `${at}.group`),
        ...(resources === undefined ? {} : { resources }),
        ...(resourceNames === undefined ? {} : { resourceNames }),
      };
    });
  }
  const omitManagedFields = flag(rule['omitManagedFields'], `${path}.omitManagedFields`);
  if (omitManagedFields !== undefined) out['omitManagedFields'] = omitManagedFields;
  return out as unknown as PolicyRule;
}

/**
 * Parses and checks a policy.
 *
 * @param source - YAML 1.1 (or JSON) text, as Kubernetes reads it: the first document counts; or the object that it stands for.
 * @param warn - Hears of unknown and duplicate fields, which are ignored as upstream does.
 * @throws {AuditPolicyError} with every fault.
 */
export function parsePolicy(source: string | object, warn: (message: string) => void = () => {}): AuditPolicy {
  let value: unknown = source;
  const unknown: string[] = [];
  if (typeof source === 'string') {
    try {
      const parsed = parseYamlFields(source);
      value = parsed.value;
      unknown.push(...parsed.duplicates);
    } catch (error) {
      throw new AuditPolicyError([`failed decoding: ${error instanceof Error ? error.message : String(error)}`]);
    }
  }
  const root = fields(value, 'the policy', POLICY_FIELDS, unknown);
  if (root['apiVersion'] !== 'audit.k8s.io/v1' || root['kind'] !== 'Policy') {
    for (const field of ['apiVersion', 'kind']) {
      if (text(root[field], field) === '') throw new AuditPolicyError([`failed decoding: ${field} is missing`]);
    }
    throw new AuditPolicyError([`unknown group version field ${String(root['apiVersion'])}, Kind=${String(root['kind'])} in policy`]);
  }
  const rules = root['rules'] ?? [];
  if (!Array.isArray(rules)) refuse('rules', 'a list', rules);
  const policy: AuditPolicy = {
    omitStages: (strings(root['omitStages'], 'omitStages') ?? []) as AuditStage[],
    omitManagedFields: flag(root['omitManagedFields'], 'omitManagedFields') ?? false,
    rules: rules.map((rule, i) => readRule(rule, `rules[${i}]`, unknown)),
  };
  if (unknown.length > 0) warn(`Audit policy contains errors, falling back to lenient decoding: ${unknown.join(', ')}`);
  const faults = policyFaults(policy);
  if (faults.length > 0) throw new AuditPolicyError(faults);
  if (policy.rules.length === 0) throw new AuditPolicyError(['loaded illegal policy with 0 rules']);
  return policy;
}

function stageFaults(stages: readonly string[], path: string): string[] {
  return stages.flatMap((stage, i) =>
    STAGES.includes(stage as AuditStage)
      ? []
      : [`${path}[${i}]: Invalid value: ${JSON.stringify(stage)}: allowed stages are ${STAGES.join(',')}`],
  );
}

/** Every fault of a decoded policy, in upstream's order and words. */
export function policyFaults(policy: AuditPolicy): string[] {
  const faults = stageFaults(policy.omitStages, 'omitStages');
  policy.rules.forEach((rule, i) => {
    const path = `rules[${i}]`;
    const level = rule.level as string;
    if (level === '') faults.push(`${path}.level: Required value`);
    else if (!LEVELS.includes(rule.level)) {
      faults.push(
        `${path}.level: Unsupported value: ${JSON.stringify(level)}: supported values: "None", "Metadata", "Request", "RequestResponse"`,
      );
    }
    (rule.nonResourceURLs ?? []).forEach((url, j) => {
      if (url === '*') return;
      const at = `${path}.nonResourceURLs[${j}]: Invalid value: ${JSON.stringify(url)}`;
      if (!url.startsWith('/')) faults.push(`${at}: non-resource URL rules must begin with a '/' character`);
      if (url.slice(0, -1).includes('*')) faults.push(`${at}: non-resource URL wildcards '*' must be the final character of the rule`);
    });
    for (const { group, resources, resourceNames } of rule.resources ?? []) {
      if (group !== '' && group !== '*' && !DNS_SUBDOMAIN.test(group)) {
        faults.push(`${path}.resources.group: Invalid value: ${JSON.stringify(group)}: ${SUBDOMAIN_TEXT}`);
      }
      if ((resourceNames?.length ?? 0) > 0 && (resources?.length ?? 0) === 0) {
        faults.push(
          `${path}.resources.resourceNames: Invalid value: ${JSON.stringify(resourceNames)}: using resourceNames requires at least one resource`,
        );
      }
    }
    faults.push(...stageFaults(rule.omitStages ?? [], `${path}.omitStages`));
    if ((rule.nonResourceURLs?.length ?? 0) > 0 && ((rule.resources?.length ?? 0) > 0 || (rule.namespaces?.length ?? 0) > 0)) {
      faults.push(
        `${path}.nonResourceURLs: Invalid value: ${JSON.stringify(rule.nonResourceURLs)}: rules cannot apply to both regular resources and non-resource URLs`,
      );
    }
  });
  return faults;
}
