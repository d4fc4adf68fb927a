import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import {
  type AuditBackend,
  type AuditEvent,
  AuditLogger,
  type AuditRequest,
  formatEvent,
  kubernetesAttributes,
  legacyLine,
  parsePolicy,
  sourceIps,
} from '../src/index.js';
import { createAuditMetrics } from '../src/metrics.js';
import { memory } from './support/events.js';

function logger(level: string, backend: AuditBackend, more: object = {}): AuditLogger {
  const policy = parsePolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: [], rules: [{ level, ...more }] });
  return new AuditLogger(backend, policy);
}

const request: AuditRequest = {
  attributes: {
    verb: 'create',
    isResourceRequest: true,
    apiGroup: '',
    apiVersion: 'v1',
    resource: 'pods',
    subresource: '',
    namespace: 'default',
    name: '',
    path: '/api/v1/namespaces/default/pods',
  },
  uri: '/api/v1/namespaces/default/pods?x=<1>',
  user: { username: 'admin', groups: ['system:masters'] },
  auditId: 'id-1',
  headers: { 'user-agent': 'kubectl/v1.36.2' },
  remoteAddress: '::ffff:127.0.0.1',
  receivedMicros: Date.parse('2026-01-01T00:00:00Z') * 1000,
};
const pod = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'p', managedFields: [{ manager: 'm' }] } };

describe('events', () => {
  it('are written in upstream form, key by key', () => {
    const backend = memory();
    const auditor = logger('Metadata', backend).begin(request);
    auditor?.setRequestObject(pod);
    auditor?.addAnnotation('authorization.k8s.io/reason', '');
    auditor?.addAnnotation('authorization.k8s.io/decision', 'allow');
    auditor?.addAnnotation('authorization.k8s.io/decision', 'forbid');
    auditor?.setResponseStatus(201);
    auditor?.emit('ResponseComplete', Date.parse('2026-01-01T00:00:00.010Z') * 1000 + 7);
    expect(formatEvent(backend.events[0] as AuditEvent)).toBe(
      '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"id-1","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/default/pods?x=\\u003c1\\u003e","verb":"create","user":{"username":"admin","groups":["system:masters"]},"sourceIPs":["127.0.0.1"],"userAgent":"kubectl/v1.36.2","objectRef":{"resource":"pods","namespace":"default","name":"p","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":201},"requestReceivedTimestamp":"2026-01-01T00:00:00.000000Z","stageTimestamp":"2026-01-01T00:00:00.010007Z","annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":""}}',
    );
  });

  it.each([
    ['Metadata', undefined, undefined],
    ['Request', JSON.stringify(pod), undefined],
    ['RequestResponse', JSON.stringify(pod), JSON.stringify(pod)],
  ])('%s holds as much as it says', (level, requestObject, responseObject) => {
    const backend = memory();
    const auditor = logger(level, backend).begin(request);
    auditor?.setRequestObject(pod);
    auditor?.setResponseObject(pod);
    auditor?.complete();
    expect(backend.events[0]?.requestObject).toBe(requestObject);
    expect(backend.events[0]?.responseObject).toBe(responseObject);
  });

  it('None writes nothing', () => {
    expect(logger('None', memory()).begin(request)).toBeNull();
  });

  it('leave managed fields out, in lists and tables too', () => {
    const backend = memory();
    const auditor = logger('RequestResponse', backend, { omitManagedFields: true }).begin(request);
    auditor?.setRequestObject(pod);
    auditor?.setResponseObject({ kind: 'PodList', items: [pod] });
    auditor?.complete();
    expect(backend.events[0]?.requestObject).toBe('{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"}}');
    expect(backend.events[0]?.responseObject).toBe('{"kind":"PodList","items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"}}]}');
  });

  it('show the body as it was, whatever happens to the object later', () => {
    const backend = memory();
    const auditor = logger('Request', backend).begin(request);
    const object = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'p' } };
    auditor?.setRequestObject(object);
    object.metadata.name = 'changed';
    auditor?.complete();
    expect(backend.events[0]?.requestObject).toBe('{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"}}');
  });

  it('hold whole numbers of any size, in bodies and details, and no text becomes one', () => {
    const backend = memory();
    const auditor = logger('Request', backend).begin(request);
    const big = { count: 9007199254740993n, text: '\u0000bigint:1', mark: '123' };
    auditor?.setRequestObject(big);
    auditor?.setResponseStatusObject({ status: 'Failure', code: 409, details: { retryAfterSeconds: 9007199254740993n } });
    auditor?.complete();
    const line = formatEvent(backend.events[0] as AuditEvent);
    expect(line).toContain(String.raw`"requestObject":{"count":9007199254740993,"text":"\u0000bigint:1","mark":"123"}`);
    expect(line).toContain('"details":{"retryAfterSeconds":9007199254740993}');
  });

  it('take the status of a failed request', () => {
    const backend = memory();
    const auditor = logger('Metadata', backend).begin(request);
    auditor?.setResponseStatus(403);
    auditor?.setResponseStatusObject({ status: 'Failure', message: 'no', reason: 'Forbidden', details: {}, code: 403 });
    auditor?.complete();
    expect(backend.events[0]?.responseStatus).toEqual({
      metadata: {},
      status: 'Failure',
      message: 'no',
      reason: 'Forbidden',
      details: {},
      code: 403,
    });
  });

  it('say how a request without an answer ended', () => {
    const backend = memory();
    logger('Metadata', backend).begin(request)?.complete();
    logger('Metadata', backend).begin(request)?.panic('boom');
    expect(backend.events.map(({ stage, responseStatus }) => [stage, responseStatus])).toEqual([
      ['ResponseComplete', { metadata: {}, status: 'Success', message: 'Connection closed early', code: 200 }],
      ['Panic', { metadata: {}, status: 'Failure', message: "APIServer panic'd: boom", reason: 'InternalError', code: 500 }],
    ]);
  });

  it('keep the first value of an annotation, and say what was refused', () => {
    const backend = memory();
    const refused: string[] = [];
    const audit = new AuditLogger(backend, { level: 'Metadata' }, { counters: { conflict: (message) => refused.push(message) } });
    const auditor = audit.begin(request);
    for (const value of ['1', '1', 'two "2"']) auditor?.addAnnotation('a', value);
    auditor?.complete();
    expect(backend.events[0]?.annotations).toEqual({ a: '1' });
    expect(refused).toEqual([String.raw`Failed to set annotations["a"] to "two \"2\"" for audit:"id-1", it has already been set to "1"`]);
  });

  it('do not get annotations that come later', () => {
    const backend = memory();
    const auditor = logger('Metadata', backend).begin(request);
    auditor?.addAnnotation('a', '1');
    auditor?.emit('RequestReceived');
    auditor?.emit('ResponseStarted');
    auditor?.addAnnotation('b', '2');
    auditor?.addAnnotation('c', '3');
    auditor?.complete();
    expect(backend.events.map(({ annotations }) => annotations)).toEqual([{ a: '1' }, { a: '1' }, { a: '1', b: '2', c: '3' }]);
  });

  it('omit the stages that the policy omits', () => {
    const backend = memory();
    const auditor = logger('Metadata', backend, { omitStages: ['RequestReceived'] }).begin(request);
    auditor?.emit('RequestReceived');
    auditor?.complete();
    expect(backend.events.map(({ stage }) => stage)).toEqual(['ResponseComplete']);
  });
});

describe('source addresses', () => {
  it.each([
    [{}, '10.0.0.1', ['10.0.0.1']],
    [{ 'x-forwarded-for': '1.2.3.4, nonsense, 5.6.7.8' }, '10.0.0.1', ['1.2.3.4', '5.6.7.8', '10.0.0.1']],
    [{ 'x-forwarded-for': '1.2.3.4', 'x-real-ip': '9.9.9.9' }, '9.9.9.9', ['1.2.3.4', '9.9.9.9']],
    [{ 'x-real-ip': 'nobody' }, '::1', ['::1']],
  ])('%j', (headers, remote, expected) => {
    expect(sourceIps(headers, remote)).toEqual(expected);
  });
});

describe('the legacy format', () => {
  it('shows who acts as whom, what came of it, and nothing that steers a terminal', () => {
    const backend = memory();
    const auditor = logger('Metadata', backend).begin({
      ...request,
      user: {},
      headers: { 'user-agent': '\u001b[31mred\u007f "x"' },
      receivedMicros: Date.parse('2026-01-01T00:00:00.120Z') * 1000,
    });
    auditor?.setImpersonatedUser({ username: 'zoë', groups: ['a', 'b"c'] });
    auditor?.setResponseStatus(201);
    auditor?.complete();
    expect(legacyLine(backend.events[0] as AuditEvent)).toBe(
      String.raw`2026-01-01T00:00:00.12Z AUDIT: id="id-1" stage="ResponseComplete" ip="127.0.0.1" method="create" user="<none>" groups="<none>" as="zoë" asgroups="\"a\",\"b\\\"c\"" user-agent="\x1b[31mred\x7f \"x\"" namespace="default" uri="/api/v1/namespaces/default/pods?x=<1>" response="201"`,
    );
  });

  it('names no groups of nobody', () => {
    const backend = memory();
    logger('Metadata', backend)
      .begin({ ...request, user: { groups: ['a'] } })
      ?.complete();
    expect(legacyLine(backend.events[0] as AuditEvent)).toContain(' user="<none>" groups="<none>" ');
  });

  it('is one line', () => {
    const backend = memory();
    logger('Metadata', backend).begin(request)?.emit('RequestReceived');
    expect(legacyLine(backend.events[0] as AuditEvent)).toBe(
      '2026-01-01T00:00:00Z AUDIT: id="id-1" stage="RequestReceived" ip="127.0.0.1" method="create" user="admin" groups="\\"system:masters\\"" as="<self>" asgroups="<lookup>" user-agent="kubectl/v1.36.2" namespace="default" uri="/api/v1/namespaces/default/pods?x=<1>" response="<deferred>"',
    );
  });
});

it.each([
  ['POST', '/api/v1/pods?fieldSelector=metadata.name%3Dx', 'create', ''],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dx', 'list', 'x'],
  ['list', '/api/v1/pods?fieldSelector=metadata.name%3Dx', 'list', 'x'],
  ['DELETE', '/api/v1/pods?fieldSelector=metadata.name%3Dx', 'deletecollection', 'x'],
  ['GET', '/api/v1/namespaces/a%2Fpods', 'list', ''],
])('%s %s is %s of "%s"', (method, uri, verb, name) => {
  expect(kubernetesAttributes(method, uri)).toMatchObject({ resource: 'pods', verb, name });
});

it('an answer that is a Status is the response status', async () => {
  const backend = memory();
  const asked = { uri: '/api/v1/pods', verb: 'GET', user: { username: 'alice' } };
  const audit = new AuditLogger(backend, { level: 'Metadata', logRequests: false });
  const responseObject = { kind: 'Status', status: 'Failure', reason: 'Forbidden', message: 'no', code: 403 };
  await audit.logResponse({ ...asked, auditId: await audit.logRequest(asked), status: 403, responseObject });
  expect(backend.events[0]?.responseStatus).toEqual({ metadata: {}, status: 'Failure', message: 'no', reason: 'Forbidden', code: 403 });
});

it('counts events, levels, refusals and losses under kube-apiserver names', async () => {
  const registry = new Registry();
  const { counters, onError } = createAuditMetrics({ registry });
  const backend = { name: 'memory', process: () => true, close: async () => {} };
  const logger = new AuditLogger(backend, { level: 'Metadata' }, { counters });
  const id = await logger.logRequest({ uri: '/api/v1/pods', verb: 'GET', user: { username: 'alice' } });
  await logger.logResponse({ auditId: id, uri: '/api/v1/pods', verb: 'GET', user: { username: 'alice' }, status: 200 });
  logger.reject();
  onError({ plugin: 'webhook', events: [{} as never, {} as never], error: new Error('down') });
  const text = await registry.metrics();
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    'apiserver_audit_event_total 2',
    'apiserver_audit_error_total{plugin="webhook"} 2',
    'apiserver_audit_level_total{level="Metadata"} 1',
    'apiserver_audit_requests_rejected_total 1',
  ]);
});
