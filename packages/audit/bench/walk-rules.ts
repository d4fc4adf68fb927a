import type { AuditAttributes, PolicyRule } from '../src/index.js';

/** The rules as they are written, one after another: what the compiled policy is held against. */
export function walkRules(rules: readonly PolicyRule[], attributes: AuditAttributes): number {
  const { user, verb, isResourceRequest, apiGroup, resource, subresource, namespace, name, path } = attributes;
  const some = (list: readonly string[] | undefined, test: (item: string) => boolean): boolean => !list?.length || list.some(test);
  const type = subresource === '' ? resource : `${resource}/${subresource}`;
  return rules.findIndex((rule: PolicyRule) => {
    if (!some(rule.users, (item) => item === user?.username)) return false;
    if (!some(rule.userGroups, (item) => user?.groups.includes(item) === true)) return false;
    if (!some(rule.verbs, (item) => item === verb)) return false;
    if (rule.namespaces?.length || rule.resources?.length) {
      if (!isResourceRequest || !some(rule.namespaces, (item) => item === namespace)) return false;
      return (
        !rule.resources?.length ||
        rule.resources.some(({ group, resources, resourceNames }) => {
          if (group !== '*' && group !== apiGroup) return false;
          if (!resources?.length) return true;
          if (!some(resourceNames, (item) => item === name)) return false;
          return resources.some(
            (pattern) => pattern === '*' || pattern === type || pattern === `*/${subresource}` || pattern === `${resource}/*`,
          );
        })
      );
    }
    if (!rule.nonResourceURLs?.length) return true;
    if (isResourceRequest) return false;
    return rule.nonResourceURLs.some((url) => url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''))));
  });
}
