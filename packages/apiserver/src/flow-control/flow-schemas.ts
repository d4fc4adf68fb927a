/** Which FlowSchema a request belongs to: the first by precedence whose subjects and rules match. */
import type { FlowSchemaResourceRule, FlowSchemaRules, FlowSchemaSpec, FlowSchemaSubject } from '@k/api';
import type { KubeObject, RequestInfo } from '@k/apimachinery';
import type { UserInfo } from '@k/auth';

/** The uids that tell a client how its request was classified. */
export interface Classification {
  flowSchemaUid: string;
  priorityLevelUid: string;
}

/** Rules of one schema that are left when it is known who asks. */
interface Candidate {
  rules: readonly FlowSchemaRules[];
  classification: Classification;
}

/** Users whose candidates are kept. */
const USERS_MAX = 1024;
const SERVICE_ACCOUNT = 'system:serviceaccount:';

/** The schemas at one moment; made anew when one of them or a priority level changes. */
export class FlowSchemas {
  readonly #schemas: readonly { rules: readonly FlowSchemaRules[]; classification: Classification }[];
  readonly #byUser = new Map<string, readonly Candidate[]>();

  /** @param priorityLevels - Schemas that name none of these are left out. */
  constructor(flowSchemas: readonly KubeObject[], priorityLevels: readonly KubeObject[]) {
    const levels = new Map(priorityLevels.map(({ metadata }) => [metadata?.name, metadata?.uid ?? '']));
    const specOf = (schema: KubeObject): FlowSchemaSpec => (schema['spec'] ?? {}) as FlowSchemaSpec;
    const nameOf = (schema: KubeObject): string => schema.metadata?.name ?? '';
    this.#schemas = [...flowSchemas]
      .sort((a, b) => {
        const difference = (specOf(a).matchingPrecedence ?? 0) - (specOf(b).matchingPrecedence ?? 0);
        return difference !== 0 ? difference : nameOf(a) < nameOf(b) ? -1 : 1;
      })
      .flatMap((schema) => {
        const { rules = [], priorityLevelConfiguration } = specOf(schema);
        const priorityLevelUid = levels.get(priorityLevelConfiguration?.name);
        if (priorityLevelUid === undefined) return [];
        return [{ rules, classification: { flowSchemaUid: schema.metadata?.uid ?? '', priorityLevelUid } }];
      });
  }

  /** Undefined when no schema matches, which the built-in catch-all rules out. */
  classify(user: UserInfo, info: RequestInfo): Classification | undefined {
    for (const { rules, classification } of this.#candidatesOf(user)) {
      if (rules.some((rule) => matchesRequest(rule, info))) return classification;
    }
    return undefined;
  }

  #candidatesOf(user: UserInfo): readonly Candidate[] {
    const key = `${user.username}\n${user.groups.join('\n')}`;
    let candidates = this.#byUser.get(key);
    if (candidates === undefined) {
      candidates = this.#schemas.flatMap(({ rules, classification }) => {
        const own = rules.filter(({ subjects }) => subjects?.some((subject) => matchesSubject(subject, user)));
        return own.length === 0 ? [] : [{ rules: own, classification }];
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
