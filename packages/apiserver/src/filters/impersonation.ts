/**
 * `Impersonate-*` headers: a caller who may acts as somebody else from here on. Each part of the other identity is
 * authorized by itself, first with the constrained verbs (`impersonate-on:user-info:<verb>` for the request and
 * `impersonate:user-info` for the identity), then with the older `impersonate` verb.
 */
import { newBadRequest, newForbidden, newStatusError } from '@k/apimachinery';
import { type AuthorizationAttributes, type Authorizer, forbiddenMessage, type UserInfo } from '@k/auth';
import type { Filter, RequestContext } from '../context.js';
import { authorizationAttributes } from './authorization.js';

const AUTHENTICATION = 'authentication.k8s.io';
const EXTRA_PREFIX = 'impersonate-extra-';
const ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;
/** Modes by verb suffix; which one applies depends on whom the identity names. */
type Mode = 'user-info' | 'serviceaccount' | 'arbitrary-node' | 'associated-node';

interface Wanted {
  username: string;
  uid: string;
  groups: string[];
  extra: Record<string, string[]>;
}

function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : value.split(', ');
}

function readHeaders(context: RequestContext): Wanted | null {
  const { headers } = context.exchange;
  const username = headers['impersonate-user'];
  const uid = headers['impersonate-uid'];
  const wanted: Wanted = {
    username: typeof username === 'string' ? username : '',
    uid: typeof uid === 'string' ? uid : '',
    groups: listOf(headers['impersonate-group']),
    extra: {},
  };
  for (const name in headers) {
    if (!name.startsWith(EXTRA_PREFIX)) continue;
    let key = name.slice(EXTRA_PREFIX.length);
    try {
      key = decodeURIComponent(key);
    } catch {
      // A key that is not percent-encoded is taken as it is.
    }
    wanted.extra[key] = listOf(headers[name]);
  }
  const none = wanted.username === '' && wanted.uid === '' && wanted.groups.length === 0 && Object.keys(wanted.extra).length === 0;
  return none ? null : wanted;
}

const goString = (text: string): string => JSON.stringify(text);
const goStrings = (list: readonly string[]): string => (list.length === 0 ? '[]string(nil)' : `[]string{${list.map(goString).join(', ')}}`);

/** The identity as upstream's message shows it. */
function describe(wanted: Wanted): string {
  const keys = Object.keys(wanted.extra).sort();
  const extra =
    keys.length === 0
      ? 'map[string][]string(nil)'
      : `map[string][]string{${keys.map((key) => `${goString(key)}:${goStrings(wanted.extra[key] ?? [])}`).join(', ')}}`;
  return `&user.DefaultInfo{Name:"", UID:${goString(wanted.uid)}, Groups:${goStrings(wanted.groups)}, Extra:${extra}}`;
}

/** The parts of an identity as resources that the caller must be allowed to impersonate. */
function partsOf(
  wanted: Wanted,
  legacy: boolean,
): Pick<AuthorizationAttributes, 'apiGroup' | 'resource' | 'subresource' | 'namespace' | 'name'>[] {
  const group = legacy ? '' : AUTHENTICATION;
  const account = ACCOUNT.exec(wanted.username);
  const part = (apiGroup: string, resource: string, name: string, subresource = '', namespace = '') => ({
    apiGroup,
    resource,
    subresource,
    namespace,
    name,
  });
  return [
    account === null
      ? part(group, 'users', wanted.username)
      : part(legacy ? '' : AUTHENTICATION, 'serviceaccounts', account[2] as string, '', account[1]),
    ...wanted.groups.map((name) => part(group, 'groups', name)),
    ...Object.keys(wanted.extra)
      .sort()
      .flatMap((key) => (wanted.extra[key] ?? []).map((value) => part(AUTHENTICATION, 'userextras', value, key))),
    ...(wanted.uid === '' ? [] : [part(AUTHENTICATION, 'uids', wanted.uid)]),
  ];
}

/** The identity that the request goes on with. */
function resolve(wanted: Wanted): UserInfo {
  const groups = [...wanted.groups];
  const account = ACCOUNT.exec(wanted.username);
  if (account !== null && groups.length === 0) groups.push('system:serviceaccounts', `system:serviceaccounts:${account[1]}`);
  if (wanted.username === 'system:anonymous') {
    if (!groups.includes('system:unauthenticated')) groups.push('system:unauthenticated');
  } else if (!groups.includes('system:authenticated') && !groups.includes('system:unauthenticated')) groups.push('system:authenticated');
  return {
    username: wanted.username,
    groups,
    ...(wanted.uid === '' ? {} : { uid: wanted.uid }),
    ...(Object.keys(wanted.extra).length === 0 ? {} : { extra: wanted.extra }),
  };
}

function refusal(attributes: AuthorizationAttributes, reason: string): Error {
  const message = forbiddenMessage(attributes, reason);
  return attributes.isResourceRequest
    ? newForbidden({ group: attributes.apiGroup, resource: attributes.resource }, attributes.name, message)
    : newStatusError(403, 'Forbidden', `forbidden: ${message}`, {});
}

/** Users whose last impersonation went by the older verb: they are told about that one when they are refused. */
const REMEMBERED_MAX = 1024;

/** Lets callers act as others. */
export function impersonationFilter(authorizer: Authorizer): Filter {
  const legacyUsers = new Map<string, true>();
  const remember = (username: string): void => {
    if (legacyUsers.size >= REMEMBERED_MAX) legacyUsers.delete(legacyUsers.keys().next().value as string);
    legacyUsers.set(username, true);
  };
  const tryParts = async (context: RequestContext, wanted: Wanted, verb: string, legacy: boolean): Promise<Error | null> => {
    for (const part of partsOf(wanted, legacy)) {
      const attributes: AuthorizationAttributes = {
        ...part,
        user: context.user,
        verb,
        isResourceRequest: true,
        apiVersion: 'v1',
        path: '',
      };
      if (!legacy && part.resource === 'groups' && part.name === 'system:masters') {
        return refusal(attributes, 'impersonating the system:masters group is not allowed');
      }
      const { decision, reason } = await authorizer.authorize(attributes);
      if (decision !== 'allow') return refusal(attributes, reason);
    }
    return null;
  };
  const constrained = async (context: RequestContext, wanted: Wanted): Promise<Error | null> => {
    const mode: Mode = ACCOUNT.test(wanted.username)
      ? 'serviceaccount'
      : wanted.username.startsWith('system:node:')
        ? 'arbitrary-node'
        : 'user-info';
    const identity = await tryParts(context, wanted, `impersonate:${mode}`, false);
    const action = authorizationAttributes(context);
    action.verb = `impersonate-on:${mode}:${action.verb}`;
    const { decision, reason } = await authorizer.authorize(action);
    if (decision !== 'allow') return refusal(action, reason);
    return identity;
  };
  return {
    name: 'impersonation',
    why: 'after audit has seen who really asks, before authorization decides for whom it counts',
    async handle(context) {
      const wanted = readHeaders(context);
      if (wanted === null) return;
      if (wanted.username === '') throw newBadRequest(`requested ${describe(wanted)} without impersonating a user name`);
      const { username } = context.user;
      const refusedNew = await constrained(context, wanted);
      if (refusedNew !== null) {
        const refusedOld = await tryParts(context, wanted, 'impersonate', true);
        if (refusedOld !== null) throw legacyUsers.has(username) ? refusedOld : refusedNew;
        remember(username);
      }
      context.originalUser = context.user;
      context.user = resolve(wanted);
      context.audit?.setImpersonatedUser?.(context.user);
    },
  };
}
