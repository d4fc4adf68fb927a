/** Tokens of an OpenID Connect issuer: a real one, asked by a real server with the flags of kube-apiserver. */
import { createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { call } from './http-client.js';
import { type Issuer, useIssuer } from './issuer.js';
import { jwtRefusal } from './jwt-flags.js';
import type { ServerProcess } from './server-process.js';
import { useServers } from './started-servers.js';
import { found, refusals, whoami } from './whoami.js';

const HOUR = 3600;

const issuer = await useIssuer();
const startServer = useServers();

/** A server for the issuer; `flags` replace those that say the same. */
const start = (...flags: string[]): Promise<ServerProcess> =>
  startServer((dir) => {
    writeFileSync(join(dir, 'ca.pem'), issuer.ca);
    return [`--oidc-issuer-url=${issuer.url}`, '--oidc-client-id=k', `--oidc-ca-file=${dir}/ca.pem`, '--v=2', ...flags];
  });

const seconds = (): number => Math.floor(Date.now() / 1000);

describe('a token', () => {
  it('makes a user of the subject, under the URL of the issuer', async () => {
    const server = await start();
    await found(server, await issuer.sign({ jti: 'id-1' })).toEqual({
      username: `${issuer.url}#jane`,
      groups: ['system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': ['JTI=id-1'] },
    });
    expect(await whoami(server, 'admin-token')).toEqual({
      username: 'admin',
      uid: '1',
      groups: ['system:masters', 'system:authenticated'],
    });
    expect((await call(server, 'GET', '/version', { token: '' })).status).toBe(200);
    const { text } = await call(server, 'GET', '/metrics');
    expect(text).toMatch(
      /apiserver_authentication_jwt_authenticator_latency_seconds_count\{result="success",jwt_issuer_hash="sha256:[0-9a-f]{64}"\} 1\n/,
    );
  });

  it('is refused when it does not hold', async () => {
    const server = await start('--oidc-username-claim=email', '--oidc-required-claim=hd=a,b', '--oidc-required-claim=tier = gold');
    const good = { email: 'jane@x.org', hd: 'a,b', tier: 'gold' };
    await found(server, await issuer.sign(good)).toEqual({ username: 'jane@x.org', groups: ['system:authenticated'] });
    const [rsa] = issuer.keys as [Issuer['keys'][number]];
    const pem = createPublicKey({ key: rsa, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const claims = { iss: issuer.url, aud: 'k', sub: 'jane', exp: seconds() + HOUR, ...good };
    const [head = '', , signature = ''] = (await issuer.sign(good)).split('.');
    const expired = seconds() - 60;
    const shown = `${new Date(expired * 1000).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
    const tokens: [string, string][] = [
      [await issuer.sign({ ...good, aud: 'other' }), 'oidc: verify token: oidc: expected audience "k" got ["other"]'],
      [await issuer.sign({ ...good, aud: undefined }), 'oidc: verify token: oidc: expected audience "k" got []'],
      [await issuer.sign({ ...good, exp: expired }), `oidc: verify token: oidc: token is expired (Token Expiry: ${shown})`],
      [
        await issuer.sign({ ...good, exp: undefined }),
        'oidc: verify token: oidc: token is expired (Token Expiry: 0001-01-01 00:00:00 +0000 UTC)',
      ],
      [
        await issuer.sign(good, { alg: 'ES384' }),
        'oidc: verify token: oidc: id token signed with unsupported algorithm, expected ["RS256"] got "ES384"',
      ],
      [
        await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: rsa.kid as string }).sign(Buffer.from(pem)),
        'oidc: verify token: oidc: id token signed with unsupported algorithm, expected ["RS256"] got "HS256"',
      ],
      [
        new UnsecuredJWT(claims).encode(),
        'oidc: verify token: oidc: id token signed with unsupported algorithm, expected ["RS256"] got "none"',
      ],
      [
        [head, Buffer.from(JSON.stringify({ ...claims, email: 'root@x.org' })).toString('base64url'), signature].join('.'),
        'oidc: verify token: failed to verify signature: failed to verify id token signature',
      ],
      [await issuer.sign({ ...good, email: undefined }), 'oidc: parse username claims "email": claim not present'],
      [await issuer.sign({ ...good, email_verified: false }), 'oidc: email not verified'],
      [
        await issuer.sign({ ...good, email_verified: 'true' }),
        "oidc: parse 'email_verified' claim: json: cannot unmarshal string into Go value of type bool",
      ],
      [await issuer.sign({ ...good, tier: undefined }), 'oidc: required claim tier not present in ID token'],
      [await issuer.sign({ ...good, hd: 'a' }), 'oidc: required claim hd value does not match. Got = a, want = a,b'],
    ];
    for (const [token] of tokens) expect(await whoami(server, token)).toBe(401);
    expect(refusals(server).filter((text) => text !== 'oidc: authenticator not initialized')).toEqual(tokens.map(([, message]) => message));
    for (const [token] of tokens) {
      for (const part of token.split('.')) if (part !== '') expect(server.stderr).not.toContain(part);
    }
    expect(await whoami(server, await issuer.sign({ ...good, email_verified: true }))).toEqual({
      username: 'jane@x.org',
      groups: ['system:authenticated'],
    });
    const told = refusals(server).length;
    // Of other issuers, or no JWT: whoever comes next is asked.
    for (const token of [await issuer.sign({ ...good, iss: 'https://other' }), 'a.b.c', 'opaque'])
      expect(await whoami(server, token)).toBe(401);
    expect(refusals(server).length).toBe(told);
  });

  it('brings groups of a claim, and may be of other algorithms', async () => {
    const server = await start(
      ...['--oidc-username-prefix=-', '--oidc-username-claim=name', '--oidc-groups-claim=roles', '--oidc-groups-prefix=oidc:'],
      '--oidc-signing-algs=ES384,RS256',
    );
    const groups = (...names: string[]) => ({ username: 'Jane', groups: [...names, 'system:authenticated'] });
    await found(server, await issuer.sign({ name: 'Jane', roles: ['dev', 'qa'] }, { alg: 'ES384' })).toEqual(groups('oidc:dev', 'oidc:qa'));
    expect(await whoami(server, await issuer.sign({ name: 'Jane', roles: 'dev' }))).toEqual(groups('oidc:dev'));
    expect(await whoami(server, await issuer.sign({ name: 'Jane' }))).toEqual(groups());
    expect(await whoami(server, await issuer.sign({ name: 'Jane', roles: [7] }))).toBe(401);
    expect(refusals(server).at(-1)).toBe('oidc: parse groups claim "roles": json: cannot unmarshal array into Go value of type string');
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: await issuer.sign({ name: 'Jane' }) } };
    const { body } = await call(server, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', { body: review });
    expect(body['status']).toEqual({
      authenticated: true,
      user: groups(),
      audiences: ['https://kubernetes.default.svc.cluster.local'],
    });
  });

  it('may leave it to another token what the groups are', async () => {
    const server = await start('--oidc-username-prefix=-', '--oidc-groups-claim=roles');
    const elsewhere = (path: string, accessToken = 'a1'): Record<string, unknown> => ({
      _claim_names: { roles: 'src1' },
      _claim_sources: { src1: { endpoint: `${issuer.url}${path}`, access_token: accessToken } },
    });
    issuer.claims.set('/roles', await issuer.sign({ roles: ['far', 'away'] }));
    issuer.claims.set('/others', await issuer.sign({ roles: ['far'], aud: 'other' }));
    issuer.claims.set('/none', await issuer.sign());
    issuer.claims.set('/opaque', 'opaque');
    const groups = (...names: string[]) => ({ username: 'jane', groups: [...names, 'system:authenticated'] });
    await found(server, await issuer.sign(elsewhere('/roles'))).toEqual(groups('far', 'away'));
    expect(await whoami(server, await issuer.sign({ ...elsewhere('/roles'), roles: 'near' }))).toEqual(groups('near'));
    expect(await whoami(server, await issuer.sign({ _claim_names: { other: 'src1' }, _claim_sources: {} }))).toEqual(groups());
    const getting = 'while getting distributed claim "roles": error while getting distributed claim JWT: 404 Not Found';
    const refused: [object, string][] = [
      [elsewhere('/roles', 'a2'), getting],
      [elsewhere('/others'), 'verify distributed claim token: oidc: expected audience "k" got ["other"]'],
      [elsewhere('/none'), `jwt returned by distributed claim endpoint "${issuer.url}/none" did not contain claim: roles`],
      [elsewhere('/opaque'), `getting untrusted issuer from endpoint ${issuer.url}/opaque failed for claim "roles": malformed token`],
      [{ _claim_names: { roles: 'src1' } }, 'oidc: no claim sources'],
      [{ _claim_names: { roles: 'src1' }, _claim_sources: {} }, 'id token _claim_names contained a source src1 missing in _claims_sources'],
    ];
    const before = refusals(server).length;
    for (const [claims] of refused) expect(await whoami(server, await issuer.sign({ ...claims }))).toBe(401);
    const said = refused.map(([, message]) => `oidc: could not expand distributed claims: ${message}`);
    expect(refusals(server).slice(before)).toEqual(said);
  });

  it('is taken after the keys of its issuer have changed, and remembered while that is away', async () => {
    const server = await start();
    const user = { username: `${issuer.url}#jane`, groups: ['system:authenticated'] };
    const before = await issuer.sign();
    await found(server, before).toEqual(user);
    await issuer.rotate();
    await found(server, await issuer.sign()).toEqual(user);
    // Keys that went are no more taken, once what they signed is not remembered any more.
    await found(server, before).toBe(401);
    // Unknown keys are not asked for with each token.
    const asked = issuer.asked.length;
    for (let i = 0; i < 20; i++)
      expect(await whoami(server, await issuer.sign({ jti: `${i}` }, { alg: 'RS256', kid: `none-${i}` }))).toBe(401);
    expect(issuer.asked.length - asked).toBeLessThan(10);
    await issuer.stop();
    expect(await whoami(server, await issuer.sign({ sub: 'joe' }))).toEqual({ ...user, username: `${issuer.url}#joe` });
    await issuer.start();
  });

  it('is refused until its issuer is there; the server is ready without it', async () => {
    await issuer.stop();
    const server = await start();
    try {
      expect((await call(server, 'GET', '/readyz')).text).toBe('ok');
      expect(await whoami(server, await issuer.sign())).toBe(401);
      expect(refusals(server)).toEqual(['oidc: authenticator not initialized']);
      await expect.poll(() => server.stderr, { timeout: 20_000 }).toContain('oidc authenticator: initializing plugin');
      const { port } = new URL(issuer.url);
      expect(server.stderr).toContain(
        `Get \\"${issuer.url}/.well-known/openid-configuration\\": dial tcp 127.0.0.1:${port}: connect: connection refused`,
      );
    } finally {
      await issuer.start();
    }
    await found(server, await issuer.sign()).toEqual({ username: `${issuer.url}#jane`, groups: ['system:authenticated'] });
  });
});

describe('flags', () => {
  const URL_AND_ID = ['--oidc-issuer-url=https://127.0.0.1:1', '--oidc-client-id=k'];

  it.each([
    [[], 'none'],
    [URL_AND_ID, 'taken'],
    [['--oidc-client-id=k'], 'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set'],
    [['--oidc-groups-claim=g'], 'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set'],
    [['--oidc-issuer-url=http://x', '--oidc-client-id=k'], '--oidc-issuer-url: Invalid value: "http://x": URL scheme must be https'],
    [
      ['--oidc-issuer-url=https://u:p@x/?q#f', '--oidc-client-id=k'],
      '[--oidc-issuer-url: Invalid value: "https://u:p@x/?q#f": URL must not contain a username or password, ' +
        '--oidc-issuer-url: Invalid value: "https://u:p@x/?q#f": URL must not contain a query, ' +
        '--oidc-issuer-url: Invalid value: "https://u:p@x/?q#f": URL must not contain a fragment]',
    ],
    [
      ['--oidc-issuer-url=https://x', '--oidc-client-id=k', '--service-account-issuer=https://x'],
      '--oidc-issuer-url: Invalid value: "https://x": URL must not overlap with disallowed issuers: [https://x]',
    ],
    [[...URL_AND_ID, '--oidc-ca-file=/none'], '--oidc-ca-file: cannot read "/none": no such file'],
    [
      [...URL_AND_ID, `--oidc-ca-file=${import.meta.filename}`],
      '--oidc-ca-file: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
    ],
    [[...URL_AND_ID, '--oidc-username-claim='], '--oidc-username-claim: Required value: claim or expression is required'],
    [[...URL_AND_ID, '--oidc-signing-algs=RS256,HS256'], '--oidc-signing-algs: oidc: unsupported signing alg: "HS256"'],
    [
      [...URL_AND_ID, '--oidc-required-claim=x'],
      'invalid argument "x" for "--oidc-required-claim" flag: malformed pair, expect string=string',
    ],
  ])('%j', async (args, message) => {
    expect(await jwtRefusal(...args)).toBe(message);
  });
});
