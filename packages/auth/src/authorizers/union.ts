import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from '../interface.js';

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
};

/** Mode `AlwaysDeny`. */
export const alwaysDenyAuthorizer: Authorizer = {
  name: 'AlwaysDeny',
  authorize: () => ({ decision: 'noOpinion', reason: 'Everything is forbidden.' }),
};

/** Asks authorizers in order; the first opinion decides. Answers synchronously when all of them do. */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  const ask = (
    attributes: AuthorizationAttributes,
    from: number,
    reasons: string[],
  ): AuthorizationDecision | Promise<AuthorizationDecision> => {
    for (let i = from; i < authorizers.length; i++) {
      const decision = (authorizers[i] as Authorizer).authorize(attributes);
      if (decision instanceof Promise) {
        return decision.then((result) => {
          if (result.decision !== 'noOpinion') return result;
          if (result.reason !== '') reasons.push(result.reason);
          return ask(attributes, i + 1, reasons);
        });
      }
      if (decision.decision !== 'noOpinion') return decision;
      if (decision.reason !== '') reasons.push(decision.reason);
    }
    return { decision: 'noOpinion', reason: reasons.join('\n') };
  };
  const withRules = authorizers.find((authorizer) => authorizer.rulesFor !== undefined);
  return {
    name: 'union',
    authorize: (attributes) => ask(attributes, 0, []),
    ...(withRules?.rulesFor ? { rulesFor: (user, namespace) => withRules.rulesFor?.(user, namespace) as never } : {}),
  };
}

/** The message of a 403, without its `pods "x" is forbidden: `. */
export function forbiddenMessage(attributes: AuthorizationAttributes, reason: string): string {
  const user = JSON.stringify(attributes.user.username);
  const suffix = reason === '' ? '' : `: ${reason}`;
  if (!attributes.isResourceRequest) return `User ${user} cannot ${attributes.verb} path ${JSON.stringify(attributes.path)}${suffix}`;
  const resource = attributes.subresource === '' ? attributes.resource : `${attributes.resource}/${attributes.subresource}`;
  const scope = attributes.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(attributes.namespace)}`;
  return `User ${user} cannot ${attributes.verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(attributes.apiGroup)} ${scope}${suffix}`;
}
