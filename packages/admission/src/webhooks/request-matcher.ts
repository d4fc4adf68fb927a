/** Whether a webhook or policy is about a request: rules, equivalents, selectors. */
import { isEverything, type KubeObject, type LabelSelector, matchesLabels, newNotFound } from '@k/apimachinery';
import type { AdmissionDependencies, AdmissionRequest } from '../interface.js';
import { isNamespace, isWrite } from '../request-match.js';
import type { EquivalentResource, Equivalents } from './equivalents.js';
import { matchesRule, type RuleTarget } from './rules.js';
import type { WebhookRule } from './types.js';

/** A rule of a policy, which may be about some names only. */
export interface NamedRule extends WebhookRule {
  resourceNames?: string[];
}

/** What a request is compared with. */
export interface MatchCriteria {
  rules: readonly NamedRule[];
  excludeRules?: readonly NamedRule[];
  matchPolicy: 'Exact' | 'Equivalent' | undefined;
  namespaceSelector: LabelSelector;
  objectSelector: LabelSelector;
}

/** Compares requests with criteria. */
export class RequestMatcher {
  readonly #dependencies: AdmissionDependencies;
  readonly #equivalents: Equivalents;

  constructor(dependencies: AdmissionDependencies, equivalents: Equivalents) {
    this.#dependencies = dependencies;
    this.#equivalents = equivalents;
  }

  /**
   * The version in which the request matches; null when it does not.
   *
   * @throws StatusError 404 when the namespace that a selector looks at is missing.
   */
  match(criteria: MatchCriteria, request: AdmissionRequest): EquivalentResource | null | Promise<EquivalentResource | null> {
    const { excludeRules = [] } = criteria;
    const target = this.#findTarget(criteria.rules, criteria, request);
    if (target === null || !matchesObject(criteria.objectSelector, request)) return null;
    if (excludeRules.length > 0 && this.#findTarget(excludeRules, criteria, request) !== null) return null;
    if (isEverything(criteria.namespaceSelector)) return target;
    return this.#matchesNamespace(criteria.namespaceSelector, request).then((matches) => (matches ? target : null));
  }

  /** False when the request does not match, whatever its namespace. */
  mayMatch(criteria: MatchCriteria, request: AdmissionRequest): boolean {
    return this.#findTarget(criteria.rules, criteria, request) !== null && matchesObject(criteria.objectSelector, request);
  }

  #findTarget(rules: readonly NamedRule[], { matchPolicy }: MatchCriteria, request: AdmissionRequest): EquivalentResource | null {
    const { operation, subresource, namespace, resource, kind, name } = request;
    const common = { operation, subresource, namespace };
    const matches = (rule: NamedRule, target: RuleTarget): boolean =>
      matchesRule(rule, target) && ((rule.resourceNames?.length ?? 0) === 0 || rule.resourceNames?.includes(name) === true);
    if (rules.some((rule) => matches(rule, { ...common, ...resource }))) return { resource, kind };
    if (matchPolicy === 'Exact') return null;
    const equivalents = this.#equivalents.of(resource, subresource);
    for (const rule of rules) {
      const found = equivalents.find((other) => matches(rule, { ...common, ...other.resource }));
      if (found !== undefined) return found;
    }
    return null;
  }

  async #matchesNamespace(selector: LabelSelector, request: AdmissionRequest): Promise<boolean> {
    const { namespace, operation, subresource, object } = request;
    if (namespace === '') return true;
    if (isNamespace(request) && subresource === '' && isWrite(operation)) return matchesLabels(selector, object?.metadata?.labels ?? {});
    const found = await this.namespace(namespace);
    return matchesLabels(selector, found.metadata?.labels ?? {});
  }

  /** A namespace, from the cache or else the store. @throws StatusError 404 */
  async namespace(name: string): Promise<KubeObject> {
    const { objects } = this.#dependencies;
    const found = objects.get('', 'namespaces', '', name) ?? (await objects.getLive('', 'namespaces', '', name));
    if (found === undefined) throw newNotFound({ group: '', resource: 'namespaces' }, name);
    return found;
  }
}

/** The new or the old object has the labels. What has no metadata never matches. */
function matchesObject(selector: LabelSelector, { object, oldObject }: AdmissionRequest): boolean {
  if (isEverything(selector)) return true;
  const matches = (given: KubeObject | null): boolean =>
    given?.metadata !== undefined && matchesLabels(selector, given.metadata.labels ?? {});
  return matches(object) || matches(oldObject);
}
