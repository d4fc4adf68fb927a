/** Which FlowSchema a request belongs to: the first by precedence whose subjects and rules match. */
import type { FlowSchemaResourceRule, FlowSchemaRules, FlowSchemaSpec, FlowSchemaSubject } from '@k/api';
import type { KubeObject, RequestInfo } from '@k/apimachinery';
import type { UserInfo } from '@k/auth';

/** Rules of one schema that are left when it is known who asks. */
interface Candidate<T> {
  rules: readonly FlowSchemaRules[];
  target: T;
}

/** Users whose candidates are kept. */
const USERS_MAX = 1024;
const SERVICE_ACCOUNT = 'system:serviceaccount:';

/** The schemas at one moment, each with what its requests are sent to; made anew when something of it changes. */
export class FlowSchemas<T> {
  readonly #schemas: readonly Candidate<T>[];
  readonly #byUser = new Map<string, readonly Candidate<T>[]>();

  /** @param targetOf - Undefined for a schema that is left out. */
  constructor(flowSchemas: readonly KubeObject[], targetOf: (schema: KubeObject) => T | undefined) {
    const specOf = (schema: KubeObject): FlowSchemaSpec => (schema['spec'] ?? {}) as FlowSchemaSpec;
    const nameOf = (schema: KubeObject): string => schema.metadata?.name ?? '';
    this.#schemas = [...flowSchemas]
      .sort((a, b) => {
        const difference = (specOf(a).matchingPrecedence ?? 0) - (specOf(b).matchingPrecedence ?? 0);
        return difference !== 0 ? difference : nameOf(a) < nameOf(b) ? -1 : 1;
      })
      .flatMap((schema) => {
        const target = targetOf(schema);
        return target === undefined ? [] : [{ rules: specOf(schema).rules ?? [], target }];
      });
  }

  /** Undefined when no schema matches, which the built-in catch-all rules out for all who are known. */
  classify(user: UserInfo, info: RequestInfo): T | undefined {
    for (const { rules, target } of this.#candidatesOf(user)) {
      if (rules.some((rule) => matchesRequest(rule, info))) return target;
    }
    return undefined;
  }

  #candidatesOf(user: UserInfo): readonly Candidate<T>[] {
    const key = `${user.username}\n${user.groups.join('\n')}`;
    let candidates = this.#byUser.get(key);
    if (candidates === undefined) {
      candidates = this.#schemas.flatMap(({ rules, target }) => {
        const own = rules.filter(({ subjects }) => subjects?.some((subject) => matchesSubject(subject, user)));
        return own.length === 0 ? [] : [{ rules: own, target }];
      });
      if (this.#byUser.size >= USERS_MAX) this.#byUser.delete(this.#byUser.keys().next().value as string);
      this.#byUser.set(key, candidates);
    }
    return candidates;
  }
}

const holds = (list: readonly string[] | undefined, value: string): boolean =>
  list?.some((item) => item === '*' || item === value) === true;

function matchesSubject({ kind, user: wanted, group, serviceAccount }: FlowSchemaSubject, user: UserInfo): boolean {
  if (kind === 'User') return wanted?.name === '*' || wanted?.name === user.username;
  if (kind === 'Group') return group?.name === '*' ? true : user.groups.includes(group?.name ?? '');
  if (kind !== 'ServiceAccount' || !user.username.startsWith(SERVICE_ACCOUNT)) return false;
  const [namespace, name] = user.username.slice(SERVICE_ACCOUNT.length).split(':');
  if (serviceAccount?.namespace !== namespace) return false;
  return serviceAccount?.name === '*' || serviceAccount?.name === name;
}

function matchesRequest({ resourceRules, nonResourceRules }: FlowSchemaRules, info: RequestInfo): boolean {
  if (info.isResourceRequest) return resourceRules?.some((rule) => matchesResource(rule, info)) === true;
  return (
    nonResourceRules?.some(
      ({ verbs, nonResourceURLs }) => holds(verbs, info.verb) && nonResourceURLs?.some((url) => covers(url, info.path)),
    ) === true
  );
}

function matchesResource(rule: FlowSchemaResourceRule, info: RequestInfo): boolean {
  const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`;
  if (!holds(rule.verbs, info.verb) || !holds(rule.resources, resource) || !holds(rule.apiGroups, info.apiGroup)) return false;
  return info.namespace === '' ? rule.clusterScope === true : holds(rule.namespaces, info.namespace);
}

function covers(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path;
}
