import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readKubeconfigUsers, readWebhookKubeconfig } from '../src/index.js';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'audit-kubeconfig-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const PEM = '-----BEGIN CERTIFICATE-----\n';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
function read(text: string) {
  writeFileSync(join(dir, 'config'), text);
  return readWebhookKubeconfig(join(dir, 'config'));
}
const config = (cluster: object, user: object = {}, more: object = {}): string =>
  JSON.stringify({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    ...more,
  });
const server = { server: 'https://audit.example/events' };

it('is the current context, whatever form its parts have', () => {
  writeFileSync(join(dir, 'client.pem'), PEM);
  expect(
    read(`
current-context: b
contexts:
  - {name: a, context: {cluster: other}}
  - {name: b, context: {cluster: c, user: u}}
clusters:
  - {name: other, cluster: {server: nonsense}}
  - name: c
    cluster: {server: "https://audit.example/events", certificate-authority-data: ${base64(PEM)}, insecure-skip-tls-verify: yes}
users:
  - {name: u, user: {client-certificate: client.pem, client-key: client.pem, tokenFile: token, username: me, password: "1234"}}
`),
  ).toEqual({
    url: 'https://audit.example/events',
    ca: PEM,
    cert: PEM,
    key: PEM,
    tokenFile: join(dir, 'token'),
    username: 'me',
    password: '1234',
    insecureSkipTlsVerify: true,
  });
  expect(read(config(server, {}, { contexts: [{ name: 'c', context: { cluster: 'c' } }] }))).toEqual({ url: server.server });
});

describe('what is wrong is named, and no secret shown', () => {
  it.each([
    ['', 'the file must be an object'],
    ['users: [{name: u, user: {token: s3cret}\n', "yaml: line 2: did not find expected ',' or '}'"],
    ['{}', 'current-context is missing'],
    [config(server, {}, { 'current-context': 'z' }), 'current-context: "z" is none of the contexts'],
    [config(server, {}, { contexts: 7 }), 'contexts must be a list'],
    [config(server, {}, { contexts: [{ name: 'c' }] }), 'contexts[0].context.cluster: missing'],
    [config(server, {}, { clusters: [] }), 'contexts[0].context.cluster: "c" is none of the clusters'],
    [config(server, {}, { users: [] }), 'contexts[0].context.user: "u" is none of the users'],
    [config({}), 'clusters[0].cluster.server: "" must be an http or https URL'],
    [config({ server: 'audit.example:443' }), 'clusters[0].cluster.server: "audit.example:443" must be an http or https URL'],
    [
      config({ ...server, 'insecure-skip-tls-verify': 'true' }),
      'clusters[0].cluster.insecure-skip-tls-verify: "true" must be true or false',
    ],
    [config({ ...server, 'certificate-authority-data': '%%%' }), 'clusters[0].cluster.certificate-authority-data holds no PEM'],
    [config({ ...server, 'proxy-url': 'http://proxy' }), 'clusters[0].cluster.proxy-url is not supported'],
    [config(server, { exec: { command: 'login' } }), 'users[0].user.exec is not supported'],
    [config(server, { token: 12345 }), 'users[0].user.token must be a string, got a number'],
    [config(server, { 'client-certificate-data': base64(PEM) }), 'users[0].user needs both client-certificate and client-key, or neither'],
  ])('%s', (text, message) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ message: `kubeconfig "${join(dir, 'config')}": ${message}` }));
  });

  it('files that are not there', () => {
    const nowhere = join(dir, 'nowhere');
    expect(() => readWebhookKubeconfig(nowhere)).toThrow(`kubeconfig "${nowhere}": ENOENT: no such file or directory, open '${nowhere}'`);
    expect(() => read(config({ ...server, 'certificate-authority': 'nowhere' }))).toThrow(
      `kubeconfig "${join(dir, 'config')}": clusters[0].cluster.certificate-authority: ENOENT: no such file or directory, open '${nowhere}'`,
    );
  });
});

describe('users', () => {
  const readUsers = (text: string) => {
    writeFileSync(join(dir, 'config'), text);
    return readKubeconfigUsers(join(dir, 'config'));
  };

  it('are all of the file, and that of the current context', () => {
    const users = [
      { name: '*.svc', user: { token: 't' } },
      { name: 'hook.example.com', user: { tokenFile: 'token' } },
    ];
    const named = new Map<string, object>([
      ['*.svc', { token: 't' }],
      ['hook.example.com', { tokenFile: join(dir, 'token') }],
    ]);
    expect(readUsers(JSON.stringify({ users }))).toEqual({ named });
    const contexts = [{ name: 'c', context: { user: '*.svc' } }];
    expect(readUsers(JSON.stringify({ users, contexts, 'current-context': 'c' }))).toEqual({ named, current: { token: 't' } });
  });

  it.each([
    [
      { users: [{ name: 'u', user: { 'client-key-data': base64(PEM) } }] },
      'users[0].user needs both client-certificate and client-key, or neither',
    ],
    [{ users: [{ name: 'u', user: { exec: {} } }] }, 'users[0].user.exec is not supported'],
    [{ users: {} }, 'users must be a list'],
    [{ 'current-context': 'c' }, 'current-context: "c" is none of the contexts'],
  ])('%j is refused', (file, message) => {
    expect(() => readUsers(JSON.stringify(file))).toThrow(`kubeconfig "${join(dir, 'config')}": ${message}`);
  });
});
