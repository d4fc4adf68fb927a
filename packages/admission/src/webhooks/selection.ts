/** Which webhooks a request goes to, and in which version. */
import { isEverything, type KubeObject, matchesLabels, newNotFound } from '@k/apimachinery';
import type { AdmissionDependencies, AdmissionRequest } from '../interface.js';
import { isNamespace, isWrite } from '../request-match.js';
import type { EquivalentResource, Equivalents } from './equivalents.js';
import { ADMISSION_REGISTRATION, type Hook } from './hooks.js';
import { matchesRule } from './rules.js';
import { VersionedRequest } from './versioned-request.js';

const NEVER_SENT: ReadonlySet<string> = new Set([
  'validatingwebhookconfigurations',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
]);

/** True for what webhooks never see: a wrong configuration must not keep its own correction out. */
export function isExempt({ resource }: AdmissionRequest): boolean {
  return resource.group === ADMISSION_REGISTRATION && NEVER_SENT.has(resource.resource);
}

/** Decides about one webhook at a time. */
export class Selection {
  readonly #dependencies: AdmissionDependencies;
  readonly #equivalents: Equivalents;

  constructor(dependencies: AdmissionDependencies, equivalents: Equivalents) {
    this.#dependencies = dependencies;
    this.#equivalents = equivalents;
  }

  /**
   * The request as the webhook is to see it, or null when it is not for it.
   *
   * @throws StatusError 404 when the namespace that a selector looks at is missing; 403 for failing match conditions.
   */
  async choose(hook: Hook, request: AdmissionRequest): Promise<VersionedRequest | null> {
    const target = this.#matchRules(hook, request);
    if (target === null || !matchesObject(hook, request)) return null;
    if (!(await this.#matchesNamespace(hook, request))) return null;
    const versioned = await VersionedRequest.of(request, this.#equivalents, target);
    return (await hook.conditions.match(request, versioned)) ? versioned : null;
  }

  #matchRules({ spec }: Hook, request: AdmissionRequest): EquivalentResource | null {
    const { operation, subresource, namespace, resource, kind } = request;
    const rules = spec.rules ?? [];
    const common = { operation, subresource, namespace };
    if (rules.some((rule) => matchesRule(rule, { ...common, ...resource }))) return { resource, kind };
    if (spec.matchPolicy === 'Exact') return null;
    const equivalents = this.#equivalents.of(resource, subresource);
    for (const rule of rules) {
      const found = equivalents.find((other) => matchesRule(rule, { ...common, ...other.resource }));
      if (found !== undefined) return found;
    }
    return null;
  }

  async #matchesNamespace({ namespaceSelector }: Hook, request: AdmissionRequest): Promise<boolean> {
    if (isEverything(namespaceSelector)) return true;
    const { namespace, operation, subresource, object } = request;
    if (namespace === '') return true;
    if (isNamespace(request) && subresource === '' && isWrite(operation)) {
      return matchesLabels(namespaceSelector, object?.metadata?.labels ?? {});
    }
    const { objects } = this.#dependencies;
    const found = objects.get('', 'namespaces', '', namespace) ?? (await objects.getLive('', 'namespaces', '', namespace));
    if (found === undefined) throw newNotFound({ group: '', resource: 'namespaces' }, namespace);
    return matchesLabels(namespaceSelector, found.metadata?.labels ?? {});
  }
}

/** The new or the old object has the labels. What has no metadata never matches. */
function matchesObject({ objectSelector }: Hook, { object, oldObject }: AdmissionRequest): boolean {
  if (isEverything(objectSelector)) return true;
  const matches = (given: KubeObject | null): boolean =>
    given?.metadata !== undefined && matchesLabels(objectSelector, given.metadata.labels ?? {});
  return matches(object) || matches(oldObject);
}
