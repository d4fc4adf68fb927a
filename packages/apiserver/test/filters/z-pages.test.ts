import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing.js';

const WARNING =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';
const PATHS = ['/flagz', '/healthz', '/livez', '/metrics', '/readyz', '/statusz', '/version'];

let server: TestServer;
beforeAll(async () => {
  const users = [
    { token: 'monitor', username: 'monitor', groups: ['system:monitoring'] },
    { token: 'nobody', username: 'nobody' },
  ];
  server = await startTestServer({ users, zPages: { statusz: true, flagz: () => ({ v: '2', 'anonymous-auth': 'true' }) } });
});
afterAll(() => server.close());

const get = (path: string, accept?: string, token?: string) =>
  server.client.request<Record<string, unknown>>('GET', path, {
    headers: accept === undefined ? { accept: '' } : { accept },
    ...(token === undefined ? {} : { token }),
  });

describe('/statusz', () => {
  it.each([undefined, '*/*', 'text/plain', 'application/json, */*'])('is text for Accept %s', async (accept) => {
    const { status, headers, text } = await get('/statusz', accept);
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
    const lines = text.split('\n');
    expect(lines.slice(0, 4)).toEqual(['', 'kube-apiserver statusz', WARNING, '']);
    expect(lines[4]).toMatch(/^Started: \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d UTC \d{4}$/);
    expect(lines[5]).toMatch(/^Up: \d+ hr \d\d min \d\d sec$/);
    expect(lines.slice(6)).toEqual([
      `Go version: node${process.versions.node}`,
      'Binary version: 1.36.2',
      'Emulation version: 1.36',
      `Paths: ${PATHS.join(' ')}`,
      '',
    ]);
  });

  it.each(['v1alpha1', 'v1beta1'])('is an object of %s when that is asked for', async (version) => {
    const { status, headers, body } = await get('/statusz', `application/json;v=${version};g=config.k8s.io;as=Statusz`);
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    expect(body).toEqual({
      kind: 'Statusz',
      apiVersion: `config.k8s.io/${version}`,
      metadata: { name: 'kube-apiserver' },
      startTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      uptimeSeconds: expect.any(Number),
      goVersion: `node${process.versions.node}`,
      binaryVersion: '1.36.2',
      emulationVersion: '1.36',
      paths: PATHS,
    });
  });

  it.each([
    'application/json',
    'application/json;v=v1alpha1;g=config.k8s.io',
    'application/json;v=v1alpha1;g=config.k8s.io;as=Flagz',
    'application/json;v=v2;g=config.k8s.io;as=Statusz',
    'image/png',
  ])('has no such form: %s', async (accept) => {
    const { status, body } = await get('/statusz', accept);
    expect([status, body['message']]).toEqual([
      406,
      'only the following media types are accepted: text/plain, application/json, application/yaml',
    ]);
  });

  it('is for those who may see it', async () => {
    expect((await get('/statusz', undefined, 'monitor')).status).toBe(200);
    expect((await get('/statusz', undefined, 'nobody')).status).toBe(403);
    expect((await get('/flagz', undefined, 'monitor')).status).toBe(200);
  });
});

describe('/flagz', () => {
  it('tells the flags as text, JSON and YAML', async () => {
    expect((await get('/flagz')).text).toBe(`\nkube-apiserver flagz\n${WARNING}\nanonymous-auth=true\nv=2\n`);
    const asked = ';v=v1alpha1;g=config.k8s.io;as=Flagz';
    expect((await get('/flagz', `application/json${asked}`)).body).toEqual({
      kind: 'Flagz',
      apiVersion: 'config.k8s.io/v1alpha1',
      metadata: { name: 'kube-apiserver' },
      flags: { 'anonymous-auth': 'true', v: '2' },
    });
    expect((await get('/flagz', `application/yaml${asked}`)).text).toContain('flags:\n  anonymous-auth: "true"\n  v: "2"\n');
  });
});

describe('without them', () => {
  it('neither is there', async () => {
    const bare = await startTestServer({ zPages: { statusz: false } });
    for (const path of ['/statusz', '/flagz']) expect((await bare.client.request('GET', path)).status).toBe(404);
    await bare.close();
  });
});
