/** The file of `--authentication-config`: issuers, mappings and rules of a real server, and changes while it runs. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServerMetrics } from '@k/apiserver';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseCommandLine } from '../src/flags/command-line.js';
import { parseAuthenticationConfiguration } from '../src/setup/authentication-configuration.js';
import { AuthenticationFile } from '../src/setup/authentication-file.js';
import { setUpJwt } from '../src/setup/jwt.js';
import { call, TOKENS } from './http-client.js';
import { type Issuer, startIssuer } from './issuer.js';
import { ServerProcess } from './server-process.js';
import { refusals, whoami } from './whoami.js';

const HEAD = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' };
const CONTROLLER = 'apiserver_authentication_config_controller';

let issuer: Issuer;
const servers: ServerProcess[] = [];

beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.stop());
afterEach(async () => {
  for (const server of servers.splice(0)) await server.dispose();
});

const jwt = (more: object, issuerMore: object = {}): object => ({
  issuer: { url: issuer.url, certificateAuthority: issuer.ca, audiences: ['k'], ...issuerMore },
  claimMappings: { username: { claim: 'sub', prefix: '' } },
  ...more,
});
/** Puts another file in the place of the old one, as editors do. */
function write(dir: string, configuration: object): void {
  writeFileSync(join(dir, 'next.json'), JSON.stringify({ ...HEAD, ...configuration }));
  renameSync(join(dir, 'next.json'), join(dir, 'authn.json'));
}

async function start(configuration: object, ...flags: string[]): Promise<ServerProcess> {
  const server = new ServerProcess((dir) => {
    writeFileSync(join(dir, 'tokens.csv'), TOKENS);
    write(dir, configuration);
    return [`--authentication-config=${dir}/authn.json`, `--token-auth-file=${dir}/tokens.csv`, '--v=2', ...flags];
  });
  servers.push(server);
  await server.start();
  return server;
}

const found = (server: ServerProcess, token: string) => expect.poll(() => whoami(server, token), { timeout: 60_000, interval: 100 });
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
    write(server.dir, { anonymous, jwt: [jwt({}, { discoveryURL: `${issuer.url}/elsewhere` })] });
    await found(server, await issuer.sign()).toEqual({ username: 'jane', groups: ['system:authenticated'] });
    expect(issuer.asked).toContain('/elsewhere');
    const said = ['reloaded authentication config'];
    await expect.poll(() => logged(server), { timeout: 20_000 }).toEqual(said);

    write(server.dir, { anonymous: { enabled: true }, jwt: [] });
    said.push('failed to validate authentication config: anonymous: Forbidden: changed from initial configuration file');
    await expect.poll(() => logged(server), { timeout: 20_000 }).toEqual(said);
    write(server.dir, { anonymous, jwt: [jwt({ claimMappings: {} })] });
    said.push('failed to validate authentication config: jwt[0].claimMappings.username: Required value: claim or expression is required');
    await expect.poll(() => logged(server), { timeout: 20_000 }).toEqual(said);
    const joe = await issuer.sign({ sub: 'joe' });
    expect(await whoami(server, joe)).toEqual({ username: 'joe', groups: ['system:authenticated'] });

    write(server.dir, { anonymous, jwt: [jwt({ claimMappings: { username: { claim: 'sub', prefix: 'now:' } } })] });
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
    const text = JSON.stringify({ ...HEAD, jwt: [jwt({})] });
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
      write(dir, { jwt: [jwt({}, away)] });
      const failed = 'failed to update authentication config';
      await expect.poll(() => said, { timeout: 20_000 }).toContain(failed);
      expect(await who({ sub: 'joe' })).toBe('joe');
      // It is still to be taken, unlike one that can never be.
      const failures = (): number => said.filter((msg) => msg === failed).length;
      const before = failures();
      file.reload();
      await expect.poll(failures, { timeout: 20_000 }).toBeGreaterThan(before);
      write(dir, { jwt: [jwt({ claimMappings: { username: { claim: 'sub', prefix: 'now:' } } })] });
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

describe('what is wrong', () => {
  const faults = (configuration: object): string => {
    try {
      parseAuthenticationConfiguration(JSON.stringify({ ...HEAD, ...configuration }), ['https://own']);
      return 'taken';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const ISSUER = { url: 'https://x', audiences: ['k'] };
  const USERNAME = { username: { claim: 'sub', prefix: '' } };
  const of = (more: object, issuerMore: object = {}): string =>
    faults({ jwt: [{ issuer: { ...ISSUER, ...issuerMore }, claimMappings: USERNAME, ...more }] });
  const mapped = (claimMappings: object): string => of({ claimMappings: { ...USERNAME, ...claimMappings } });

  it('with the head of the file', () => {
    expect(faults({})).toBe('taken');
    expect(['v1beta1', 'v1alpha1'].map((version) => faults({ apiVersion: `apiserver.config.k8s.io/${version}` }))).toEqual([
      'taken',
      'taken',
    ]);
    expect(faults({ kind: 'Other', jwts: [] })).toBe(
      '[<root>: Unsupported value: "jwts": supported values: "anonymous", "apiVersion", "jwt", "kind", ' +
        'kind: Unsupported value: "Other": supported values: "AuthenticationConfiguration"]',
    );
    expect(faults({ jwt: Array.from({ length: 65 }, () => ({})) })).toMatch(/^\[jwt: Too many: 65: must have at most 64 items, /);
    expect(() => parseAuthenticationConfiguration('', [])).toThrow('empty config data');
  });

  it('with who is anonymous', () => {
    expect(faults({ anonymous: { enabled: false, conditions: [{ path: '/livez' }] } })).toBe(
      'anonymous.conditions: Invalid value: [{"path":"/livez"}]: enabled should be set to true when conditions are defined',
    );
    expect(faults({ anonymous: { enabled: 'yes' } })).toBe('anonymous.enabled: Invalid value: "yes": must be a boolean');
    expect(faults({ anonymous: { enabled: true, conditions: [{}] } })).toBe('anonymous.conditions[0].path: Required value');
  });

  it.each([
    [{}, 'taken'],
    [{ url: '' }, 'jwt[0].issuer.url: Required value'],
    [{ url: 'http://x' }, 'jwt[0].issuer.url: Invalid value: "http://x": URL scheme must be https'],
    [
      { url: 'https://own' },
      'jwt[0].issuer.url: Invalid value: "https://own": URL must not overlap with disallowed issuers: [https://own]',
    ],
    [{ discoveryURL: 'https://x/' }, 'jwt[0].issuer.discoveryURL: Invalid value: "https://x/": discoveryURL must be different from URL'],
    [{ audiences: [] }, 'jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required'],
    [
      { audiences: ['', 'a', 'a'] },
      '[jwt[0].issuer.audiences[0]: Required value, jwt[0].issuer.audiences[2]: Duplicate value: "a", ' +
        'jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences]',
    ],
    [
      { audienceMatchPolicy: 'All' },
      'jwt[0].issuer.audienceMatchPolicy: Invalid value: "All": audienceMatchPolicy must be empty or MatchAny for single audience',
    ],
    [
      { certificateAuthority: 'x' },
      'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
    ],
    [{ egressSelectorType: 'cluster' }, 'jwt[0].issuer.egressSelectorType: Invalid value: "cluster": this server has no egress selectors'],
  ])('with an issuer: %j', (more, message) => {
    expect(of({}, more)).toBe(message);
  });

  it('with issuers that are there twice', () => {
    const item = { issuer: { ...ISSUER, discoveryURL: 'https://y' }, claimMappings: USERNAME };
    expect(faults({ jwt: [item, item] })).toBe(
      '[jwt[1].issuer.url: Duplicate value: "https://x", jwt[1].issuer.discoveryURL: Duplicate value: "https://y"]',
    );
  });

  it.each([
    [{ username: {} }, 'username: Required value: claim or expression is required'],
    [{ username: { claim: 'a', expression: 'b' } }, 'username: Invalid value: "": claim and expression can\'t both be set'],
    [
      { username: { claim: 'a' } },
      'username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    ],
    [{ groups: { expression: 'claims.g', prefix: '' } }, 'groups.prefix: Invalid value: "": may not be specified when expression is set'],
    [
      { groups: { expression: 'user.g' } },
      "groups.expression: Invalid value: \"user.g\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'user' (in container '')\n" +
        ' | user.g\n | ^',
    ],
    [{ uid: { claim: 'a', expression: 'b' } }, 'uid: Invalid value: "": claim and expression can\'t both be set'],
    [{ extra: [{ valueExpression: 'claims.a' }] }, 'extra[0].key: Required value'],
    [
      { extra: [{ key: 'a', valueExpression: 'claims.a' }] },
      'extra[0].key: Invalid value: "a": must be a domain-prefixed path (such as "acme.io/foo")',
    ],
    [{ extra: [{ key: 'a.io/B', valueExpression: 'claims.a' }] }, 'extra[0].key: Invalid value: "a.io/B": must be lowercase'],
    [
      { extra: [{ key: 'a.k8s.io/b', valueExpression: 'claims.a' }] },
      'extra[0].key: Invalid value: "a.k8s.io/b": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
    ],
    [{ extra: [{ key: 'a.io/b' }] }, 'extra[0].valueExpression: Required value'],
    [
      { username: { expression: 'claims.email' } },
      'username.expression: Invalid value: "claims.email": claims.email_verified must be used in claimMappings.username.expression or ' +
        'claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
    ],
  ])('with a mapping: %j', (more, message) => {
    expect(mapped(more)).toBe(`jwt[0].claimMappings.${message}`);
  });

  it('nothing with an address that some expression looks after', () => {
    const username = { expression: 'claims.email' };
    expect(mapped({ username, extra: [{ key: 'a.io/b', valueExpression: 'string(claims.email_verified)' }] })).toBe('taken');
    expect(
      of({ claimMappings: { username }, claimValidationRules: [{ expression: 'claims.?email_verified.orValue(true) == true' }] }),
    ).toBe('taken');
    expect(mapped({ username: { expression: 'claims.email_verified ? claims.email : claims.sub' } })).toBe('taken');
    expect(mapped({ username, groups: { expression: 'string(claims.email_verified)' } })).toMatch(/claims.email_verified must be used/);
  });

  it.each([
    [{ claimValidationRules: [{}] }, 'claimValidationRules[0]: Required value: claim or expression is required'],
    [
      { claimValidationRules: [{ claim: 'a', expression: 'b' }] },
      'claimValidationRules[0]: Invalid value: "a": claim and expression can\'t both be set',
    ],
    [
      { claimValidationRules: [{ claim: 'a', message: 'm' }] },
      'claimValidationRules[0].message: Invalid value: "m": may not be specified when claim is set',
    ],
    [
      { claimValidationRules: [{ expression: 'claims.a', requiredValue: 'b' }] },
      '[jwt[0].claimValidationRules[0].requiredValue: Invalid value: "b": may not be specified when expression is set, ' +
        'jwt[0].claimValidationRules[0].expression: Invalid value: "claims.a": must evaluate to bool]',
    ],
    [{ claimValidationRules: [{ claim: 'a' }, { claim: 'a' }] }, 'claimValidationRules[1].claim: Duplicate value: "a"'],
    [{ userValidationRules: [{}] }, 'userValidationRules[0].expression: Required value'],
    [
      { userValidationRules: [{ expression: 'true' }, { expression: 'true' }] },
      'userValidationRules[1].expression: Duplicate value: "true"',
    ],
    [
      { userValidationRules: [{ expression: 'user.username' }] },
      'userValidationRules[0].expression: Invalid value: "user.username": must evaluate to bool',
    ],
  ])('with a rule: %j', (more, message) => {
    expect(of(more)).toBe(message.startsWith('[') ? message : `jwt[0].${message}`);
  });

  it('with flags beside the file', async () => {
    const server = new ServerProcess([]);
    servers.push(server);
    write(server.dir, { anonymous: { enabled: true } });
    const refusal = async (...args: string[]): Promise<string> => {
      const parsed = parseCommandLine([`--authentication-config=${server.dir}/authn.json`, ...args], '1.36.2');
      if (!('run' in parsed)) throw new Error('no flags of a server');
      const setup = await setUpJwt(parsed.run, pino({ level: 'silent' }), createServerMetrics()).catch((error: Error) => error);
      if (setup instanceof Error) return setup.message;
      await setup?.close();
      return 'taken';
    };
    expect(await refusal()).toBe('taken');
    expect(await refusal('--oidc-groups-claim=x')).toBe('authentication-config file and oidc-* flags are mutually exclusive');
    expect(await refusal('--anonymous-auth=true')).toBe(
      'anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file',
    );
    write(server.dir, { jwt: [{}] });
    expect(await refusal()).toMatch(/^--authentication-config: \[jwt\[0\]\.issuer\.url: Required value, /);
  });
});
