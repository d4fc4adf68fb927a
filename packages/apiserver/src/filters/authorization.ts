import { newForbidden, newStatusError } from '@k/apimachinery';
import { type AuthorizationAttributes, type AuthorizationDecision, type Authorizer, forbiddenMessage } from '@k/auth';
import type { Filter, RequestContext } from '../context.js';
import { sendPlainError } from '../http/respond.js';

/** What a request asks for, as authorizers see it. */
export function authorizationAttributes(context: RequestContext): AuthorizationAttributes {
  const { info } = context;
  const selects = info.verb === 'list' || info.verb === 'watch' || info.verb === 'deletecollection';
  const fieldSelector = selects ? context.query?.get('fieldSelector') : undefined;
  const labelSelector = selects ? context.query?.get('labelSelector') : undefined;
  return {
    user: context.user,
    verb: info.verb,
    isResourceRequest: info.isResourceRequest,
    apiGroup: info.apiGroup,
    apiVersion: info.apiVersion,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    path: info.path,
    ...(fieldSelector ? { fieldSelector } : {}),
    ...(labelSelector ? { labelSelector } : {}),
  };
}

/** Whether the caller may. */
export function authorizationFilter(authorizer: Authorizer): Filter {
  const conclude = (context: RequestContext, attributes: AuthorizationAttributes, decision: AuthorizationDecision): void => {
    // An authorizer may have met an error and still allow.
    if (decision.decision !== 'allow' && decision.error !== undefined) {
      context.audit?.addAnnotation('authorization.k8s.io/reason', 'internal error');
      sendPlainError(context, decision.error);
      return;
    }
    context.audit?.addAnnotation('authorization.k8s.io/decision', decision.decision === 'allow' ? 'allow' : 'forbid');
    context.audit?.addAnnotation('authorization.k8s.io/reason', decision.reason);
    if (decision.decision === 'allow') return;
    const message = forbiddenMessage(attributes, decision.reason);
    if (!attributes.isResourceRequest) throw newStatusError(403, 'Forbidden', `forbidden: ${message}`, {});
    throw newForbidden({ group: attributes.apiGroup, resource: attributes.resource }, attributes.name, message);
  };
  const failed = (context: RequestContext, error: unknown): never => {
    context.audit?.addAnnotation('authorization.k8s.io/reason', 'internal error');
    throw error;
  };
  return {
    name: 'authorization',
    why: 'the last stage before anything is read or decoded',
    handle(context) {
      const attributes = authorizationAttributes(context);
      const ask = (): AuthorizationDecision | Promise<AuthorizationDecision> => authorizer.authorize(attributes, context.exchange);
      let decision: AuthorizationDecision | Promise<AuthorizationDecision>;
      try {
        decision = context.latency === undefined ? ask() : context.latency.time('authorization', ask);
      } catch (error) {
        return failed(context, error);
      }
      if (!(decision instanceof Promise)) return conclude(context, attributes, decision);
      return decision.then(
        (result) => conclude(context, attributes, result),
        (error) => failed(context, error),
      );
    },
  };
}
