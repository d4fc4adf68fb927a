/** The audit log of a real server: which events a request leaves, in which order, and what they say. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Authorizer } from '@k/auth';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditedServer, type LoggedEvent, type Sent } from './support/audited-server.js';

const SLOW_MS = 600;
/** Errors, faults and slowness, by user. */
const moody: Authorizer = {
  name: 'moody',
  async authorize({ user }) {
    if (user.username === 'panicky') throw new TypeError('a secret detail');
    if (user.username === 'unlucky') return { decision: 'noOpinion', reason: '', error: 'no answer from <somewhere>' };
    if (user.username !== 'slow') return { decision: 'noOpinion', reason: '' };
    await sleep(SLOW_MS);
    return { decision: 'allow', reason: 'waited' };
  },
};
const configMaps = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string) => ({ metadata: { name }, data: { k: 'v' } });
const allowed = { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' };
const failure = (code: number, reason: string, message: unknown, details?: object) => ({
  metadata: {},
  status: 'Failure',
  message,
  reason,
  ...(details === undefined ? {} : { details }),
  code,
});

let server: AuditedServer;
beforeAll(async () => {
  server = await AuditedServer.start({
    authorizers: ['RBAC', moody],
    policy: {
      omitManagedFields: true,
      rules: [
        { level: 'None', nonResourceURLs: ['/livez'] },
        { level: 'Metadata', resources: [{ group: '', resources: ['secrets'] }] },
        { level: 'Request', verbs: ['update'] },
        { level: 'RequestResponse' },
      ],
    },
  });
  await server.send({ method: 'POST', path: configMaps, body: configMap('there') });
});
afterAll(() => server.close());

async function eventsOf(
  sent: Sent,
  last?: (event: LoggedEvent) => boolean,
): Promise<{ code: number; text: string; events: LoggedEvent[] }> {
  const { id, code, text } = await server.send(sent);
  return { code, text, events: await server.events(id, last) };
}
const stages = (events: readonly LoggedEvent[]): string[] => events.map(({ stage }) => stage);

const ORDINARY = ['RequestReceived', 'ResponseComplete'];
const STREAM = ['RequestReceived', 'ResponseStarted', 'ResponseComplete'];

describe('the events of a request', () => {
  it.each([
    ['get', { method: 'GET', path: `${configMaps}/there` }, 200, ORDINARY],
    ['get of what is not there', { method: 'GET', path: `${configMaps}/nothing` }, 404, ORDINARY],
    ['list', { method: 'GET', path: configMaps }, 200, ORDINARY],
    ['create', { method: 'POST', path: configMaps, body: configMap('made') }, 201, ORDINARY],
    ['create, again', { method: 'POST', path: configMaps, body: configMap('made') }, 409, ORDINARY],
    ['update', { method: 'PUT', path: `${configMaps}/made`, body: configMap('made') }, 200, ORDINARY],
    ['patch', { method: 'PATCH', path: `${configMaps}/made`, body: { data: { k: 'w' } } }, 200, ORDINARY],
    ['delete', { method: 'DELETE', path: `${configMaps}/made` }, 200, ORDINARY],
    ['deletecollection', { method: 'DELETE', path: `${configMaps}?labelSelector=no=one` }, 200, ORDINARY],
    ['dry run', { method: 'POST', path: `${configMaps}?dryRun=All`, body: configMap('shown') }, 201, ORDINARY],
    ['watch', { method: 'GET', path: `${configMaps}?watch=1`, hangUp: true }, 200, STREAM],
    ['watch that is refused', { method: 'GET', path: `${configMaps}?watch=1&resourceVersion=x` }, 400, STREAM],
    ['exec', { method: 'POST', path: '/api/v1/namespaces/default/pods/p/exec?command=ls' }, 404, STREAM],
    ['log', { method: 'GET', path: '/api/v1/namespaces/default/pods/p/log' }, 404, STREAM],
    ['proxy', { method: 'GET', path: '/api/v1/nodes/n/proxy/metrics' }, 404, STREAM],
    ['a path', { method: 'GET', path: '/version' }, 200, ORDINARY],
    ['nothing', { method: 'GET', path: '/nothing' }, 404, ORDINARY],
    ['forbidden', { method: 'GET', path: configMaps, user: 'alice' }, 403, ORDINARY],
    ['nobody', { method: 'GET', path: configMaps, user: '' }, 403, ORDINARY],
  ] as [string, Sent, number, string[]][])('%s', async (_name, sent, expected, order) => {
    const { code, events } = await eventsOf(sent);
    expect([code, stages(events)]).toEqual([expected, order]);
    expect(events.at(-1)?.responseStatus?.code).toBe(expected);
    for (const event of events.slice(1)) expect(event.annotations).toHaveProperty(['authorization.k8s.io/decision']);
    expect(events[0]).not.toHaveProperty('annotations');
    expect(events[0]).not.toHaveProperty('responseStatus');
  });

  it('are none at level None', async () => {
    const { id, code } = await server.send({ method: 'GET', path: '/livez' });
    const later = await server.send({ method: 'GET', path: '/version' });
    await server.events(later.id);
    await expect(server.events(id, () => true, 0)).rejects.toThrow(`the events of ${id} stayed []`);
    expect(code).toBe(200);
  });

  it('is one when the credentials are bad', async () => {
    const { code, events } = await eventsOf({ method: 'GET', path: configMaps, user: 'broken' }, () => true);
    expect(code).toBe(401);
    expect(events).toEqual([
      expect.objectContaining({
        stage: 'ResponseStarted',
        user: {},
        responseStatus: failure(401, 'Unauthorized', 'Unauthorized'),
        objectRef: { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' },
      }),
    ]);
    expect(events[0]).not.toHaveProperty('annotations');
  });

  it('is one when the deadline makes no sense', async () => {
    const { code, events } = await eventsOf({ method: 'GET', path: `${configMaps}?timeout=x` }, () => true);
    const message = 'invalid timeout specified in the request URL - time: invalid duration "x"';
    expect([code, stages(events), events[0]?.responseStatus]).toEqual([400, ['ResponseStarted'], failure(400, 'BadRequest', message)]);
  });

  it('end with a Panic when the server fails, without the text of the fault', async () => {
    const { code, events } = await eventsOf({ method: 'GET', path: configMaps, user: 'panicky' });
    expect([code, stages(events)]).toEqual([500, ['RequestReceived', 'Panic']]);
    expect(events[1]?.responseStatus).toEqual(failure(500, 'InternalError', "APIServer panic'd: TypeError"));
    expect(events[1]?.annotations).toEqual({ 'authorization.k8s.io/reason': 'internal error' });
  });
});

describe('an event says', () => {
  it('where the request came from, by what program', async () => {
    const headers = {
      'x-forwarded-for': '1.2.3.4, nonsense, ::ffff:5.6.7.8, 2001:DB8::1',
      'x-real-ip': '9.9.9.9',
      'user-agent': 'a'.repeat(1030),
    };
    const { events } = await eventsOf({ method: 'GET', path: '/version?a=<b>', headers });
    expect(events[0]).toMatchObject({
      sourceIPs: ['1.2.3.4', '5.6.7.8', '2001:db8::1', '9.9.9.9', '127.0.0.1'],
      userAgent: `${'a'.repeat(1024)}...TRUNCATED`,
      requestURI: '/version?a=<b>',
      verb: 'get',
    });
  });

  it('what was sent and answered, as far as the level goes', async () => {
    const bodies = async (sent: Sent): Promise<unknown[]> => {
      const { events } = await eventsOf(sent);
      const { level, requestObject, responseObject } = events.at(-1) as LoggedEvent;
      return [level, requestObject, (responseObject as { kind?: string } | undefined)?.kind];
    };
    const sent = (name: string) => ({ ...configMap(name), kind: 'ConfigMap', apiVersion: 'v1' });
    expect(await bodies({ method: 'POST', path: configMaps, body: configMap('b') })).toEqual(['RequestResponse', sent('b'), 'ConfigMap']);
    expect(await bodies({ method: 'PUT', path: `${configMaps}/b`, body: configMap('b') })).toEqual(['Request', sent('b'), undefined]);
    expect(await bodies({ method: 'GET', path: configMaps })).toEqual(['RequestResponse', undefined, 'ConfigMapList']);
    const secrets = '/api/v1/namespaces/default/secrets';
    expect(await bodies({ method: 'POST', path: secrets, body: { metadata: { name: 's' }, stringData: { a: 'hidden' } } })).toEqual([
      'Metadata',
      undefined,
      undefined,
    ]);
    expect(await bodies({ method: 'GET', path: secrets })).toEqual(['Metadata', undefined, undefined]);
  });

  it('what was refused, and nothing of a body that could not be read', async () => {
    const post = await eventsOf({ method: 'POST', path: configMaps, body: '{"metadata":{"name":"half' });
    expect(post.events[1]).toMatchObject({ level: 'RequestResponse', responseStatus: failure(400, 'BadRequest', expect.any(String)) });
    expect(post.events[1]).not.toHaveProperty('requestObject');
    const patch = await eventsOf({ method: 'PATCH', path: `${configMaps}/there`, body: '{"data":' });
    expect(patch.events[1]).toMatchObject({
      responseStatus: failure(400, 'BadRequest', 'error decoding patch: unexpected end of JSON input'),
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'there', apiVersion: 'v1' },
    });
    expect(patch.events[1]).not.toHaveProperty('requestObject');
  });

  it('who is impersonated, and by which constrained permission', async () => {
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const rules = [
      { verbs: ['impersonate:user-info'], apiGroups: ['authentication.k8s.io'], resources: ['users'], resourceNames: ['bob'] },
      { verbs: ['impersonate-on:user-info:list'], apiGroups: [''], resources: ['configmaps'] },
    ];
    const bind = (name: string, user: string) => ({
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'User', name: user }],
    });
    for (const [name, user, list] of [
      ['constrained', 'alice', rules],
      ['legacy', 'carol', [{ verbs: ['impersonate'], apiGroups: [''], resources: ['users'] }]],
    ] as [string, string, object[]][]) {
      await server.send({ method: 'POST', path: `${rbac}/clusterroles`, body: { metadata: { name }, rules: list } });
      await server.send({ method: 'POST', path: `${rbac}/clusterrolebindings`, body: bind(name, user) });
    }
    const asBob = async (user: string): Promise<LoggedEvent> => {
      for (const deadline = Date.now() + 15_000; ; ) {
        const { events } = await eventsOf({ method: 'GET', path: configMaps, user, headers: { 'impersonate-user': 'bob' } });
        const last = events.at(-1) as LoggedEvent;
        // Permissions take a moment to arrive.
        if (last['impersonatedUser'] !== undefined || Date.now() > deadline) return last;
      }
    };
    const bob = { username: 'bob', groups: ['system:authenticated'] };
    const constrained = await asBob('alice');
    expect(constrained).toMatchObject({
      user: { username: 'alice' },
      impersonatedUser: bob,
      authenticationMetadata: { impersonationConstraint: 'impersonate:user-info' },
    });
    const legacy = await asBob('carol');
    expect(legacy).toMatchObject({ user: { username: 'carol' }, impersonatedUser: bob });
    expect(legacy).not.toHaveProperty('authenticationMetadata');
    const refused = await eventsOf({ method: 'GET', path: configMaps, user: 'dave', headers: { 'impersonate-user': 'bob' } });
    expect([refused.code, refused.events[1]?.annotations]).toEqual([403, undefined]);
  });

  it('that the version is deprecated, once the request is served', async () => {
    const deprecated = { ...allowed, 'k8s.io/deprecated': 'true' };
    const list = await eventsOf({ method: 'GET', path: '/api/v1/endpoints' });
    expect(list.events[1]?.annotations).toEqual(deprecated);
    const watch = await eventsOf({ method: 'GET', path: '/api/v1/endpoints?watch=1', hangUp: true });
    expect(watch.events.map(({ annotations }) => annotations)).toEqual([undefined, allowed, deprecated]);
    const refused = await eventsOf({ method: 'GET', path: '/api/v1/endpoints', user: 'alice' });
    expect(refused.events[1]?.annotations).not.toHaveProperty(['k8s.io/deprecated']);
  });

  it('where the time of a slow request went', async () => {
    const { code, events } = await eventsOf({ method: 'POST', path: configMaps, user: 'slow', body: configMap('slow') });
    expect(code).toBe(201);
    const annotations = events[1]?.annotations ?? {};
    const latency = (layer: string): string => annotations[`apiserver.latency.k8s.io/${layer}`] ?? '';
    for (const layer of ['authentication', 'authorization', 'etcd', 'response-write', 'serialize-response-object', 'total']) {
      expect(latency(layer), layer).toMatch(/^\d+(\.\d{1,6})?(µs|ms|s)$/);
    }
    const ms = (text: string): number => Number.parseFloat(text) * (text.endsWith('µs') ? 0.001 : text.endsWith('ms') ? 1 : 1000);
    expect(ms(latency('authorization'))).toBeGreaterThan(SLOW_MS - 10);
    expect(ms(latency('total'))).toBeGreaterThanOrEqual(Math.floor(ms(latency('authorization'))));
    const quick = await eventsOf({ method: 'GET', path: '/version' });
    expect(quick.events[1]?.annotations).toEqual(allowed);
  });

  it('that an authorizer failed', async () => {
    const { code, text, events } = await eventsOf({ method: 'GET', path: '/logs?a=<b>', user: 'unlucky' });
    expect([code, text]).toEqual([500, 'Internal Server Error: "/logs?a=&lt;b&gt;": no answer from &lt;somewhere&gt;\n']);
    expect(stages(events)).toEqual(ORDINARY);
    expect(events[1]).toMatchObject({
      responseStatus: { metadata: {}, code: 500 },
      annotations: { 'authorization.k8s.io/reason': 'internal error' },
    });
    expect(Object.keys(events[1]?.annotations ?? {})).toEqual(['authorization.k8s.io/reason']);
  });
});

it('a request whose event cannot be kept is refused', async () => {
  const full = await AuditedServer.start({ path: '/dev/full', policy: { rules: [{ level: 'Metadata' }] } });
  const { code, text } = await full.send({ method: 'POST', path: `${configMaps}?x=<1>`, body: configMap('a') });
  expect([code, text]).toEqual([500, `Internal Server Error: "${configMaps}?x=&lt;1&gt;": failed to store audit event\n`]);
  await full.close();
});
