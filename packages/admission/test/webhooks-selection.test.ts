/** Which requests go to a webhook: rules, scopes, selectors, match policies, match conditions, and changes while running. */
import { createBuiltInCatalogue, type ResourceDefinition } from '@k/api';
import type { KubeObject } from '@k/apimachinery';
import { Registry } from 'prom-client';
import { afterAll, describe, expect, it } from 'vitest';
import { createAdmissionMetrics } from '../src/metrics.js';
import { createAuthority } from './support/certificate-authority.js';
import { configMap, createWebhookChain, GROUP, RULE } from './support/webhook-chain.js';
import { patchOf, startWebhook } from './support/webhook-server.js';

const authority = await createAuthority();
const { caBundle } = authority;
const server = await startWebhook(await authority.issue(['127.0.0.1']), {
  '/deny': () => ({ allowed: false, status: { message: 'no' } }),
  '/patch': () => patchOf({ op: 'add', path: '/spec/size', value: 7 }),
});
afterAll(() => server.close());

const at = (path: string) => ({ name: 'h.example.com', clientConfig: { url: `${server.url}${path}`, caBundle } });
const resource = (name: string, group = '', version = 'v1') => ({ group, version, resource: name });
const pod = (labels: object = {}) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'ns', labels } }) as KubeObject;
const namespace = (labels: object = {}) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns', labels } }) as KubeObject;
const pods = { resource: resource('pods'), object: pod() };
const status = { ...pods, operation: 'UPDATE' as const, oldObject: pod(), subresource: 'status' };
const namespaces = { resource: resource('namespaces'), namespace: 'ns', object: namespace() };
const nodes = { resource: resource('nodes'), object: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } } };
const deletion = { ...pods, operation: 'DELETE' as const, object: null, oldObject: pod({ a: 'b' }) };

async function isSent(webhook: object, request: object): Promise<boolean> {
  const chain = createWebhookChain();
  chain.configure('validating', 'cfg', [{ ...at('/deny'), ...webhook }]);
  const outcome = await chain.run(request);
  if (!outcome.allowed && outcome.reason !== 'admission webhook "h.example.com" denied the request: no') throw outcome.error;
  return !outcome.allowed;
}

describe('rules', () => {
  it.each<[object, object, boolean]>([
    [{}, pods, true],
    [{ operations: ['UPDATE', 'DELETE'] }, pods, false],
    [{ operations: ['UPDATE', 'DELETE'] }, deletion, true],
    [{ apiGroups: ['apps'] }, pods, false],
    [{ apiGroups: [''] }, pods, true],
    [{ apiVersions: ['v2'] }, pods, false],
    [{ resources: ['services', 'pods'] }, pods, true],
    [{ resources: ['pods'] }, status, false],
    [{ resources: ['*'] }, status, false],
    [{ resources: ['pods/status'] }, status, true],
    [{ resources: ['pods/status'] }, pods, false],
    [{ resources: ['pods/*'] }, pods, true],
    [{ resources: ['*/status'] }, status, true],
    [{ resources: ['*/scale'] }, status, false],
    [{ resources: ['*/*'] }, status, true],
    [{ scope: 'Namespaced' }, pods, true],
    [{ scope: 'Cluster' }, pods, false],
    [{ scope: 'Cluster' }, nodes, true],
    [{ scope: 'Namespaced' }, namespaces, false],
    [{ scope: 'Cluster' }, namespaces, true],
  ])('%j', async (rule, request, expected) => {
    expect(await isSent({ rules: [{ ...RULE, ...rule }] }, request)).toBe(expected);
  });
});

describe('selectors', () => {
  const a = { matchLabels: { team: 'a' } };
  const notA = { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['a'] }] };
  it.each<[string, object, object, boolean]>([
    ['the namespace of the object has the label', { namespaceSelector: a }, pods, true],
    ['the namespace of the object is excluded', { namespaceSelector: notA }, pods, false],
    ['a new namespace is judged by its own labels', { namespaceSelector: notA }, namespaces, true],
    ['a namespace that is deleted by those it has', { namespaceSelector: a }, { ...namespaces, operation: 'DELETE', object: null }, true],
    ['cluster-scoped objects are always sent', { namespaceSelector: notA }, nodes, true],
    ['the object lacks the label', { objectSelector: a }, pods, false],
    ['the object has the label', { objectSelector: a }, { ...pods, object: pod({ team: 'a' }) }, true],
    ['the old object has it', { objectSelector: { matchLabels: { a: 'b' } } }, deletion, true],
  ])('%s', async (_name, webhook, request, expected) => {
    expect(await isSent(webhook, request)).toBe(expected);
  });

  it('answers with what is missing when the namespace is', async () => {
    const elsewhere = { resource: resource('configmaps'), object: configMap({}, { namespace: 'gone' }) };
    await expect(isSent({ namespaceSelector: a }, elsewhere)).rejects.toMatchObject({ code: 404, message: 'namespaces "gone" not found' });
    expect(await isSent({ namespaceSelector: a, rules: [{ ...RULE, resources: ['pods'] }] }, elsewhere)).toBe(false);
  });
});

describe('match policy', () => {
  const catalogue = createBuiltInCatalogue();
  const widgets = catalogue.find('', 'v1', 'configmaps')?.definition as ResourceDefinition;
  const [served] = widgets.versions;
  const schema = { type: 'any', preserveUnknownFields: true } as const;
  catalogue.set({
    ...widgets,
    group: 'acme.example.com',
    resource: 'widgets',
    kind: 'Widget',
    custom: true,
    storagePath: 'acme.example.com/widgets',
    versions: ['v2', 'v1'].map((version) => ({ ...(served as NonNullable<typeof served>), version, schema })),
    strategy: {},
    convert: (object, version) => {
      const { size, width, ...spec } = object['spec'] as Record<string, unknown>;
      const renamed = version === 'v1' ? { size: size ?? width } : { width: width ?? size };
      return { ...object, apiVersion: `acme.example.com/${version}`, spec: { ...spec, ...renamed } };
    },
  });
  const widget = { apiVersion: 'acme.example.com/v2', kind: 'Widget', metadata: { name: 'w', namespace: 'ns' }, spec: { width: 3 } };
  const rules = [{ ...RULE, apiGroups: ['acme.example.com'], apiVersions: ['v1'], resources: ['widgets'] }];
  const request = { resource: resource('widgets', 'acme.example.com', 'v2'), object: widget as KubeObject };

  it('Exact only knows the versions of the rules', async () => {
    const chain = createWebhookChain({ catalogue });
    chain.configure('validating', 'cfg', [{ ...at('/deny'), rules, matchPolicy: 'Exact' }]);
    expect((await chain.run(request)).allowed).toBe(true);
  });

  it('Equivalent converts there and back', async () => {
    const chain = createWebhookChain({ catalogue });
    chain.configure('mutating', 'cfg', [{ ...at('/patch'), rules, matchPolicy: 'Equivalent' }]);
    const outcome = await chain.run(request);
    expect(outcome.allowed && outcome.object).toEqual({ ...widget, spec: { width: 7 } });
    expect(server.received.at(-1)?.review.request).toMatchObject({
      kind: { group: 'acme.example.com', version: 'v1', kind: 'Widget' },
      resource: { group: 'acme.example.com', version: 'v1', resource: 'widgets' },
      requestKind: { group: 'acme.example.com', version: 'v2', kind: 'Widget' },
      requestResource: { group: 'acme.example.com', version: 'v2', resource: 'widgets' },
      object: { ...widget, apiVersion: 'acme.example.com/v1', spec: { size: 3 } },
    });
  });

  it('takes events of both groups for the same', async () => {
    const event = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e', namespace: 'ns' }, message: 'm' } as KubeObject;
    const only = [{ ...RULE, apiGroups: ['events.k8s.io'], resources: ['events'] }];
    expect(await isSent({ rules: only }, { resource: resource('events'), object: event })).toBe(true);
    expect(server.received.at(-1)?.review.request).toMatchObject({
      kind: { group: 'events.k8s.io', version: 'v1', kind: 'Event' },
      object: { apiVersion: 'events.k8s.io/v1', note: 'm' },
    });
    expect(await isSent({ rules: only, matchPolicy: 'Exact' }, { resource: resource('events'), object: event })).toBe(false);
  });
});

const END_OF_INPUT =
  "ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | 1 +\n | ...^";

describe('match conditions', () => {
  const conditions = (...expressions: string[]) => ({
    matchConditions: expressions.map((expression, i) => ({ name: `c${i}`, expression })),
  });
  const request = { object: configMap({ k: 'aaa', n: '5' }), user: { username: 'jane', groups: ['dev'] } };
  it.each<[string, boolean]>([
    ['true', true],
    ['false', false],
    ['object.data.k.matches("^(a+)+$")', true],
    ['"dev" in request.userInfo.groups && request.operation == "CREATE"', true],
    ['request.userInfo.username.startsWith("system:")', false],
    ['request.resource.resource == "configmaps" && request.namespace == "ns" && !request.dryRun', true],
    // A backtracking matcher would need years.
    [`"${'a'.repeat(60)}!".matches("^(a+)+$")`, false],
    ['oldObject == null', true],
    ['has(object.metadata.labels)', false],
    ['object.data.all(k, object.data[k].size() > 3)', false],
    ['int(object.data.n) + 1 == 6 && uint(2) < uint(3) && 1.5 < 2.0', true],
    ['quantity("1500m").isGreaterThan(quantity("1"))', true],
    ['object.?metadata.?annotations.orValue({}).size() == 0', true],
    ['authorizer.group("").resource("configmaps").namespace("ns").check("break").allowed()', true],
    ['authorizer.requestResource.check("other").allowed()', false],
    ['[1, 2, 3].exists(x, x > 2) && [1, 2].map(x, x * 2).sum() == 6', true],
  ])('%s', async (expression, expected) => {
    const authorize = async ({ verb, user }: { verb: string; user: { username: string } }) => ({
      allowed: verb === 'break' && user.username === 'jane',
      reason: '',
    });
    const chain = createWebhookChain({ authorize });
    chain.configure('validating', 'cfg', [{ ...at('/deny'), ...conditions(expression) }]);
    expect((await chain.run(request)).allowed).toBe(!expected);
  });

  const deep = `${'[1,2,3,4,5,6,7,8,9,0].map(a, '.repeat(8)}1${')'.repeat(8)}`;
  it.each([
    ['object.nope == 1', `expression 'object.nope == 1' resulted in error: no such key: nope`],
    ['1 +', `compilation error: compilation failed: ${END_OF_INPUT}`],
    [
      'object.data.k.matches("(")',
      'compilation error: compilation failed: ERROR: <input>:1:23: invalid matches argument\n | object.data.k.matches("(")\n | ......................^',
    ],
    ['"text"', 'compilation error: must evaluate to bool but got string'],
    [`${deep} == []`, 'validation failed due to running out of cost budget, no further validation rules will be run'],
  ])('%s fails as the failure policy says', async (expression, text) => {
    const outcome = async (failurePolicy: string) => {
      const chain = createWebhookChain();
      chain.configure('validating', 'cfg', [{ ...at('/deny'), ...conditions(expression), failurePolicy }]);
      return chain.run(request);
    };
    const closed = await outcome('Fail');
    expect(closed.allowed ? '' : closed.error.message).toBe(`configmaps "c" is forbidden: ${text}`);
    expect((await outcome('Ignore')).allowed).toBe(true);
  });

  it('must compile to be stored, unless they are stored already', async () => {
    const chain = createWebhookChain();
    const webhooks = [{ ...at('/deny'), ...conditions('true', '1 +', '"text"') }];
    const object = { apiVersion: `${GROUP}/v1`, kind: 'MutatingWebhookConfiguration', metadata: { name: 'cfg' }, webhooks } as KubeObject;
    const stored = { resource: resource('mutatingwebhookconfigurations', GROUP), object };
    const outcome = await chain.run(stored);
    expect(outcome.allowed ? null : outcome.error.status).toMatchObject({
      code: 422,
      reason: 'Invalid',
      details: {
        causes: [
          {
            field: 'webhooks[0].matchConditions[1].expression',
            message: `Invalid value: "1 +": compilation failed: ${END_OF_INPUT}`,
          },
          {
            field: 'webhooks[0].matchConditions[2].expression',
            message: 'Invalid value: "\\"text\\"": must evaluate to bool but got string',
          },
        ],
      },
    });
    expect((await chain.run({ ...stored, operation: 'UPDATE', oldObject: object })).allowed).toBe(true);
  });

  it('are settled by one that is false, whatever errors the others have', async () => {
    expect(await isSent(conditions('object.nope == 1', 'false'), request)).toBe(false);
  });
});

describe('while running', () => {
  it('follows new, changed and removed configurations', async () => {
    const chain = createWebhookChain();
    const denied = async (): Promise<boolean> => !(await chain.run()).allowed;
    expect(await denied()).toBe(false);
    chain.configure('validating', 'cfg', [at('/deny')]);
    expect(await denied()).toBe(true);
    chain.configure('validating', 'cfg', [{ ...at('/deny'), rules: [{ ...RULE, resources: ['pods'] }] }]);
    expect(await denied()).toBe(false);
    chain.configure('validating', 'cfg', [at('/deny')]);
    chain.objects.remove(GROUP, 'validatingwebhookconfigurations', '', 'cfg');
    expect(await denied()).toBe(false);
  });

  it('counts calls, refusals and failures', async () => {
    const registry = new Registry();
    const chain = createWebhookChain({ metrics: createAdmissionMetrics(registry) });
    const nowhere = { clientConfig: { url: 'https://127.0.0.1:1/', caBundle }, name: 'open.example.com', failurePolicy: 'Ignore' };
    chain.configure('validating', 'cfg', [at('/deny'), nowhere]);
    await chain.run();
    const lines = (await registry.metrics()).split('\n').filter((line) => /^apiserver_admission_webhook_(?!.*_(bucket|sum))/.test(line));
    expect(lines.sort()).toEqual([
      'apiserver_admission_webhook_admission_duration_seconds_count{name="h.example.com",type="validating",operation="CREATE",rejected="true"} 1',
      'apiserver_admission_webhook_admission_duration_seconds_count{name="open.example.com",type="validating",operation="CREATE",rejected="false"} 1',
      'apiserver_admission_webhook_fail_open_count{name="open.example.com",type="validating"} 1',
      'apiserver_admission_webhook_rejection_count{name="h.example.com",type="validating",operation="CREATE",error_type="no_error",rejection_code="400"} 1',
      'apiserver_admission_webhook_request_total{name="h.example.com",type="validating",operation="CREATE",code="400",rejected="true"} 1',
      'apiserver_admission_webhook_request_total{name="open.example.com",type="validating",operation="CREATE",code="503",rejected="false"} 1',
    ]);
  });
});
