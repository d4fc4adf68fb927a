/** `authentication.k8s.io/v1`: who am I, and whose is this token? */
import { newBadRequest } from '@k/apimachinery';
import { type Authenticator, authenticateToken, type UserInfo } from '@k/auth';
import { sendKubeObject } from '../rest/render.js';
import { timestamp } from '../rest/write-object.js';
import type { ResourceHandler } from '../server-context.js';
import { decodeReview } from './decode-review.js';

/** A user as the API shows it. */
function userInfo(user: UserInfo): object {
  return {
    ...(user.username === '' ? {} : { username: user.username }),
    ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
    ...(user.groups.length === 0 ? {} : { groups: user.groups }),
    ...(user.extra === undefined ? {} : { extra: user.extra }),
  };
}

/** SelfSubjectReview. */
export const handleSelfSubjectReview: ResourceHandler = async (server, context, scope) => {
  const object = await decodeReview(server, context, scope);
  object.metadata = { creationTimestamp: timestamp(server.now()) };
  object['status'] = { userInfo: userInfo(context.user) };
  await sendKubeObject(context, scope, 201, object);
};

/** TokenReview over the server's own authenticators. */
export function tokenReviewHandler(authenticators: readonly Authenticator[], ownAudiences: readonly string[]): ResourceHandler {
  return async (server, context, scope) => {
    const object = await decodeReview(server, context, scope);
    const spec = (object['spec'] ?? {}) as { token?: string; audiences?: string[] };
    if ((spec.token ?? '') === '') throw newBadRequest('token is required for TokenReview in authentication');
    const audiences = spec.audiences !== undefined && spec.audiences.length > 0 ? spec.audiences : ownAudiences;
    const { result, error } = await authenticateToken(authenticators, spec.token as string, audiences, ownAudiences);
    object['status'] =
      result === null ? { user: {}, error } : { authenticated: true, user: userInfo(result.user), audiences: result.audiences ?? [] };
    await sendKubeObject(context, scope, 201, object);
  };
}
