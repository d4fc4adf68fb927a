import { describe, expect, it } from 'vitest';
import {
  type AuthorizationAttributes,
  type AuthorizationDecision,
  type Authorizer,
  alwaysAllowAuthorizer,
  alwaysDenyAuthorizer,
  forbiddenMessage,
  privilegedGroupAuthorizer,
  unionAuthorizer,
} from '../src/index.js';

const attributes: AuthorizationAttributes = {
  user: { username: 'alice', groups: ['dev'] },
  verb: 'get',
  isResourceRequest: true,
  apiGroup: '',
  apiVersion: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'team',
  name: 'p',
  path: '',
};
const asked: string[] = [];
const says = (name: string, decision: AuthorizationDecision['decision'], reason = '', later = false): Authorizer => ({
  name,
  authorize() {
    asked.push(name);
    return later ? Promise.resolve({ decision, reason }) : { decision, reason };
  },
});

describe('authorizers in order', () => {
  const no = says('no', 'noOpinion', 'not mine');
  const noLater = says('noLater', 'noOpinion', 'nor mine', true);
  const yes = says('yes', 'allow', 'welcome');
  const never = says('never', 'deny', 'never');
  it.each<[Authorizer[], AuthorizationDecision, string[]]>([
    [[yes, never], { decision: 'allow', reason: 'welcome' }, ['yes']],
    [[no, never, yes], { decision: 'deny', reason: 'never' }, ['no', 'never']],
    [[no, noLater, yes], { decision: 'allow', reason: 'welcome' }, ['no', 'noLater', 'yes']],
    [[noLater, says('later', 'deny', 'no', true), yes], { decision: 'deny', reason: 'no' }, ['noLater', 'later']],
    [[no, noLater, says('silent', 'noOpinion')], { decision: 'noOpinion', reason: 'not mine\nnor mine' }, ['no', 'noLater', 'silent']],
    [[alwaysDenyAuthorizer], { decision: 'noOpinion', reason: 'Everything is forbidden.' }, []],
    [[alwaysDenyAuthorizer, alwaysAllowAuthorizer], { decision: 'allow', reason: '' }, []],
    [[privilegedGroupAuthorizer], { decision: 'noOpinion', reason: '' }, []],
    [[], { decision: 'noOpinion', reason: '' }, []],
  ])('%# decide', async (authorizers, decision, order) => {
    asked.length = 0;
    expect(await unionAuthorizer(authorizers).authorize(attributes)).toEqual(decision);
    expect(asked).toEqual(order);
  });

  it('answer at once where all of them do', () => {
    expect(unionAuthorizer([no, yes]).authorize(attributes)).toEqual({ decision: 'allow', reason: 'welcome' });
  });

  it('let system:masters do anything', () => {
    const root = { ...attributes, user: { username: 'x', groups: ['system:masters'] } };
    expect(unionAuthorizer([privilegedGroupAuthorizer, never]).authorize(root)).toEqual({ decision: 'allow', reason: '' });
  });

  it('put the rules of a user together', async () => {
    const partial: Authorizer = {
      ...no,
      rulesFor: () => ({ resourceRules: [], nonResourceRules: [], incomplete: true, evaluationError: 'cannot tell' }),
    };
    expect(await unionAuthorizer([partial, no, alwaysAllowAuthorizer]).rulesFor?.(attributes.user, 'team')).toEqual({
      resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
      nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      incomplete: true,
      evaluationError: 'cannot tell',
    });
    expect((await unionAuthorizer([partial, { ...partial }]).rulesFor?.(attributes.user, 'team'))?.evaluationError).toBe('cannot tell');
  });
});

describe('the message of a refusal', () => {
  it.each<[Partial<AuthorizationAttributes>, string, string]>([
    [{}, '', 'User "alice" cannot get resource "pods" in API group "" in the namespace "team"'],
    [{ namespace: '' }, '', 'User "alice" cannot get resource "pods" in API group "" at the cluster scope'],
    [{ subresource: 'log' }, '', 'User "alice" cannot get resource "pods/log" in API group "" in the namespace "team"'],
    [
      { apiGroup: 'apps', resource: 'deployments', verb: 'list' },
      '',
      'User "alice" cannot list resource "deployments" in API group "apps" in the namespace "team"',
    ],
    [{}, 'RBAC: x & <y>', 'User "alice" cannot get resource "pods" in API group "" in the namespace "team": RBAC: x & <y>'],
    [{ isResourceRequest: false, path: '/metrics' }, '', 'User "alice" cannot get path "/metrics"'],
    [{ isResourceRequest: false, path: '/a"b<c>&d', verb: 'post' }, 'no', 'User "alice" cannot post path "/a\\"b&lt;c&gt;&amp;d": no'],
    [
      { user: { username: 'a\n"<b>', groups: [] } },
      '',
      'User "a\\n\\"&lt;b&gt;" cannot get resource "pods" in API group "" in the namespace "team"',
    ],
  ])('%j %j', (change, reason, message) => {
    expect(forbiddenMessage({ ...attributes, ...change }, reason)).toBe(message);
  });
});
