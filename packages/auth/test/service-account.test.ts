import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { createServiceAccountAuthenticator, createServiceAccountIssuer, type KubernetesClaim, keyId } from '../src/index.js';

const ISSUER = 'https://issuer.example';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsa2 = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const account = { namespace: 'team', name: 'robot', uid: 'u-1' };
const issuer = createServiceAccountIssuer({ issuer: ISSUER, audiences: ['api'], signingKey: rsa.privateKey });

function authenticator(options: { keys?: KeyObject[]; issuers?: string[]; checkBound?: (claim: KubernetesClaim) => void } = {}) {
  return createServiceAccountAuthenticator({
    issuers: options.issuers ?? [ISSUER],
    audiences: ['api'],
    keys: options.keys ?? [rsa.publicKey],
    checkBound: options.checkBound ?? (() => {}),
  });
}
const issue = (more: Partial<Parameters<typeof issuer.issue>[0]> = {}) =>
  issuer.issue({ ...account, audiences: ['api'], expirationSeconds: 3600, ...more });
const robot = {
  username: 'system:serviceaccount:team:robot',
  uid: 'u-1',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:team'],
};

describe('issuing', () => {
  it('writes exactly the claims of a token', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { token, expiresAt, tokenId } = await issue({
      audiences: ['api', 'vault'],
      expirationSeconds: 600,
      bound: { pod: { name: 'p', uid: 'p-1' }, node: { name: 'n', uid: 'n-1' } },
      warnAfterSeconds: 60,
    });
    const iat = expiresAt - 600;
    expect(iat - before).toBeLessThanOrEqual(2);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', kid: keyId(rsa.publicKey) });
    expect(decodeJwt(token)).toEqual({
      aud: ['api', 'vault'],
      exp: expiresAt,
      iat,
      nbf: iat,
      iss: ISSUER,
      jti: tokenId,
      sub: 'system:serviceaccount:team:robot',
      'kubernetes.io': {
        namespace: 'team',
        node: { name: 'n', uid: 'n-1' },
        pod: { name: 'p', uid: 'p-1' },
        serviceaccount: { name: 'robot', uid: 'u-1' },
        warnafter: iat + 60,
      },
    });
    expect(tokenId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('writes tokens of Secrets in the older form, without an end', async () => {
    const token = await issuer.issueLegacy({ ...account, secretName: 's' });
    expect(decodeJwt(token)).toEqual({
      iss: 'kubernetes/serviceaccount',
      sub: 'system:serviceaccount:team:robot',
      'kubernetes.io/serviceaccount/namespace': 'team',
      'kubernetes.io/serviceaccount/secret.name': 's',
      'kubernetes.io/serviceaccount/service-account.name': 'robot',
      'kubernetes.io/serviceaccount/service-account.uid': 'u-1',
    });
  });

  it.each([
    ['RS256', rsa, ['alg', 'e', 'kid', 'kty', 'n', 'use']],
    ['ES256', ec, ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']],
  ] as const)('publishes %s keys without their private part', async (alg, keys, fields) => {
    const set = (await createServiceAccountIssuer({ issuer: ISSUER, audiences: [], signingKey: keys.privateKey }).jwks()) as {
      keys: Record<string, string>[];
    };
    expect(set.keys.map((key) => Object.keys(key).sort())).toEqual([fields]);
    expect(set.keys[0]).toMatchObject({ use: 'sig', alg, kid: keyId(keys.publicKey) });
  });
});

describe('verifying', () => {
  it('gives the account, its groups and what the token is bound to', async () => {
    const bare = await issue();
    expect(await authenticator().verify(bare.token, ['api'])).toEqual({
      user: { ...robot, extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${bare.tokenId}`] } },
      audiences: ['api'],
    });
    const bound = await issue({ bound: { pod: { name: 'p', uid: 'p-1' }, node: { name: 'n', uid: 'n-1' } } });
    expect((await authenticator().verify(bound.token, ['api']))?.user.extra).toEqual({
      'authentication.kubernetes.io/credential-id': [`JTI=${bound.tokenId}`],
      'authentication.kubernetes.io/node-name': ['n'],
      'authentication.kubernetes.io/node-uid': ['n-1'],
      'authentication.kubernetes.io/pod-name': ['p'],
      'authentication.kubernetes.io/pod-uid': ['p-1'],
    });
  });

  it('reads the token of a request', async () => {
    const { token } = await issue();
    const result = await authenticator().authenticate({ headers: { authorization: `Bearer ${token}` }, path: '/' });
    expect(result?.user.username).toBe(robot.username);
    expect(await authenticator().authenticate({ headers: {}, path: '/' })).toBeNull();
  });

  it.each([
    [['api', 'vault'], ['vault', 'x'], ['vault']],
    [
      ['api', 'vault'],
      ['vault', 'api'],
      ['api', 'vault'],
    ],
    [['a'], ['api'], 'token audiences ["a"] is invalid for the target audiences ["api"]'],
    [['a', 'b'], ['c', 'd'], 'token audiences ["a" "b"] is invalid for the target audiences ["c" "d"]'],
  ])('a token for %j asked for %j', async (audiences, asked, wanted) => {
    const { token } = await issue({ audiences });
    const outcome = await authenticator()
      .verify(token, asked)
      .then(
        (result) => result?.audiences,
        (error: Error) => error.message,
      );
    expect(outcome).toEqual(wanted);
  });

  it('refuses a token that has expired, also one it knows already', async () => {
    const { token } = await issue({ expirationSeconds: 600 });
    const known = authenticator();
    await known.verify(token, ['api']);
    vi.useFakeTimers({ now: Date.now() + 601_000, toFake: ['Date'] });
    try {
      await expect(known.verify(token, ['api'])).rejects.toThrow('service account token has expired');
      await expect(authenticator().verify(token, ['api'])).rejects.toThrow('service account token has expired');
    } finally {
      vi.useRealTimers();
    }
  });

  it('refuses a token before its time', async () => {
    const now = Math.floor(Date.now() / 1000);
    const token = await new SignJWT({ 'kubernetes.io': { namespace: 'team', serviceaccount: { name: 'robot', uid: 'u-1' } } })
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(ISSUER)
      .setAudience('api')
      .setNotBefore(now + 600)
      .sign(rsa.privateKey);
    await expect(authenticator().verify(token, ['api'])).rejects.toThrow('service account token is not valid yet');
  });

  it('asks about the objects on every use', async () => {
    const claims: KubernetesClaim[] = [];
    let gone = '';
    const checking = authenticator({
      checkBound: (claim) => {
        claims.push(claim);
        if (gone !== '') throw new Error(`${gone} has been deleted`);
      },
    });
    for (const bound of [{ pod: { name: 'p', uid: '1' } }, { secret: { name: 's', uid: '2' } }, { node: { name: 'n', uid: '3' } }]) {
      const [kind = ''] = Object.keys(bound);
      gone = '';
      const { token } = await issue({ bound });
      await checking.verify(token, ['api']);
      expect(claims.at(-1)).toEqual({ namespace: 'team', serviceaccount: { name: 'robot', uid: 'u-1' }, ...bound });
      gone = kind;
      await expect(checking.verify(token, ['api'])).rejects.toThrow(`${kind} has been deleted`);
    }
    expect(claims).toHaveLength(6);
  });

  it('takes tokens of Secrets for every audience of the server', async () => {
    const claims: KubernetesClaim[] = [];
    const checking = authenticator({ checkBound: (claim) => void claims.push(claim) });
    const token = await issuer.issueLegacy({ ...account, secretName: 's' });
    expect(await checking.verify(token, ['api'])).toEqual({ user: robot, audiences: ['api'] });
    expect(claims).toEqual([
      { namespace: 'team', serviceaccount: { name: 'robot', uid: 'u-1' }, secret: { name: 's', uid: '' }, legacy: true },
    ]);
    await expect(checking.verify(token, ['vault'])).rejects.toThrow(
      'token audiences ["api"] is invalid for the target audiences ["vault"]',
    );
  });

  it('leaves tokens of other issuers, and what is no token, to others', async () => {
    const other = createServiceAccountIssuer({ issuer: 'https://other.example', audiences: ['api'], signingKey: rsa.privateKey });
    const { token } = await other.issue({ ...account, audiences: ['api'], expirationSeconds: 600 });
    for (const text of [token, 'opaque', 'a.b.c', '..', '']) expect(await authenticator().verify(text, ['api'])).toBeNull();
    expect((await authenticator({ issuers: [ISSUER, 'https://other.example'] }).verify(token, ['api']))?.user.username).toBe(
      robot.username,
    );
  });
});

describe('forged tokens', () => {
  const refused = 'service account token cannot be verified';
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const decode = (part = ''): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

  it('are refused without a signature, with another payload or another header', async () => {
    const [header, payload, signature] = (await issue()).token.split('.');
    const attempts = {
      none: `${encode({ alg: 'none' })}.${payload}.`,
      noneWithSignature: `${encode({ alg: 'none' })}.${payload}.${signature}`,
      noSignature: `${header}.${payload}.`,
      payload: `${header}.${encode({ ...decode(payload), sub: 'system:serviceaccount:kube-system:root' })}.${signature}`,
      header: `${encode({ ...decode(header), typ: 'JWT' })}.${payload}.${signature}`,
      signature: `${header}.${payload}.${'A'.repeat(signature?.length ?? 0)}`,
      notJson: `${Buffer.from('no json').toString('base64url')}.${payload}.${signature}`,
    };
    for (const [name, token] of Object.entries(attempts)) {
      await expect(authenticator().verify(token, ['api']), name).rejects.toThrow(refused);
    }
  });

  it('are refused when signed with the public key as a shared secret', async () => {
    const secret = new TextEncoder().encode(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString());
    const token = await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setIssuer(ISSUER).setAudience('api').sign(secret);
    await expect(authenticator().verify(token, ['api'])).rejects.toThrow(refused);
  });

  it('are refused when signed with another key, whatever key they name', async () => {
    for (const kid of [undefined, keyId(rsa.publicKey), keyId(rsa2.publicKey)]) {
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: 'RS256', ...(kid === undefined ? {} : { kid }) })
        .setIssuer(ISSUER)
        .setAudience('api')
        .sign(rsa2.privateKey);
      await expect(authenticator().verify(token, ['api'])).rejects.toThrow(refused);
    }
  });

  it('never stand in the message', async () => {
    const [header, payload] = (await issue()).token.split('.');
    const error = await authenticator()
      .verify(`${header}.${payload}.AAAA`, ['api'])
      .catch((reason: Error) => reason);
    expect(String(error)).not.toContain(payload);
  });

  it('are refused when they lack the claims of an account', async () => {
    const token = await new SignJWT({}).setProtectedHeader({ alg: 'RS256' }).setIssuer(ISSUER).setAudience('api').sign(rsa.privateKey);
    await expect(authenticator().verify(token, ['api'])).rejects.toThrow('service account token lacks its claims');
  });
});

describe('several keys', () => {
  it.each([
    ['named', keyId(ec.publicKey)],
    ['not named', undefined],
    ['named otherwise', 'key-of-old'],
  ])('find the key that is %s', async (_, kid) => {
    const claim = { namespace: 'team', serviceaccount: { name: 'robot', uid: 'u-1' } };
    const token = await new SignJWT({ 'kubernetes.io': claim })
      .setProtectedHeader({ alg: 'ES256', ...(kid === undefined ? {} : { kid }) })
      .setIssuer(ISSUER)
      .setAudience('api')
      .sign(ec.privateKey);
    const result = await authenticator({ keys: [rsa.publicKey, rsa2.publicKey, ec.publicKey] }).verify(token, ['api']);
    expect(result).toEqual({ user: robot, audiences: ['api'] });
  });

  it('may be none', async () => {
    const { token } = await issue();
    await expect(authenticator({ keys: [] }).verify(token, ['api'])).rejects.toThrow('service account token cannot be verified');
  });
});
