import { beforeAll, describe, expect, it } from 'vitest';
import { type AuthenticationRequest, type AuthenticationResult, createRequestHeaderAuthenticator } from '../src/index.js';
import { type Authority, createAuthority, type Leaf, SERVER_AUTH, withConnection } from './support/certificates.js';

const NAMES = {
  allowedNames: ['proxy'],
  usernameHeaders: ['X-User', 'X-Remote-User'],
  uidHeaders: ['X-Remote-Uid'],
  groupHeaders: ['X-Remote-Group', 'X-Team'],
  extraHeaderPrefixes: ['X-Remote-Extra-'],
};

let ca: Authority;
let foreign: Authority;
let serving: Leaf;
let proxy: Leaf;

beforeAll(async () => {
  [ca, foreign] = await Promise.all([createAuthority('front-proxy-ca'), createAuthority('ca')]);
  [serving, proxy] = await Promise.all([foreign.issue([{ CN: ['localhost'] }], { usages: [SERVER_AUTH] }), ca.issue([{ CN: ['proxy'] }])]);
});

/** The outcome of a request over a connection with the certificate: a user, null, or the text of the error. */
function seen(
  client: Leaf | null,
  headers: AuthenticationRequest['headers'],
  options: { allowedNames?: string[]; source?: AuthenticationRequest['source'] } = {},
): Promise<AuthenticationResult | null | string> {
  const { source, ...names } = options;
  const authenticator = createRequestHeaderAuthenticator({ ...NAMES, ...names, clientCa: ca.pem });
  return withConnection(serving, client, async (socket) => {
    try {
      return await authenticator.authenticate({ headers, socket, path: '/', ...(source === undefined ? {} : { source }) });
    } catch (error) {
      return (error as Error).message;
    }
  });
}

describe('users whom a proxy in front names', () => {
  it('have what its headers say', async () => {
    const headers = {
      'x-remote-user': 'alice',
      'x-remote-uid': 'u-1',
      'x-remote-group': 'dev, ops',
      'x-team': 'blue',
      'x-remote-extra-example.com%2fscope': 'read, write',
      'x-other': 'x',
    };
    const user = {
      username: 'alice',
      uid: 'u-1',
      groups: ['dev', 'ops', 'blue'],
      extra: { 'example.com/scope': ['read', 'write'] },
    };
    expect(await seen(proxy, headers)).toEqual({ user });
    expect(await seen(proxy, { ...headers, 'x-user': 'first' })).toEqual({ user: { ...user, username: 'first' } });
    expect(await seen(proxy, { 'x-remote-user': 'bob' })).toEqual({ user: { username: 'bob', groups: [] } });
  });

  it('have groups with commas where the headers are known apart, and names beyond ASCII', async () => {
    const source = { headerValues: (name: string) => (name === 'x-remote-group' ? ['a, system:masters'] : ['Jos\u00c3\u00a9']) };
    expect(await seen(proxy, { 'x-remote-user': 'x', 'x-remote-group': 'x' }, { source })).toEqual({
      user: { username: 'José', groups: ['a, system:masters'] },
    });
  });

  it('are nobody without a name or a certificate', async () => {
    expect(await seen(proxy, { 'x-remote-group': 'dev' })).toBeNull();
    expect(await seen(null, { 'x-remote-user': 'alice' })).toBeNull();
    const authenticator = createRequestHeaderAuthenticator({ ...NAMES, clientCa: ca.pem });
    expect(authenticator.authenticate({ headers: { 'x-remote-user': 'alice' }, path: '/' })).toBeNull();
  });

  it('are refused from others than the proxy', async () => {
    const headers = { 'x-remote-user': 'alice' };
    expect(await seen(await foreign.issue([{ CN: ['proxy'] }]), headers)).toBe('the client certificate is signed by an unknown authority');
    const other = await ca.issue([{ CN: ['other'] }]);
    expect(await seen(other, headers)).toBe('x509: subject with cn=other is not in the allowed list');
    expect(await seen(other, headers, { allowedNames: [] })).toEqual({ user: { username: 'alice', groups: [] } });
    const ended = await ca.issue([{ CN: ['proxy'] }], { endsMs: -1000, startsMs: -10_000 });
    expect(await seen(ended, headers)).toBe('the client certificate has expired or is not yet valid');
  });

  it('need an authority', () => {
    expect(() => createRequestHeaderAuthenticator({ ...NAMES, clientCa: 'none' })).toThrow('clientCa holds no certificate');
  });
});
