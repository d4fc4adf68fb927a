import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { walkRules } from '../bench/walk-rules.js';
import { type AuditAttributes, createPolicyEvaluator, type PolicyRule, parsePolicy } from '../src/index.js';

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
    ['the wrong case of a user', { users: ['Alice'] }, {}, false],
    ['no group at all', { userGroups: ['dev'] }, { user: undefined }, false],
    ['no star for groups', { userGroups: ['*'] }, {}, false],
    ['another verb', { verbs: ['list'] }, {}, false],
    ['no star for namespaces', { namespaces: ['*'] }, {}, false],
    ['an empty list as none', { users: [], userGroups: [], verbs: [], namespaces: [], resources: [], nonResourceURLs: [] }, {}, true],
    ['a namespace of a cluster-scoped request', { namespaces: ['default'] }, { namespace: '' }, false],
    ['resources never for paths', { resources: [{ group: '*', resources: ['*'] }] }, { isResourceRequest: false }, false],
    ['the second of several entries', { resources: [{ group: 'apps' }, { group: '', resources: ['pods'] }] }, {}, true],
    ['* takes subresources', { resources: [{ group: '', resources: ['*'] }] }, { subresource: 'log' }, true],
    ['*/* for nothing', { resources: [{ group: '', resources: ['*/*'] }] }, { subresource: 'log' }, false],
    ['pods/* of another resource', { resources: [{ group: '', resources: ['pods/*'] }] }, { resource: 'nodes', subresource: 'log' }, false],
    ['*/status of another subresource', { resources: [{ group: '', resources: ['*/status'] }] }, { subresource: 'scale' }, false],
    ['no prefix of a resource', { resources: [{ group: '', resources: ['pod*'] }] }, {}, false],
    ['a name with a pattern', { resources: [{ group: '', resources: ['*'], resourceNames: ['web'] }] }, {}, true],
    ['a name that lists do not have', { resources: [{ group: '', resources: ['pods'], resourceNames: ['web'] }] }, { name: '' }, false],
    ['the empty name of lists', { resources: [{ group: '', resources: ['pods'], resourceNames: [''] }] }, { name: '' }, true],
    [
      'the name in one entry, the resource in another',
      {
        resources: [
          { group: '', resources: ['pods'], resourceNames: ['db'] },
          { group: 'apps', resources: ['pods'], resourceNames: ['web'] },
        ],
      },
      {},
      false,
    ],
    ['any path', { nonResourceURLs: ['*'] }, { isResourceRequest: false, path: '/x' }, true],
    ['a path below', { nonResourceURLs: ['/healthz'] }, { isResourceRequest: false, path: '/healthz/ping' }, false],
    ['a path as its own prefix', { nonResourceURLs: ['/healthz*'] }, { isResourceRequest: false, path: '/healthz' }, true],
    ['another path', { nonResourceURLs: ['/metrics', '/livez*'] }, { isResourceRequest: false, path: '/readyz' }, false],
    ['a user and a verb', { users: ['alice'], verbs: ['get'] }, {}, true],
    ['a user without the verb', { users: ['alice'], verbs: ['list'] }, {}, false],
    ['a namespace without the resource', { namespaces: ['default'], resources: [{ group: '', resources: ['nodes'] }] }, {}, false],
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

describe('what a rule leaves out', () => {
  const decide = (rule: object, more: object = {}) => createPolicyEvaluator(policy([{ level: 'Metadata', ...rule }], more)).evaluate(base);

  it.each([
    [{}, {}, []],
    [{ omitStages: ['Panic'] }, {}, ['Panic']],
    [{}, { omitStages: ['RequestReceived'] }, ['RequestReceived']],
    [{ omitStages: ['Panic'] }, { omitStages: ['RequestReceived', 'Panic'] }, ['Panic', 'RequestReceived']],
  ])('stages: %j under %j', (rule, more, expected) => {
    expect([...decide(rule, more).omitStages].sort()).toEqual(expected);
  });

  it.each([
    [undefined, undefined, false],
    [undefined, true, true],
    [null, true, true],
    [true, false, true],
    [false, true, false],
  ])('managed fields: %j under %j', (ofRule, ofPolicy, expected) => {
    expect(decide({ omitManagedFields: ofRule }, { omitManagedFields: ofPolicy }).omitManagedFields).toBe(expected);
  });

  it.each(['None', 'Metadata', 'Request', 'RequestResponse'])('level %s is as it is written', (level) => {
    expect(decide({ level }).level).toBe(level);
  });
});

it('decides as a plain walk over the rules does, whatever the policy', () => {
  const some = (...items: string[]) => fc.option(fc.subarray(items), { nil: undefined });
  const entry = fc.record({
    group: fc.constantFrom('', 'apps', '*'),
    resources: fc.subarray(['pods', 'pods/log', 'pods/*', '*/log', '*', 'nodes']),
    resourceNames: fc.subarray(['web', '']),
  });
  const shared = {
    level: fc.constantFrom('None', 'Metadata', 'Request'),
    users: some('alice', 'bob'),
    userGroups: some('dev', 'ops'),
    verbs: some('get', 'list'),
  };
  const rule = fc.oneof(
    fc.record({ ...shared, namespaces: some('default', ''), resources: fc.option(fc.array(entry, { maxLength: 3 }), { nil: undefined }) }),
    fc.record({ ...shared, nonResourceURLs: some('/healthz', '/healthz*', '*', '/metrics') }),
  );
  const attributes = fc.record({
    user: fc.option(fc.record({ username: fc.constantFrom('alice', 'bob', 'eve'), groups: fc.subarray(['dev', 'ops']) }), {
      nil: undefined,
    }),
    verb: fc.constantFrom('get', 'list', 'watch'),
    isResourceRequest: fc.boolean(),
    apiGroup: fc.constantFrom('', 'apps', 'batch'),
    resource: fc.constantFrom('pods', 'nodes', 'jobs'),
    subresource: fc.constantFrom('', 'log', 'status'),
    namespace: fc.constantFrom('default', '', 'other'),
    name: fc.constantFrom('web', '', 'db'),
    path: fc.constantFrom('/healthz', '/healthz/ping', '/metrics', '/x'),
  });
  fc.assert(
    fc.property(
      fc.array(rule, { minLength: 1, maxLength: 6 }),
      fc.array(attributes, { minLength: 1, maxLength: 20 }),
      (rules, requests) => {
        // What may be written in a file: names need resources.
        const written = rules.map((item) =>
          'resources' in item && item.resources !== undefined
            ? { ...item, resources: item.resources.map((e) => (e.resources.length === 0 ? { group: e.group } : e)) }
            : item,
        );
        const evaluator = createPolicyEvaluator(policy(JSON.parse(JSON.stringify(written))));
        for (const request of requests) expect(evaluator.evaluate(request).rule).toBe(walkRules(written as PolicyRule[], request));
      },
    ),
    { numRuns: process.env['SLOW'] === '1' ? 5_000 : 200 },
  );
});
