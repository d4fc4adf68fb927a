/**
 * The ways in which a caller may act as somebody else. A constrained mode asks twice: for the action, with
 * `impersonate-on:<mode>:<verb>`, and for each part of the identity, with `impersonate:<mode>`. The older one asks for
 * the parts alone, with `impersonate`.
 */
import { isDns1123Label, isDns1123Subdomain } from '@k/api';
import { newForbidden, newStatusError } from '@k/apimachinery';
import { type AuthorizationAttributes, type Authorizer, forbiddenMessage, type UserInfo } from '@k/auth';

const AUTHENTICATION = 'authentication.k8s.io';
const ACCOUNT_PREFIX = 'system:serviceaccount:';
const NODE_PREFIX = 'system:node:';
const NODE_NAME = 'authentication.kubernetes.io/node-name';
/** From so many groups or extra values on, permission for all of them is asked for first. */
const MANY = 4;

/** Whom a request wants to act as. */
export interface WantedUser {
  username: string;
  uid: string;
  groups: string[];
  extra: Record<string, string[]>;
}

/** In the order in which they are tried. */
export const IMPERSONATION_MODES = ['associated-node', 'arbitrary-node', 'serviceaccount', 'user-info', 'legacy'] as const;

/** One way of impersonation. */
export type ImpersonationMode = (typeof IMPERSONATION_MODES)[number];

function accountOf(username: string): { namespace: string; name: string } | null {
  if (!username.startsWith(ACCOUNT_PREFIX)) return null;
  const [namespace = '', name = '', ...more] = username.slice(ACCOUNT_PREFIX.length).split(':');
  return more.length === 0 && isDns1123Label(namespace).length === 0 && isDns1123Subdomain(name).length === 0 ? { namespace, name } : null;
}

function nodeOf(username: string): string | null {
  const name = username.startsWith(NODE_PREFIX) ? username.slice(NODE_PREFIX.length) : '';
  return name !== '' && isDns1123Subdomain(name).length === 0 ? name : null;
}

/** True when a mode is there for the wanted user at all. */
export function modeApplies(mode: ImpersonationMode, wanted: WantedUser, requestor: UserInfo): boolean {
  const { username, uid, groups, extra } = wanted;
  const isNameOnly = uid === '' && groups.length === 0 && Object.keys(extra).length === 0;
  const node = nodeOf(username);
  if (mode === 'legacy') return true;
  if (mode === 'serviceaccount') return isNameOnly && accountOf(username) !== null;
  if (mode === 'user-info') return node === null && accountOf(username) === null;
  if (!isNameOnly || node === null) return false;
  if (mode === 'arbitrary-node') return true;
  // A pod may be let act as the node that it runs on.
  const own = requestor.extra?.[NODE_NAME] ?? [];
  return accountOf(requestor.username) !== null && own.length === 1 && own[0] === node;
}

type Part = Pick<AuthorizationAttributes, 'apiGroup' | 'resource' | 'subresource' | 'namespace' | 'name'>;

function refusal(attributes: AuthorizationAttributes, reason: string): Error {
  const message = forbiddenMessage(attributes, reason);
  return attributes.isResourceRequest
    ? newForbidden({ group: attributes.apiGroup, resource: attributes.resource }, attributes.name, message)
    : newStatusError(403, 'Forbidden', `forbidden: ${message}`, {});
}

async function ask(authorizer: Authorizer, attributes: AuthorizationAttributes): Promise<Error | null> {
  const { decision, reason } = await authorizer.authorize(attributes);
  return decision === 'allow' ? null : refusal(attributes, reason);
}

/** What constrained modes refuse whoever asks; null when the extra values are well formed. */
function extraFault(extra: Record<string, string[]>): string | null {
  for (const key of Object.keys(extra).sort()) {
    const values = extra[key] ?? [];
    if (key === '') return 'impersonating the empty string key in extra is not allowed';
    if (key !== key.toLowerCase()) return `impersonating a non-lowercase key in extra is not allowed: ${JSON.stringify(key)}`;
    if (values.length === 0) return 'impersonating empty values in extra is not allowed';
    if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
  }
  return null;
}

/** Asks for every part of the identity. @returns The first refusal, or null. */
async function askForParts(
  authorizer: Authorizer,
  mode: ImpersonationMode,
  wanted: WantedUser,
  requestor: UserInfo,
): Promise<Error | null> {
  const isConstrained = mode !== 'legacy';
  const group = isConstrained ? AUTHENTICATION : '';
  const attributesOf = (resource: string, name: string, more: Partial<Part> = {}): AuthorizationAttributes => ({
    user: requestor,
    verb: isConstrained ? `impersonate:${mode}` : 'impersonate',
    isResourceRequest: true,
    apiGroup: AUTHENTICATION,
    apiVersion: 'v1',
    resource,
    subresource: '',
    namespace: '',
    name,
    path: '',
    ...more,
  });
  const account = accountOf(wanted.username);
  const node = isConstrained ? nodeOf(wanted.username) : null;
  let identity = attributesOf('users', wanted.username, { apiGroup: group });
  if (account !== null) identity = attributesOf('serviceaccounts', account.name, { apiGroup: group, namespace: account.namespace });
  else if (node !== null) identity = attributesOf('nodes', mode === 'associated-node' ? '*' : node);
  const groups = wanted.groups.map((name) => attributesOf('groups', name, { apiGroup: group }));
  const extras = Object.keys(wanted.extra)
    .sort()
    .flatMap((subresource) => (wanted.extra[subresource] ?? []).map((value) => attributesOf('userextras', value, { subresource })));
  const askAll = async (list: readonly AuthorizationAttributes[]): Promise<Error | null> => {
    for (const attributes of list) {
      const refused = await ask(authorizer, attributes);
      if (refused !== null) return refused;
    }
    return null;
  };
  const askMany = async (list: readonly AuthorizationAttributes[], all: AuthorizationAttributes): Promise<Error | null> =>
    isConstrained && list.length >= MANY && (await ask(authorizer, all)) === null ? null : askAll(list);

  const refused = await askAll([identity, ...(wanted.uid === '' ? [] : [attributesOf('uids', wanted.uid)])]);
  if (refused !== null) return refused;
  if (isConstrained && wanted.groups.includes('')) {
    return refusal(attributesOf('groups', ''), 'impersonating the empty string group is not allowed');
  }
  if (isConstrained && wanted.groups.includes('system:masters')) {
    return refusal(attributesOf('groups', 'system:masters'), 'impersonating the system:masters group is not allowed');
  }
  const refusedGroups = await askMany(groups, attributesOf('groups', '*'));
  if (refusedGroups !== null) return refusedGroups;
  const fault = isConstrained ? extraFault(wanted.extra) : null;
  if (fault !== null) return refusal(attributesOf('userextras', ''), fault);
  return askMany(extras, attributesOf('userextras', '*', { subresource: '*' }));
}

/** The identity that the request goes on with. */
function identityIn(mode: ImpersonationMode, wanted: WantedUser): UserInfo {
  let groups = [...wanted.groups];
  const account = accountOf(wanted.username);
  if (mode !== 'legacy' && nodeOf(wanted.username) !== null) groups = ['system:nodes'];
  else if (account !== null && groups.length === 0) groups = ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`];
  const everybody = wanted.username === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated';
  if (!groups.includes(everybody) && !groups.includes('system:unauthenticated')) groups.push(everybody);
  return {
    username: wanted.username,
    groups,
    ...(wanted.uid === '' ? {} : { uid: wanted.uid }),
    ...(Object.keys(wanted.extra).length === 0 ? {} : { extra: wanted.extra }),
  };
}

/**
 * Tries one mode.
 *
 * @param action - The request itself, by its real caller.
 * @returns Who the request is made by from here on, or why not.
 */
export async function impersonateIn(
  mode: ImpersonationMode,
  authorizer: Authorizer,
  wanted: WantedUser,
  action: AuthorizationAttributes,
): Promise<UserInfo | Error> {
  // Which node it is does not matter there, so authorizers get to see the names of the caller's extra values only.
  const requestor: UserInfo =
    mode === 'associated-node'
      ? { ...action.user, extra: { 'authentication.kubernetes.io/associated-node-keys': Object.keys(action.user.extra ?? {}).sort() } }
      : action.user;
  if (mode !== 'legacy') {
    const refused = await ask(authorizer, { ...action, user: requestor, verb: `impersonate-on:${mode}:${action.verb}` });
    if (refused !== null) return refused;
  }
  return (await askForParts(authorizer, mode, wanted, requestor)) ?? identityIn(mode, wanted);
}
