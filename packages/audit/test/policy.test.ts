import { describe, expect, it } from 'vitest';
import { type AuditAttributes, createPolicyEvaluator, parsePolicy } from '../src/index.js';

const base: AuditAttributes = {
  user: { username: 'alice', groups: ['dev', 'system:authenticated'] },
  verb: 'get',
  isResourceRequest: true,
  apiGroup: '',
  resource: 'pods',
  subresource: '',
  namespace: 'default',
  name: 'web',
  path: '/api/v1/namespaces/default/pods/web',
};

function policy(rules: unknown, more: object = {}): ReturnType<typeof parsePolicy> {
  return parsePolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules, ...more });
}

/** The level of a request under one Metadata rule. */
function matches(rule: object, attributes: Partial<AuditAttributes> = {}): boolean {
  const evaluator = createPolicyEvaluator(policy([{ level: 'Metadata', ...rule }]));
  return evaluator.evaluate({ ...base, ...attributes }).level === 'Metadata';
}

describe('what a rule matches', () => {
  it.each([
    ['no condition', {}, {}, true],
    ['the user', { users: ['alice'] }, {}, true],
    ['another user', { users: ['bob'] }, {}, false],
    ['no user at all', { users: ['alice'] }, { user: undefined }, false],
    ['a group', { userGroups: ['ops', 'dev'] }, {}, true],
    ['no star for users', { users: ['*'] }, {}, false],
    ['no star for verbs', { verbs: ['*'] }, {}, false],
    ['a verb', { verbs: ['list', 'get'] }, {}, true],
    ['a namespace', { namespaces: ['default'] }, {}, true],
    ['another namespace', { namespaces: ['kube-system'] }, {}, false],
    ['cluster-scoped requests', { namespaces: [''] }, { namespace: '' }, true],
    ['namespaces never for paths', { namespaces: [''] }, { isResourceRequest: false, namespace: '' }, false],
    ['a resource', { resources: [{ group: '', resources: ['pods'] }] }, {}, true],
    ['not its subresource', { resources: [{ group: '', resources: ['pods'] }] }, { subresource: 'log' }, false],
    ['a subresource', { resources: [{ group: '', resources: ['pods/log'] }] }, { subresource: 'log' }, true],
    ['every subresource', { resources: [{ group: '', resources: ['pods/*'] }] }, { subresource: 'exec' }, true],
    ['pods/* takes pods too', { resources: [{ group: '', resources: ['pods/*'] }] }, {}, true],
    ['a subresource of anything', { resources: [{ group: '', resources: ['*/status'] }] }, { subresource: 'status' }, true],
    ['*/status without one', { resources: [{ group: '', resources: ['*/status'] }] }, {}, false],
    ['everything of a group', { resources: [{ group: '' }] }, { subresource: 'log' }, true],
    ['another group', { resources: [{ group: 'apps', resources: ['pods'] }] }, {}, false],
    ['all groups', { resources: [{ group: '*', resources: ['*'] }] }, { apiGroup: 'apps' }, true],
    ['a name', { resources: [{ group: '', resources: ['pods'], resourceNames: ['web'] }] }, {}, true],
    ['another name', { resources: [{ group: '', resources: ['pods'], resourceNames: ['db'] }] }, {}, false],
    ['a path', { nonResourceURLs: ['/healthz'] }, { isResourceRequest: false, path: '/healthz' }, true],
    ['a path prefix', { nonResourceURLs: ['/healthz*'] }, { isResourceRequest: false, path: '/healthz/ping' }, true],
    ['paths never for resources', { nonResourceURLs: ['*'] }, {}, false],
  ] as [string, object, Partial<AuditAttributes>, boolean][])('%s', (_name, rule, attributes, expected) => {
    expect(matches(rule, attributes)).toBe(expected);
  });
});

describe('decisions', () => {
  const evaluator = createPolicyEvaluator(
    policy(
      [
        { level: 'None', users: ['system:kube-proxy'] },
        { level: 'Request', verbs: ['create'], omitStages: ['ResponseStarted'], omitManagedFields: false },
        { level: 'RequestResponse', resources: [{ group: '', resources: ['pods'] }] },
      ],
      { omitStages: ['RequestReceived'], omitManagedFields: true },
    ),
  );

  it('come from the first rule that matches', () => {
    expect(evaluator.evaluate({ ...base, verb: 'create' })).toEqual({
      level: 'Request',
      omitStages: new Set(['ResponseStarted', 'RequestReceived']),
      omitManagedFields: false,
      rule: 1,
    });
    expect(evaluator.evaluate(base)).toMatchObject({ level: 'RequestResponse', omitManagedFields: true, rule: 2 });
  });

  it('are None when no rule matches', () => {
    expect(evaluator.evaluate({ ...base, resource: 'secrets' })).toMatchObject({ level: 'None', rule: -1 });
  });

  it('explain themselves', () => {
    expect(evaluator.explain(base)).toEqual([
      { rule: 0, mismatch: 'users' },
      { rule: 1, mismatch: 'verbs' },
      { rule: 2, mismatch: null },
    ]);
  });
});

describe('policies that are refused', () => {
  it.each([
    [[], 'loaded illegal policy with 0 rules'],
    [[{ users: ['a'] }], 'rules[0].level: Required value'],
    [[{ level: 'All' }], 'rules[0].level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse"'],
    [
      [{ level: 'None', nonResourceURLs: ['healthz'] }],
      `rules[0].nonResourceURLs[0]: Invalid value: "healthz": non-resource URL rules must begin with a '/' character`,
    ],
    [
      [{ level: 'None', nonResourceURLs: ['/a*b'] }],
      `rules[0].nonResourceURLs[0]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the final character of the rule`,
    ],
    [
      [{ level: 'None', nonResourceURLs: ['/a'], namespaces: ['b'] }],
      'rules[0].nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-resource URLs',
    ],
    [
      [{ level: 'None', resources: [{ group: '', resourceNames: ['a'] }] }],
      'rules[0].resources.resourceNames: Invalid value: ["a"]: using resourceNames requires at least one resource',
    ],
    [
      [{ level: 'None', omitStages: ['Never'] }],
      'rules[0].omitStages[0]: Invalid value: "Never": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
    ],
  ])('%j', (rules, message) => {
    expect(() => policy(rules)).toThrow(expect.objectContaining({ name: 'AuditPolicyError', message }));
  });

  it('names another kind', () => {
    expect(() => parsePolicy('apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: []')).toThrow(
      'unknown group version field audit.k8s.io/v1beta1, Kind=Policy in policy',
    );
  });

  it('only warns of unknown fields', () => {
    const warnings: string[] = [];
    parsePolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'None', user: ['a'] }] }, (message) =>
      warnings.push(message),
    );
    expect(warnings).toEqual(['Audit policy contains errors, falling back to lenient decoding: unknown field "rules[0].user"']);
  });
});
