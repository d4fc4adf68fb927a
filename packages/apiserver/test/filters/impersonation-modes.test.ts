import type { AuthorizationAttributes, Authorizer, UserInfo } from '@k/auth';
import { describe, expect, it } from 'vitest';
import {
  IMPERSONATION_MODES,
  type ImpersonationMode,
  impersonateIn,
  modeApplies,
  type WantedUser,
} from '../../src/filters/impersonation-modes.js';

const wanted = (username: string, more: Partial<WantedUser> = {}): WantedUser => ({ username, uid: '', groups: [], extra: {}, ...more });
const caller: UserInfo = { username: 'proxy', groups: ['system:authenticated'] };
const NODE_NAME = 'authentication.kubernetes.io/node-name';
const ownPod: UserInfo = { username: 'system:serviceaccount:a:b', groups: [], extra: { [NODE_NAME]: ['n1'] } };

/** `verb group/resource/subresource namespace name`, as one line. */
const lineOf = ({ verb, apiGroup, resource, subresource, namespace, name }: AuthorizationAttributes): string =>
  `${verb} ${apiGroup}/${resource}${subresource === '' ? '' : `/${subresource}`} ${namespace}/${name}`;

/** Allows what is listed, and keeps what was asked. */
function allowing(lines: readonly string[]): Authorizer & { asked: string[] } {
  const asked: string[] = [];
  return {
    name: 'listed',
    asked,
    authorize: (attributes) => {
      const line = lineOf(attributes);
      asked.push(line);
      return { decision: lines.includes(line) ? 'allow' : 'noOpinion', reason: '' };
    },
  };
}

const action: AuthorizationAttributes = {
  user: caller,
  verb: 'get',
  isResourceRequest: true,
  apiGroup: '',
  apiVersion: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'default',
  name: 'p',
  path: '',
};

/** The outcome of one mode: who it is then, or the text of the refusal. */
async function outcome(mode: ImpersonationMode, whom: WantedUser, lines: readonly string[]): Promise<UserInfo | string> {
  const result = await impersonateIn(mode, allowing(lines), whom, action);
  return result instanceof Error ? result.message : result;
}

describe('which modes apply', () => {
  it.each<[string, WantedUser, UserInfo, ImpersonationMode[]]>([
    ['a user', wanted('carol'), caller, ['user-info', 'legacy']],
    ['a user with groups', wanted('carol', { groups: ['dev'] }), caller, ['user-info', 'legacy']],
    ['a node', wanted('system:node:n1'), caller, ['arbitrary-node', 'legacy']],
    ['the node of the pod that asks', wanted('system:node:n1'), ownPod, ['associated-node', 'arbitrary-node', 'legacy']],
    ['another node than that', wanted('system:node:n2'), ownPod, ['arbitrary-node', 'legacy']],
    ['a node with groups', wanted('system:node:n1', { groups: ['system:nodes'] }), caller, ['legacy']],
    ['an account', wanted('system:serviceaccount:a:b'), caller, ['serviceaccount', 'legacy']],
    ['an account with a uid', wanted('system:serviceaccount:a:b', { uid: 'u' }), caller, ['legacy']],
    ['no account: its name has too many parts', wanted('system:serviceaccount:a:b:c'), caller, ['user-info', 'legacy']],
    ['no account: its name is none', wanted('system:serviceaccount:A:b'), caller, ['user-info', 'legacy']],
    ['no node: its name is empty', wanted('system:node:'), caller, ['user-info', 'legacy']],
  ])('%s', (_name, whom, requestor, modes) => {
    expect(IMPERSONATION_MODES.filter((mode) => modeApplies(mode, whom, requestor))).toEqual(modes);
  });
});

describe('what is asked for', () => {
  const asked = async (mode: ImpersonationMode, whom: WantedUser, also: readonly string[] = []): Promise<string[]> => {
    // Everything that was refused before is granted, one after the other, until nothing more is asked.
    const granted: string[] = [...also];
    for (;;) {
      const authorizer = allowing(granted);
      if (!((await impersonateIn(mode, authorizer, whom, action)) instanceof Error)) return authorizer.asked;
      granted.push(authorizer.asked.at(-1) as string);
    }
  };

  it.each<[ImpersonationMode, WantedUser, string[]]>([
    ['legacy', wanted('carol', { groups: ['dev'] }), ['impersonate /users /carol', 'impersonate /groups /dev']],
    ['legacy', wanted('system:serviceaccount:a:b'), ['impersonate /serviceaccounts a/b']],
    ['legacy', wanted('system:node:n1'), ['impersonate /users /system:node:n1']],
    [
      'legacy',
      wanted('carol', { uid: 'u', extra: { scopes: ['view'] } }),
      [
        'impersonate /users /carol',
        'impersonate authentication.k8s.io/uids /u',
        'impersonate authentication.k8s.io/userextras/scopes /view',
      ],
    ],
    [
      'user-info',
      wanted('carol', { groups: ['dev'] }),
      [
        'impersonate-on:user-info:get /pods default/p',
        'impersonate:user-info authentication.k8s.io/users /carol',
        'impersonate:user-info authentication.k8s.io/groups /dev',
      ],
    ],
    [
      'serviceaccount',
      wanted('system:serviceaccount:a:b'),
      ['impersonate-on:serviceaccount:get /pods default/p', 'impersonate:serviceaccount authentication.k8s.io/serviceaccounts a/b'],
    ],
    [
      'arbitrary-node',
      wanted('system:node:n1'),
      ['impersonate-on:arbitrary-node:get /pods default/p', 'impersonate:arbitrary-node authentication.k8s.io/nodes /n1'],
    ],
    [
      'associated-node',
      wanted('system:node:n1'),
      ['impersonate-on:associated-node:get /pods default/p', 'impersonate:associated-node authentication.k8s.io/nodes /*'],
    ],
  ])('%s: %j', async (mode, whom, lines) => {
    expect(await asked(mode, whom)).toEqual(lines);
  });

  it('many groups are asked for at once, and one by one when not all are granted', async () => {
    const groups = ['a', 'b', 'c', 'd'];
    const each = groups.map((name) => `impersonate:user-info authentication.k8s.io/groups /${name}`);
    const all = 'impersonate:user-info authentication.k8s.io/groups /*';
    expect((await asked('user-info', wanted('carol', { groups }), [all])).slice(2)).toEqual([all]);
    expect((await asked('user-info', wanted('carol', { groups }), each)).slice(2)).toEqual([all, ...each]);
    expect((await asked('legacy', wanted('carol', { groups }))).slice(1)).toEqual(groups.map((name) => `impersonate /groups /${name}`));
  });
});

describe('who it is then', () => {
  const legacy = (username: string, groups: string[] = []): Promise<UserInfo | string> => {
    const account = username.split(':');
    const identity = account.length === 4 ? `/serviceaccounts ${account[2]}/${account[3]}` : `/users /${username}`;
    return outcome('legacy', wanted(username, { groups }), [
      `impersonate ${identity}`,
      ...groups.map((name) => `impersonate /groups /${name}`),
    ]);
  };

  it.each<[string, string[], string[]]>([
    ['carol', [], ['system:authenticated']],
    ['carol', ['dev'], ['dev', 'system:authenticated']],
    ['carol', ['system:authenticated'], ['system:authenticated']],
    ['carol', ['system:unauthenticated'], ['system:unauthenticated']],
    ['system:anonymous', [], ['system:unauthenticated']],
    ['system:serviceaccount:a:b', [], ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated']],
    ['system:serviceaccount:a:b', ['dev'], ['dev', 'system:authenticated']],
    ['system:node:n1', [], ['system:authenticated']],
  ])('%s of %j', async (username, groups, expected) => {
    expect(await legacy(username, groups)).toEqual({ username, groups: expected });
  });

  it('a node of a constrained mode is one of the nodes', async () => {
    const lines = ['impersonate-on:arbitrary-node:get /pods default/p', 'impersonate:arbitrary-node authentication.k8s.io/nodes /n1'];
    expect(await outcome('arbitrary-node', wanted('system:node:n1'), lines)).toEqual({
      username: 'system:node:n1',
      groups: ['system:nodes', 'system:authenticated'],
    });
  });
});

describe('what constrained modes never grant', () => {
  const base = ['impersonate-on:user-info:get /pods default/p', 'impersonate:user-info authentication.k8s.io/users /carol'];
  const refusal = (more: Partial<WantedUser>): Promise<UserInfo | string> => outcome('user-info', wanted('carol', more), base);

  it.each<[Partial<WantedUser>, string]>([
    [{ groups: [''] }, 'impersonating the empty string group is not allowed'],
    [{ groups: ['system:masters'] }, 'impersonating the system:masters group is not allowed'],
    [{ extra: { '': ['x'] } }, 'impersonating the empty string key in extra is not allowed'],
    [{ extra: { Key: ['x'] } }, 'impersonating a non-lowercase key in extra is not allowed: "Key"'],
    [{ extra: { key: [] } }, 'impersonating empty values in extra is not allowed'],
    [{ extra: { key: [''] } }, 'impersonating the empty string value in extra is not allowed'],
  ])('%j', async (more, reason) => {
    expect(await refusal(more)).toContain(`: ${reason}`);
  });

  it('the refusal names the action first, then the part', async () => {
    expect(await outcome('user-info', wanted('carol'), [])).toBe(
      'pods "p" is forbidden: User "proxy" cannot impersonate-on:user-info:get resource "pods" in API group "" in the namespace "default"',
    );
    expect(await outcome('user-info', wanted('carol'), base.slice(0, 1))).toBe(
      'users.authentication.k8s.io "carol" is forbidden: User "proxy" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
    );
    expect(await outcome('legacy', wanted('carol'), [])).toBe(
      'users "carol" is forbidden: User "proxy" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
  });
});
