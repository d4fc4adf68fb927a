/** What validating policies decide, and what clients and the audit log hear of it. */
import { describe, expect, it } from 'vitest';
import { configMap, judge, rule, validating } from './policy-cases.js';

const denied = (text: string): string => `ValidatingAdmissionPolicy 'p' with binding 'p' denied request: ${text}`;
const binding = (spec: object) => ({ metadata: { name: 'p' }, spec: { policyName: 'p', validationActions: ['Deny'], ...spec } });
const never = { expression: 'false', message: 'never' };

describe('a denial', () => {
  it('carries message, reason, code and cause', async () => {
    const outcome = await judge({ policy: validating({ validations: [never] }), object: configMap('c') });
    expect(outcome.allowed ? null : outcome.error.status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `configmaps "c" is forbidden: ${denied('never')}`,
      reason: 'Invalid',
      details: { name: 'c', kind: 'configmaps', causes: [{ message: denied('never') }] },
      code: 422,
    });
  });

  it.each([
    ['Forbidden', 403],
    ['Invalid', 422],
    ['RequestEntityTooLarge', 413],
  ])('with reason %s has code %i', async (reason, code) => {
    const outcome = await judge({ policy: validating({ validations: [{ ...never, reason }] }), object: configMap('c') });
    expect(outcome).toMatchObject({ allowed: false, code });
  });

  it.each([
    ['the message expression, trimmed', { ...never, messageExpression: "' said '" }, 'said'],
    ['the message when the expression fails', { ...never, messageExpression: 'string(object.nope)' }, 'never'],
    ['the message when the expression gives several lines', { ...never, messageExpression: "'a\\nb'" }, 'never'],
    ['the message when the expression gives too much', { ...never, messageExpression: `'${'x'.repeat(5121)}'` }, 'never'],
    ['the expression when there is nothing else', { expression: ' false ' }, 'failed expression: false'],
  ])('says %s', async (_what, validation, text) => {
    const outcome = await judge({ policy: validating({ validations: [validation] }), object: configMap('c') });
    expect(outcome.allowed ? '' : outcome.reason).toBe(denied(text));
  });

  it('is of the first validation that fails; errors are not denials under Ignore', async () => {
    const validations = [{ expression: 'object.nope == 1' }, { expression: '1 == 2', message: 'second' }];
    const under = async (failurePolicy: string) => judge({ policy: validating({ failurePolicy, validations }), object: configMap('c') });
    const [fail, ignore] = [await under('Fail'), await under('Ignore')];
    expect(fail.allowed ? '' : fail.reason).toBe(denied("expression 'object.nope == 1' resulted in error: no such key: nope"));
    expect(ignore.allowed ? '' : ignore.reason).toBe(denied('second'));
  });
});

describe('actions', () => {
  it('warn of every failed validation and note the first in the audit event', async () => {
    const outcome = await judge({
      policy: validating({ validations: [never, { expression: '1 > 2' }] }),
      binding: binding({ validationActions: ['Warn', 'Audit'] }),
      object: configMap('c'),
    });
    expect(outcome).toMatchObject({
      allowed: true,
      warnings: [
        "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p': never",
        "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p': failed expression: 1 > 2",
      ],
      auditAnnotations: {
        'validation.policy.admission.k8s.io/validation_failure':
          '[{"message":"never","policy":"p","binding":"p","expressionIndex":0,"validationActions":["Warn","Audit"]}]',
      },
    });
  });

  it('audit annotations leave out nothing and null; wrong ones deny', async () => {
    const annotations = [
      { key: 'size', valueExpression: "' ' + string(size(object.data)) + ' '" },
      { key: 'empty', valueExpression: "''" },
      { key: 'none', valueExpression: 'null' },
    ];
    const policy = validating({ auditAnnotations: annotations });
    expect(await judge({ policy, object: configMap('c', { a: 'b' }) })).toMatchObject({
      allowed: true,
      auditAnnotations: { 'p/size': '1' },
    });
    const failing = await judge({ policy, object: configMap('c') });
    expect(failing.allowed ? '' : failing.reason).toContain(
      "expression '' ' + string(size(object.data)) + ' '' resulted in error: no such key: data",
    );
  });
});

describe('matching', () => {
  const object = configMap('c', { a: 'b' }, { labels: { team: 'x' } });
  it.each([
    ['another resource', { resourceRules: [rule(['secrets'])] }, true],
    ['another operation', { resourceRules: [rule(['*'], ['UPDATE'])] }, true],
    ['its name', { resourceRules: [{ ...rule(['configmaps']), resourceNames: ['c'] }] }, false],
    ['another name', { resourceRules: [{ ...rule(['configmaps']), resourceNames: ['d'] }] }, true],
    ['an exclusion', { resourceRules: [rule()], excludeResourceRules: [rule(['configmaps'])] }, true],
    ['labels that it lacks', { resourceRules: [rule()], objectSelector: { matchLabels: { team: 'y' } } }, true],
    ['labels that it has', { resourceRules: [rule()], objectSelector: { matchLabels: { team: 'x' } } }, false],
    ['its namespace', { resourceRules: [rule()], namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ns' } } }, false],
    [
      'another namespace',
      { resourceRules: [rule()], namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } },
      true,
    ],
  ])('by %s', async (_what, matchConstraints, allowed) => {
    expect((await judge({ policy: validating({ matchConstraints, validations: [never] }), object })).allowed).toBe(allowed);
    const bound = binding({ matchResources: matchConstraints });
    expect((await judge({ policy: validating({ validations: [never] }), binding: bound, object })).allowed).toBe(allowed);
  });

  it('by conditions: one that is false wins over errors', async () => {
    const matchConditions = [
      { name: 'breaks', expression: 'object.nope == 1' },
      { name: 'no', expression: "request.name != 'c'" },
    ];
    expect((await judge({ policy: validating({ matchConditions, validations: [never] }), object })).allowed).toBe(true);
    const [breaks] = matchConditions;
    const outcome = await judge({ policy: validating({ matchConditions: [breaks], validations: [never] }), object });
    expect(outcome.allowed ? '' : outcome.reason).toBe(denied("expression 'object.nope == 1' resulted in error: no such key: nope"));
  });

  it('sees another version of the object when the rules name only that', async () => {
    const scaler = {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h', namespace: 'ns' },
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
        maxReplicas: 3,
        targetCPUUtilizationPercentage: 50,
      },
    };
    const expression = "request.kind.version == 'v2' && object.spec.metrics[0].resource.target.averageUtilization < 50";
    const matchConstraints = { resourceRules: [rule(['*'], ['*'], ['autoscaling'], ['v2'])] };
    const policy = validating({ matchConstraints, validations: [{ expression, message: 'too much' }] });
    const outcome = await judge({ policy, object: scaler });
    expect(outcome.allowed ? '' : outcome.reason).toBe(denied('too much'));
  });
});

describe('parameters', () => {
  const policy = validating({
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    validations: [{ expression: 'object.metadata.name != params.data.name', messageExpression: "'taken by ' + params.metadata.name" }],
  });
  const params = [configMap('one', { name: 'a' }, { labels: { role: 'x' } }), configMap('two', { name: 'b' }, { labels: { role: 'y' } })];
  const using = (paramRef: object) => ({ policy, params, binding: binding({ paramRef }) });

  it.each([
    ['by name', { name: 'one', parameterNotFoundAction: 'Deny' }, 'a', 'taken by one'],
    ['by selector, each of them', { selector: {}, parameterNotFoundAction: 'Deny' }, 'b', 'taken by two'],
    ['by selector', { selector: { matchLabels: { role: 'x' } }, parameterNotFoundAction: 'Deny' }, 'b', ''],
    [
      'missing, and needed',
      { name: 'gone', parameterNotFoundAction: 'Deny' },
      'a',
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    ],
    ['missing, and not needed', { name: 'gone', parameterNotFoundAction: 'Allow' }, 'a', ''],
    ['in another namespace', { name: 'one', namespace: 'other', parameterNotFoundAction: 'Allow' }, 'a', ''],
  ])('%s', async (_what, paramRef, name, text) => {
    const outcome = await judge({ ...using(paramRef), object: configMap(name) });
    expect(outcome.allowed ? '' : outcome.reason).toBe(text === '' ? '' : denied(text));
  });

  it('of a namespaced kind need a namespace when the object has none', async () => {
    const object = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } };
    const outcome = await judge({ ...using({ name: 'one', parameterNotFoundAction: 'Deny' }), object });
    expect(outcome.allowed ? '' : outcome.reason).toBe(
      denied('failed to configure binding: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources'),
    );
  });

  it('of a kind that nobody serves are a fault of the policy', async () => {
    const unknown = validating({ paramKind: { apiVersion: 'x.example.com/v1', kind: 'Limit' }, validations: [{ expression: 'true' }] });
    const outcome = await judge({ policy: unknown, object: configMap('c') });
    expect(outcome.allowed ? '' : outcome.reason).toBe(
      "ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'x.example.com/v1, Kind=Limit'",
    );
  });
});

describe('what expressions see', () => {
  it('the old object alone of a deletion, the request, the namespace, and the authorizer', async () => {
    const expression =
      "object == null && oldObject.metadata.name == 'c' && request.operation == 'DELETE' && !has(request.subResource) && " +
      "namespaceObject.metadata.labels.tier == 'gold' && authorizer.requestResource.check('delete').allowed() && " +
      "!authorizer.serviceAccount('ns', 'robot').path('/metrics').check('get').allowed()";
    const outcome = await judge({
      policy: validating({ validations: [{ expression }] }),
      object: null,
      oldObject: configMap('c'),
      namespace: { metadata: { name: 'ns', labels: { tier: 'gold' } } },
      user: { username: 'alice', groups: [] },
      authorize: ({ user, verb, resource }) =>
        Promise.resolve({
          allowed:
            user.groups.includes('system:authenticated') || (user.username === 'alice' && verb === 'delete' && resource === 'configmaps'),
          reason: '',
        }),
    });
    expect(outcome).toMatchObject({ allowed: true });
  });

  it('lazy variables that wait for the authorizer', async () => {
    const variables = [{ name: 'may', expression: "authorizer.path('/x').check('get').allowed()" }];
    const policy = validating({ variables, validations: [{ expression: 'variables.may && variables.may', message: 'no' }] });
    let asked = 0;
    const authorize = () => {
      asked++;
      return Promise.resolve({ allowed: false, reason: '' });
    };
    const outcome = await judge({ policy, object: configMap('c'), authorize });
    expect([outcome.allowed ? '' : outcome.reason, asked]).toEqual([denied('no'), 1]);
  });
});
