/** Which webhooks a request goes to, and in which version. */
import type { AdmissionDependencies, AdmissionRequest } from '../interface.js';
import type { Equivalents } from './equivalents.js';
import { ADMISSION_REGISTRATION, type Hook } from './hooks.js';
import { RequestMatcher } from './request-matcher.js';
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
  readonly #matcher: RequestMatcher;
  readonly #equivalents: Equivalents;

  constructor(dependencies: AdmissionDependencies, equivalents: Equivalents) {
    this.#matcher = new RequestMatcher(dependencies, equivalents);
    this.#equivalents = equivalents;
  }

  /**
   * The request as the webhook is to see it, or null when it is not for it.
   *
   * @throws StatusError 404 when the namespace that a selector looks at is missing; 403 for failing match conditions.
   */
  async choose(hook: Hook, request: AdmissionRequest): Promise<VersionedRequest | null> {
    const target = await this.#matcher.match(hook.criteria, request);
    if (target === null) return null;
    const versioned = await VersionedRequest.of(request, this.#equivalents, target);
    return (await hook.conditions.match(request, versioned)) ? versioned : null;
  }
}
