import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type AuthenticationResult, createClientCertificateAuthenticator } from '../src/index.js';
import { ANY_USAGE, type Authority, createAuthority, type Leaf, SERVER_AUTH, withConnection } from './support/certificates.js';

const HOUR_MS = 3_600_000;
let ca: Authority;
let foreign: Authority;
let serving: Leaf;

beforeAll(async () => {
  [ca, foreign] = await Promise.all([createAuthority('ca'), createAuthority('foreign')]);
  serving = await foreign.issue([{ CN: ['localhost'] }], { usages: [SERVER_AUTH] });
});

/** The outcome of a connection: a user, null, or the text of the error. */
function seen(client: Leaf | null, clientCa = ca.pem): Promise<AuthenticationResult | null | string> {
  const authenticator = createClientCertificateAuthenticator({ clientCa });
  return withConnection(serving, client, async (socket) => {
    try {
      return await authenticator.authenticate({ headers: {}, socket, path: '/' });
    } catch (error) {
      return (error as Error).message;
    }
  });
}

function user(leaf: Leaf, username: string, groups: string[], uid?: string): AuthenticationResult {
  const credential = `X509SHA256=${new X509Certificate(leaf.cert).fingerprint256.replaceAll(':', '').toLowerCase()}`;
  const extra = { 'authentication.kubernetes.io/credential-id': [credential] };
  return { user: { username, groups, extra, ...(uid === undefined ? {} : { uid }) } };
}

describe('client certificates', () => {
  it('take the user from the common name and groups from organizations, in their order', async () => {
    const none = await ca.issue([{ CN: ['alice'] }]);
    const one = await ca.issue([{ O: ['dev'] }, { CN: ['alice'] }]);
    const several = await ca.issue([{ O: ['dev'] }, { O: ['system:masters'] }, { O: ['a,b=c'] }, { CN: ['bob'] }]);
    expect(await seen(none)).toEqual(user(none, 'alice', []));
    expect(await seen(one)).toEqual(user(one, 'alice', ['dev']));
    expect(await seen(several)).toEqual(user(several, 'bob', ['dev', 'system:masters', 'a,b=c']));
  });

  it('take the uid from its attribute, and refuse two', async () => {
    const leaf = await ca.issue([{ CN: ['alice'] }, { '1.3.6.1.4.1.57683.2': ['u-1'] }]);
    expect(await seen(leaf)).toEqual(user(leaf, 'alice', [], 'u-1'));
    const two = await ca.issue([{ CN: ['alice'] }, { '1.3.6.1.4.1.57683.2': ['u-1'] }, { '1.3.6.1.4.1.57683.2': ['u-2'] }]);
    expect(await seen(two)).toBe('the client certificate names more than one uid');
  });

  it('are nobody without a certificate or a common name', async () => {
    expect(await seen(null)).toBeNull();
    expect(await seen(await ca.issue([{ O: ['dev'] }]))).toBeNull();
    expect(createClientCertificateAuthenticator({ clientCa: ca.pem }).authenticate({ headers: {}, path: '/' })).toBeNull();
  });

  it.each([
    ['expired', { startsMs: -2 * HOUR_MS, endsMs: -1000 }, 'the client certificate has expired or is not yet valid'],
    ['not yet valid', { startsMs: HOUR_MS / 2 }, 'the client certificate has expired or is not yet valid'],
    ['for servers only', { usages: [SERVER_AUTH] }, 'the client certificate may not be used for client authentication'],
  ] as const)('are refused when %s', async (_, options, message) => {
    const { usages, ...rest } = options as { usages?: readonly string[] };
    expect(await seen(await ca.issue([{ CN: ['alice'] }], { ...rest, ...(usages ? { usages: [...usages] } : {}) }))).toBe(message);
  });

  it('may have any usage, or none named', async () => {
    const any = await ca.issue([{ CN: ['alice'] }], { usages: [ANY_USAGE] });
    const none = await ca.issue([{ CN: ['alice'] }], { usages: 'none' });
    expect(await seen(any)).toEqual(user(any, 'alice', []));
    expect(await seen(none)).toEqual(user(none, 'alice', []));
  });

  it('of other authorities are refused, also of one with the same name', async () => {
    const message = 'the client certificate is signed by an unknown authority';
    expect(await seen(await foreign.issue([{ CN: ['alice'] }]))).toBe(message);
    expect(await seen(await (await createAuthority('ca')).issue([{ CN: ['alice'] }]))).toBe(message);
    const ended = await createAuthority('ended', -1000);
    expect(await seen(await ended.issue([{ CN: ['alice'] }]), ended.pem)).toBe(message);
  });

  it('of every authority of a bundle are taken', async () => {
    const leaf = await foreign.issue([{ CN: ['alice'] }]);
    expect(await seen(leaf, `${ca.pem}\n${foreign.pem}`)).toEqual(user(leaf, 'alice', []));
  });

  it('may come with intermediates, which have to be authorities', async () => {
    const leaf = await (await (await ca.intermediate('one')).intermediate('two')).issue([{ CN: ['alice'] }]);
    expect(await seen(leaf)).toEqual(user(leaf, 'alice', []));
    const message = 'the client certificate is signed by an unknown authority';
    expect(await seen({ ...leaf, cert: (leaf.cert.match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----/) ?? [''])[0] })).toBe(message);
    expect(await seen(await (await ca.intermediate('no-ca', false)).issue([{ CN: ['alice'] }]))).toBe(message);
  });

  it('are looked at again once they have expired on an open connection', async () => {
    const leaf = await ca.issue([{ CN: ['alice'] }]);
    const authenticator = createClientCertificateAuthenticator({ clientCa: ca.pem });
    await withConnection(serving, leaf, (socket) => {
      const request = { headers: {}, socket, path: '/' };
      const first = authenticator.authenticate(request);
      expect(first).toEqual(user(leaf, 'alice', []));
      expect(authenticator.authenticate(request)).toBe(first);
      vi.useFakeTimers({ now: Date.now() + 2 * HOUR_MS, toFake: ['Date'] });
      try {
        expect(() => authenticator.authenticate(request)).toThrow('the client certificate has expired or is not yet valid');
      } finally {
        vi.useRealTimers();
      }
    });
  });

  it('need an authority', () => {
    expect(() => createClientCertificateAuthenticator({ clientCa: 'no pem' })).toThrow('clientCa holds no certificate');
  });
});
