import { goQuote } from '@k/apimachinery';
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, DecisionWaiter, SubjectRules } from '../interface.js';
import { aggregateErrors } from './aggregate-errors.js';

/** `system:masters` may do anything, whatever is configured. */
export const privilegedGroupAuthorizer: Authorizer = {
  name: 'PrivilegedGroup',
  authorize(attributes) {
    return attributes.user.groups.includes('system:masters') ? { decision: 'allow', reason: '' } : { decision: 'noOpinion', reason: '' };
  },
};

/** Mode `AlwaysAllow`. */
export const alwaysAllowAuthorizer: Authorizer = {
  name: 'AlwaysAllow',
  authorize: () => ({ decision: 'allow', reason: '' }),
  rulesFor: () => ({
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    incomplete: false,
  }),
};

/** Mode `AlwaysDeny`. */
export const alwaysDenyAuthorizer: Authorizer = {
  name: 'AlwaysDeny',
  authorize: () => ({ decision: 'noOpinion', reason: 'Everything is forbidden.' }),
};

/** Keeps what an authorizer without an opinion has to say. */
function note({ reason, error }: AuthorizationDecision, reasons: string[], errors: string[]): void {
  if (reason !== '') reasons.push(reason);
  if (error !== undefined && error !== '') errors.push(error);
}

/** Asks authorizers in order; the first opinion decides. Answers synchronously when all of them do. */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  const ask = (
    attributes: AuthorizationAttributes,
    waiter: DecisionWaiter | undefined,
    from: number,
    reasons: string[],
    errors: string[],
  ): AuthorizationDecision | Promise<AuthorizationDecision> => {
    for (let i = from; i < authorizers.length; i++) {
      const decision = (authorizers[i] as Authorizer).authorize(attributes, waiter);
      if (decision instanceof Promise) {
        return decision.then((result) => {
          if (result.decision !== 'noOpinion') return result;
          note(result, reasons, errors);
          return ask(attributes, waiter, i + 1, reasons, errors);
        });
      }
      if (decision.decision !== 'noOpinion') return decision;
      note(decision, reasons, errors);
    }
    const error = aggregateErrors(errors);
    return { decision: 'noOpinion', reason: reasons.join('\n'), ...(errors.length === 0 ? {} : { error }) };
  };
  return {
    name: 'union',
    authorize: (attributes, waiter) => ask(attributes, waiter, 0, [], []),
    async rulesFor(user, namespace) {
      const out: SubjectRules = { resourceRules: [], nonResourceRules: [], incomplete: false };
      const errors: string[] = [];
      for (const authorizer of authorizers) {
        const rules = await authorizer.rulesFor?.(user, namespace);
        if (rules === undefined) continue;
        out.resourceRules.push(...rules.resourceRules);
        out.nonResourceRules.push(...rules.nonResourceRules);
        out.incomplete ||= rules.incomplete;
        if (rules.evaluationError !== undefined) errors.push(rules.evaluationError);
      }
      if (errors.length > 0) out.evaluationError = aggregateErrors(errors);
      return out;
    },
  };
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** What a caller sent must not look like markup in an answer; the texts of authorizers are trusted. */
function withoutMarkup(text: string): string {
  return /[&<>]/.test(text) ? text.replace(/[&<>]/g, (char) => HTML[char] as string) : text;
}

/** The message of a 403, without its `pods "x" is forbidden: `. */
export function forbiddenMessage(attributes: AuthorizationAttributes, reason: string): string {
  const user = goQuote(attributes.user.username);
  const suffix = reason === '' ? '' : `: ${reason}`;
  if (!attributes.isResourceRequest)
    return `${withoutMarkup(`User ${user} cannot ${attributes.verb} path ${goQuote(attributes.path)}`)}${suffix}`;
  const resource = attributes.subresource === '' ? attributes.resource : `${attributes.resource}/${attributes.subresource}`;
  const scope = attributes.namespace === '' ? 'at the cluster scope' : `in the namespace ${goQuote(attributes.namespace)}`;
  const text = `User ${user} cannot ${attributes.verb} resource ${goQuote(resource)} in API group ${goQuote(attributes.apiGroup)} ${scope}`;
  return `${withoutMarkup(text)}${suffix}`;
}
