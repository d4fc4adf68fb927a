import type { FieldErrors } from './field-errors.js';

/** `webhooks[].rules[]`. */
export interface WebhookRule {
  operations?: string[];
  apiGroups?: string[];
  apiVersions?: string[];
  resources?: string[];
  scope?: string;
}

const OPERATIONS: readonly string[] = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

/** Which requests a webhook is for. */
export function validateWebhookRule(rule: WebhookRule, at: string, errors: FieldErrors): void {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  validateAlone(operations, `${at}.operations`, 'operations', errors);
  for (const [i, operation] of operations.entries()) errors.oneOf(`${at}.operations[${i}]`, operation, OPERATIONS);
  validateAlone(apiGroups, `${at}.apiGroups`, 'API groups', errors);
  validateAlone(apiVersions, `${at}.apiVersions`, 'API versions', errors);
  for (const [i, version] of apiVersions.entries()) if (version === '') errors.required(`${at}.apiVersions[${i}]`);
  validateResources(resources, `${at}.resources`, errors);
  errors.oneOf(`${at}.scope`, scope, ['*', 'Cluster', 'Namespaced']);
}

/** A wildcard stands alone. */
function validateAlone(list: readonly string[], at: string, what: string, errors: FieldErrors): void {
  if (list.length === 0) errors.required(at);
  else if (list.length > 1 && list.includes('*')) errors.invalid(at, [...list], `if '*' is present, must not specify other ${what}`);
}

function validateResources(resources: readonly string[], at: string, errors: FieldErrors): void {
  if (resources.length === 0) {
    errors.required(at);
    return;
  }
  const allSubresourcesOf = new Set<string>();
  const ofAllResources = new Set<string>();
  for (const [i, entry] of resources.entries()) {
    if (entry === '') errors.required(`${at}[${i}]`);
    const slash = entry.indexOf('/');
    if (slash < 0) continue;
    const [main, sub] = [entry.slice(0, slash), entry.slice(slash + 1)];
    if (allSubresourcesOf.has(main)) errors.invalid(`${at}[${i}]`, entry, `if '${main}/*' is present, must not specify ${entry}`);
    if (ofAllResources.has(sub)) errors.invalid(`${at}[${i}]`, entry, `if '*/${sub}' is present, must not specify ${entry}`);
    if (sub === '*') allSubresourcesOf.add(main);
    if (main === '*') ofAllResources.add(sub);
  }
  const others = 'must not specify other resources';
  if (resources.length > 1 && resources.includes('*/*')) errors.invalid(at, [...resources], `if '*/*' is present, ${others}`);
  const hasPlain = resources.some((entry) => entry !== '' && entry !== '*' && !entry.includes('/'));
  if (resources.includes('*') && hasPlain) errors.invalid(at, [...resources], `if '*' is present, ${others} without subresources`);
}
