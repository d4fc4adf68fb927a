/** The file of `--authentication-config`: issuers, mappings and rules of a real server, and changes while it runs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServerMetrics } from '@k/apiserver';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { AuthenticationFile } from '../src/setup/authentication-file.js';
import { authenticationConfiguration, writeAuthenticationFile } from './authentication-file.js';
import { call } from './http-client.js';
import { useIssuer } from './issuer.js';
import type { ServerProcess } from './server-process.js';
import { useServers } from './started-servers.js';
import { found, refusals, whoami } from './whoami.js';

const CONTROLLER = 'apiserver_authentication_config_controller';

const issuer = await useIssuer();
const startServer = useServers();

const jwt = (more: object, issuerMore: object = {}): object => ({
  issuer: { url: issuer.url, certificateAuthority: issuer.ca, audiences: ['k'], ...issuerMore },
  claimMappings: { username: { claim: 'sub', prefix: '' } },
  ...more,
});

const start = (configuration: object): Promise<ServerProcess> =>
  startServer((dir) => {
    writeAuthenticationFile(dir, configuration);
    return [`--authentication-config=${dir}/authn.json`, '--v=2'];
  });

const logged = (server: ServerProcess): string[] =>
  server.stderr
    .split('\n')
    .filter((line) => line.includes('"component":"authentication"') && /authentication config"/.test(line))
    .map((line) => JSON.parse(line) as { msg: string; err?: { message: string } })
    .map(({ msg, err }) => (err === undefined ? msg : `${msg}: ${err.message}`));
const metrics = async (server: ServerProcess): Promise<string[]> =>
  (await call(server, 'GET', '/metrics')).text
    .split('\n')
    .filter((line) => line.startsWith(CONTROLLER) && !line.includes('_seconds'))
    .map((line) => line.replace(/sha256:[0-9a-f]{64}/g, 'HASH'));

describe('users', () => {
  it('are made by expressions, and have to pass the rules', async () => {
    const rules = {
      claimValidationRules: [
        { expression: 'claims.exp - claims.iat <= 86400', message: 'a day is the longest' },
        { claim: 'tenant', requiredValue: 'acme' },
      ],
      claimMappings: {
        username: { expression: '"k:" + claims.sub' },
        groups: { expression: 'claims.roles.split(",").map(role, "role:" + role) + ["", "all"]' },
        uid: { claim: 'oid' },
        extra: [
          { key: 'example.org/team', valueExpression: 'claims.example__dot__org__slash__team' },
          { key: 'example.org/none', valueExpression: 'has(claims.none) ? claims.none : ""' },
        ],
      },
      userValidationRules: [
        { expression: "!user.username.startsWith('k:system')", message: 'a name of the system' },
        { expression: "user.groups.all(group, group != 'role:root') && user.extra['example.org/team'][0] != 'x'", message: '' },
      ],
    };
    const server = await start({ jwt: [jwt(rules, { audiences: ['other', 'k'], audienceMatchPolicy: 'MatchAny' })] });
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iat, tenant: 'acme', roles: 'dev,qa', oid: 'uid-7', 'example.org/team': ['red', 'blue'], jti: 'id-2' };
    await found(server, await issuer.sign(claims, { alg: 'ES384' })).toEqual({
      username: 'k:jane',
      uid: 'uid-7',
      groups: ['role:dev', 'role:qa', 'all', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': ['JTI=id-2'], 'example.org/team': ['red', 'blue'] },
    });
    const claimRule = 'oidc: error evaluating claim validation expression: validation expression';
    const userRule = 'oidc: error evaluating user info validation rule: validation expression';
    const refused: [object, string][] = [
      [{ iat: iat - 86400 }, `${claimRule} 'claims.exp - claims.iat <= 86400' failed: a day is the longest`],
      [{ tenant: 'evil' }, 'oidc: required claim tenant value does not match. Got = evil, want = acme'],
      [{ sub: 'system:admin' }, `${userRule} '!user.username.startsWith('k:system')' failed: a name of the system`],
      [
        { roles: 'root' },
        `${userRule} 'user.groups.all(group, group != 'role:root') && user.extra['example.org/team'][0] != 'x'' failed: `,
      ],
      [
        { sub: undefined },
        'oidc: error evaluating username claim expression: expression \'"k:" + claims.sub\' resulted in error: no such key: sub',
      ],
      [{ oid: 7 }, 'oidc: parse uid claim "oid": json: cannot unmarshal number into Go value of type string'],
      [
        { 'example.org/team': 7 },
        'oidc: error evaluating extra claim expression: claims.example__dot__org__slash__team: expression must return a string or a list of strings',
      ],
      [{ aud: 'third' }, 'oidc: verify token: oidc: expected audience in ["k" "other"] got ["third"]'],
    ];
    const before = refusals(server).length;
    for (const [more] of refused) expect(await whoami(server, await issuer.sign({ ...claims, ...more }))).toBe(401);
    expect(refusals(server).slice(before)).toEqual(refused.map(([, message]) => message));
  });

  it('without credentials are anonymous where the file lets them', async () => {
    const server = await start({ anonymous: { enabled: true, conditions: [{ path: '/livez' }, { path: '/readyz' }] } });
    const status = async (path: string): Promise<number> => (await call(server, 'GET', path, { token: '' })).status;
    expect(await Promise.all(['/livez?verbose', '/readyz', '/healthz', '/livez/ping', '/api'].map(status))).toEqual([
      200, 200, 401, 401, 401,
    ]);
    expect(await whoami(server, 'admin-token')).toMatchObject({ username: 'admin' });
  });
});

describe('a change of the file', () => {
  it('is in force when its issuers were found; anything that is not valid changes nothing', async () => {
    const anonymous = { enabled: false };
    const server = await start({ anonymous, jwt: [] });
    expect((await call(server, 'GET', '/version', { token: '' })).status).toBe(401);
    expect(await whoami(server, await issuer.sign())).toBe(401);
    expect(refusals(server)).toEqual([]);
    expect(await metrics(server)).toEqual([`${CONTROLLER}_last_config_info{apiserver_id_hash="HASH",hash="HASH"} 1`]);
    writeAuthenticationFile(server.dir, { anonymous, jwt: [jwt({}, { discoveryURL: `${issuer.url}/elsewhere` })] });
    await found(server, await issuer.sign()).toEqual({ username: 'jane', groups: ['system:authenticated'] });
    expect(issuer.asked).toContain('/elsewhere');
    const said = ['reloaded authentication config'];
    await expect.poll(() => logged(server), { timeout: 20_000 }).toEqual(said);

    writeAuthenticationFile(server.dir, { anonymous: { enabled: true }, jwt: [] });
    said.push('failed to validate authentication config: anonymous: Forbidden: changed from initial configuration file');
    await expect.poll(() => logged(server), { timeout: 20_000 }).toEqual(said);
    writeAuthenticationFile(server.dir, { anonymous, jwt: [jwt({ claimMappings: {} })] });
    said.push('failed to validate authentication config: jwt[0].claimMappings.username: Required value: claim or expression is required');
    await expect.poll(() => logged(server), { timeout: 20_000 }).toEqual(said);
    const joe = await issuer.sign({ sub: 'joe' });
    expect(await whoami(server, joe)).toEqual({ username: 'joe', groups: ['system:authenticated'] });

    writeAuthenticationFile(server.dir, { anonymous, jwt: [jwt({ claimMappings: { username: { claim: 'sub', prefix: 'now:' } } })] });
    said.push('reloaded authentication config');
    await expect.poll(() => logged(server), { timeout: 20_000 }).toEqual(said);
    // What was known of a token before is so no more.
    expect(await whoami(server, joe)).toEqual({ username: 'now:joe', groups: ['system:authenticated'] });
    expect(await metrics(server)).toEqual([
      `${CONTROLLER}_automatic_reloads_total{apiserver_id_hash="HASH",status="success"} 2`,
      `${CONTROLLER}_automatic_reloads_total{apiserver_id_hash="HASH",status="failure"} 2`,
      `${CONTROLLER}_last_config_info{apiserver_id_hash="HASH",hash="HASH"} 1`,
    ]);
  });
});

describe('new issuers that are not found', () => {
  it('leave those that are there; the file is looked at again', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'k-authentication-'));
    const text = authenticationConfiguration({ jwt: [jwt({})] });
    writeFileSync(join(dir, 'authn.json'), text);
    const said: string[] = [];
    const log = pino({ level: 'info' }, { write: (line) => void said.push((JSON.parse(line) as { msg: string }).msg) });
    const options = { file: join(dir, 'authn.json'), text, log, metrics: createServerMetrics(), disallowedIssuers: [], foundMsMax: 1000 };
    const file = new AuthenticationFile(options);
    try {
      const who = async (claims: object): Promise<unknown> => {
        const token = await issuer.sign({ ...claims });
        return Promise.resolve(file.authenticator.authenticateToken(token)).then(
          (result) => result?.user.username,
          (error: Error) => error.message,
        );
      };
      await expect.poll(() => who({}), { timeout: 20_000 }).toBe('jane');
      const { port } = new URL(issuer.url);
      const away = { url: `https://localhost:${port}`, discoveryURL: `https://127.0.0.1:${port}/missing` };
      writeAuthenticationFile(dir, { jwt: [jwt({}, away)] });
      const failed = 'failed to update authentication config';
      await expect.poll(() => said, { timeout: 20_000 }).toContain(failed);
      expect(await who({ sub: 'joe' })).toBe('joe');
      // It is still to be taken, unlike one that can never be.
      const failures = (): number => said.filter((msg) => msg === failed).length;
      const before = failures();
      file.reload();
      await expect.poll(failures, { timeout: 20_000 }).toBeGreaterThan(before);
      writeAuthenticationFile(dir, { jwt: [jwt({ claimMappings: { username: { claim: 'sub', prefix: 'now:' } } })] });
      const nowWho = (): Promise<unknown> => {
        file.reload();
        return who({ sub: 'joe' });
      };
      await expect.poll(nowWho, { timeout: 20_000 }).toBe('now:joe');
      expect(said).not.toContain('failed to validate authentication config');
    } finally {
      await file.close();
      rmSync(dir, { recursive: true });
    }
  });
});
